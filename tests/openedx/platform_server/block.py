"""The real LTI block of the package in a runtime of our own: storage, the person looking at it, and the gradebook."""

from typing import Any

from django.contrib.auth.models import User
from lti_consumer.lti_xblock import LtiConsumerXBlock
from opaque_keys.edx.keys import UsageKey
from xblock.core import XBlockMixin
from xblock.field_data import DictFieldData
from xblock.fields import Boolean, DateTime, Integer, Scope, ScopeIds
from xblock.reference.user_service import UserService, XBlockUser
from xblock.runtime import MemoryIdManager, NullI18nService, Runtime

from platform_server.course import block_fields
from platform_server.models import ExternalId, GradebookEntry


class InheritedFields(XBlockMixin):
    """Settings that edx-platform lets every block inherit from its course; the LTI block reads them."""

    start = DateTime(scope=Scope.settings, default=None)
    due = DateTime(scope=Scope.settings, default=None)
    graceperiod = Integer(scope=Scope.settings, default=None)
    graded = Boolean(scope=Scope.settings, default=True)


class SignedInUser(UserService):
    """The person who has the block open."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self._user = user

    def get_current_user(self) -> XBlockUser:
        user, profile = self._user, self._user.profile
        shown = XBlockUser(is_current_user=True, emails=[user.email], full_name=profile.name)
        shown.opt_attrs = {
            "edx-platform.is_authenticated": True,
            "edx-platform.user_id": user.pk,
            "edx-platform.username": user.username,
            "edx-platform.user_role": "instructor" if user.is_staff else profile.course_role or "student",
            # edx-platform sets this for the whole course team, and version 11 of the package takes it for the site's
            # staff: a real Open edX may launch every teacher as an administrator. Here it means what the package says.
            "edx-platform.user_is_staff": user.is_staff,
        }
        return shown

    def get_external_user_id(self, type_name: str) -> str:
        return str(ExternalId.add_new_user_id(self._user, type_name)[0].external_user_id)


class NoRebinding:
    """The service that gives a block opened by nobody to the student being graded. Ours keeps nothing per person."""

    def rebind_noauth_module_to_user(self, block: LtiConsumerXBlock, user: User) -> None:
        pass


class CourseRuntime(Runtime):
    """Everything the block asks of its host."""

    def __init__(self) -> None:
        ids = MemoryIdManager()
        services = {
            "field-data": DictFieldData(block_fields()),
            "i18n": NullI18nService(),
            "rebind_user": NoRebinding(),
        }
        super().__init__(ids, ids, mixins=(InheritedFields,), services=services)

    def sign_in(self, user: User) -> None:
        self._services["user"] = SignedInUser(user)

    def publish(self, block: LtiConsumerXBlock, event_type: str, event_data: dict[str, Any]) -> None:
        if event_type == "grade":
            points = {"value": event_data["value"], "max_value": event_data["max_value"]}
            GradebookEntry.objects.update_or_create(user_id=event_data["user_id"], defaults=points)

    def handler_url(self, *args: Any, **kwargs: Any) -> str:
        raise NotImplementedError("LTI 1.3 launches use no block handlers")

    def resource_url(self, resource: str) -> str:
        raise NotImplementedError("the block is never drawn")

    def local_resource_url(self, block: LtiConsumerXBlock, uri: str) -> str:
        raise NotImplementedError("the block is never drawn")


def load_block(key: UsageKey) -> LtiConsumerXBlock:
    """The block as stored, with nobody signed in."""
    return CourseRuntime().construct_xblock_from_class(LtiConsumerXBlock, ScopeIds(None, "lti_consumer", key, key))
