"""Django admin for the LTI rows. Sessions, nonces and scores are read-only: they are made by launches alone."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from lti_tool import registered
from lti_tool.checkup import views
from lti_tool.models import (
    Course,
    Deployment,
    Invitation,
    Membership,
    Person,
    Platform,
    ResourceLink,
    ScoreDelivery,
)


class DeploymentInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Deployment
    extra = 0


@admin.register(Platform)
class PlatformAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "issuer", "client_id", "active")
    list_filter = ("active",)
    search_fields = ("name", "issuer", "client_id")
    readonly_fields = ("product", "version", "registered_at", "granted_scopes", "launched_at", "selected_at")
    inlines = (DeploymentInline,)
    change_form_template = "admin/lti_tool/platform/change_form.html"

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        registered.forget()  # other processes learn of it within seconds

    def delete_model(self, request: HttpRequest, obj: Platform) -> None:
        super().delete_model(request, obj)
        registered.forget()

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        checks = [
            path("<uuid:platform_id>/check/", guard(views.of_platform), name="lti_tool_platform_check"),
            path(
                "<uuid:platform_id>/check/<slug:code>/",
                guard(views.run_of_platform),
                name="lti_tool_platform_check_run",
            ),
        ]
        return [*checks, *super().get_urls()]


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at: launches and rosters keep these rows."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]
    hours = forms.IntegerField(min_value=1, max_value=24 * 90, initial=72, help_text="The address is good for so long.")

    class Meta:
        model = Invitation
        fields = ("note",)


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adding one shows its address, once: only a hash of its secret is kept."""

    form = InvitationForm
    list_display = ("__str__", "created_at", "expires_at", "used_at", "platform")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Invitation, form: InvitationForm, change: bool) -> None:
        obj.address = obj.invite(hours=form.cleaned_data["hours"])

    def response_add(self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "address": obj.address,
            "title": str(obj),
        }
        return TemplateResponse(request, "admin/lti_tool/invitation/made.html", context)


@admin.register(Course)
class CourseAdmin(ReadOnly):
    list_display = ("title", "platform", "deployment", "context_id", "roster_refreshed_at", "roster_problem")
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
    list_display = ("title", "course", "deployment", "resource_link_id", "gone_at")
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
