"""Django admin for the LTI rows. Sessions, nonces and scores are read-only: they are made by launches alone."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from lti_tool.models import Course, Deployment, Membership, Person, Platform, ResourceLink, ScoreDelivery


class DeploymentInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Deployment
    extra = 0


@admin.register(Platform)
class PlatformAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "issuer", "client_id", "active")
    list_filter = ("active",)
    search_fields = ("name", "issuer", "client_id")
    inlines = (DeploymentInline,)


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at: launches and rosters keep these rows."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Course)
class CourseAdmin(ReadOnly):
    list_display = ("title", "platform", "context_id", "roster_refreshed_at", "roster_problem")
    list_filter = ("platform",)
    search_fields = ("title", "context_id")


@admin.register(Person)
class PersonAdmin(ReadOnly):
    list_display = ("name", "platform", "sub")
    list_filter = ("platform",)
    search_fields = ("name", "email", "sub")


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ("person", "course", "role", "from_launch", "active", "seen_at")
    list_filter = ("role", "active")


@admin.register(ResourceLink)
class ResourceLinkAdmin(ReadOnly):
    list_display = ("title", "course", "resource_link_id")
    list_filter = ("platform",)


@admin.register(ScoreDelivery)
class ScoreDeliveryAdmin(ReadOnly):
    list_display = (
        "resource_link",
        "person",
        "state",
        "grading_progress",
        "points",
        "tries",
        "last_status",
        "last_answer",
    )
    list_filter = ("state", "resource_link__platform")
