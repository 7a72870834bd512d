"""The rows that a launch leaves: who came, from where, to what; and the scores to be delivered to the platform."""

from lti_tool.models.course import BY_LAUNCH, BY_ROSTER, Course, KeptOut, Membership, ResourceLink, Told
from lti_tool.models.invitation import Invitation
from lti_tool.models.launch import LaunchSession, UsedNonce
from lti_tool.models.person import Person
from lti_tool.models.platform import Deployment, Platform
from lti_tool.models.platform_health import DeliverySlot, PlatformHealth
from lti_tool.models.score_delivery import ScoreDelivery
from lti_tool.models.score_post import ScorePost
from lti_tool.models.selection import ContentSelection
from lti_tool.models.session import Session

__all__ = [
    "BY_LAUNCH",
    "BY_ROSTER",
    "ContentSelection",
    "Course",
    "DeliverySlot",
    "Deployment",
    "Invitation",
    "KeptOut",
    "LaunchSession",
    "Membership",
    "Person",
    "Platform",
    "PlatformHealth",
    "ResourceLink",
    "ScoreDelivery",
    "ScorePost",
    "Session",
    "Told",
    "UsedNonce",
]
