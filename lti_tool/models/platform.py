from django.db import models

from lti_tool.ids import new_id


class Platform(models.Model):
    """An LMS site that launches us: one issuer with one client id (LTI 1.3, 3.1.3)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=255)
    authorization_url = models.CharField(max_length=1000)
    token_url = models.CharField(max_length=1000)
    jwks_url = models.CharField(max_length=1000)
    storage = models.CharField(max_length=40, blank=True, help_text="Storage backend; empty: the site's default.")
    active = models.BooleanField(default=True)
    product = models.CharField(max_length=100, blank=True, help_text="Such as “moodle”, as the platform calls it.")
    version = models.CharField(max_length=100, blank=True)
    registered_at = models.DateTimeField(null=True, blank=True, help_text="By its URL; empty: by hand.")
    granted_scopes = models.JSONField(default=list, blank=True, help_text="As its last registration answered.")
    launched_at = models.DateTimeField(null=True, blank=True, help_text="Of a launch, to the day.")
    selected_at = models.DateTimeField(null=True, blank=True, help_text="Of a Deep Linking launch, to the day.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "client_id"], name="platform_once")]

    def __str__(self) -> str:
        return self.name


class Deployment(models.Model):
    """One installation of the tool within a platform. Its id is case-sensitive and at most 255 characters."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="deployments")
    deployment_id = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "deployment_id"], name="deployment_once")]

    def __str__(self) -> str:
        return f"{self.platform} / {self.deployment_id}"
