"""The rows that a launch leaves: who came, from where, to what; and what is owed to the platform."""

from lti_tool.models.course import Course, Membership, ResourceLink
from lti_tool.models.launch import LaunchSession, UsedNonce
from lti_tool.models.person import Person
from lti_tool.models.platform import Deployment, Platform
from lti_tool.models.score_delivery import ScoreDelivery

__all__ = [
    "Course",
    "Deployment",
    "LaunchSession",
    "Membership",
    "Person",
    "Platform",
    "ResourceLink",
    "ScoreDelivery",
    "UsedNonce",
]
