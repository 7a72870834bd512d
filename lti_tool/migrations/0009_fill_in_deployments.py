"""Ids of courses and links are unique in a deployment, not on a platform (LTI Core 1.3, 5.3.5 and 5.4.1).

A course, until now one for a platform's context id, names the deployment that launched it last: it keeps that one, with
its links and everybody's work. Another deployment with the same ids begins anew at its next launch, and sees nothing of
it. Where Deep Linking shows that several deployments were in one course, the log names it: nothing in the rows tells
whose work is whose, so a person has to.
"""

import uuid
from datetime import UTC, datetime

import structlog
from django.db import migrations
from django.db.models import Count, F, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

log = structlog.get_logger(__name__)


def fill_in(apps, schema_editor):
    Course = apps.get_model("lti_tool", "Course")
    ResourceLink = apps.get_model("lti_tool", "ResourceLink")
    LaunchSession = apps.get_model("lti_tool", "LaunchSession")
    ContentSelection = apps.get_model("lti_tool", "ContentSelection")
    course = Course.objects.filter(pk=OuterRef("course_id"))
    ResourceLink.objects.update(deployment=Subquery(course.values("deployment_id")[:1]))
    links = list(ResourceLink.objects.only("pk"))
    for link in links:
        link.created_at = made_at(link.pk)
    ResourceLink.objects.bulk_update(links, ["created_at"], batch_size=500)
    # As far as is known: launches are remembered for some hours.
    launched = LaunchSession.objects.filter(resource_link=OuterRef("pk")).values("resource_link")
    last = Subquery(launched.annotate(last=Max("created_at")).values("last"))
    ResourceLink.objects.update(silent_since=Coalesce(last, F("created_at")))

    # Sessions do not say by which deployment they came: who is there opens the activity again.
    several = apps.get_model("lti_tool", "Platform").objects.annotate(count=Count("deployments")).filter(count__gt=1)
    now, platforms = timezone.now(), list(several.values_list("pk", flat=True))
    open_ones = LaunchSession.objects.filter(resource_link__platform__in=platforms, expires_at__gt=now)
    open_ones.update(expires_at=now)
    ContentSelection.objects.filter(course__platform__in=platforms, expires_at__gt=now).update(expires_at=now)
    strange = ContentSelection.objects.filter(course__platform__in=platforms).exclude(
        deployment=F("course__deployment")
    )
    for course_id, deployment in strange.values_list("course_id", "deployment__deployment_id").distinct():
        log.warning("course_of_two_deployments", course=str(course_id), deployment=deployment)


def made_at(pk: uuid.UUID) -> datetime:
    """Our ids begin with the milliseconds since 1970 (UUIDv7; RFC 9562, 5.7)."""
    if pk.version != 7:
        return timezone.now()
    return datetime.fromtimestamp((pk.int >> 80) / 1000, UTC)


class Migration(migrations.Migration):
    dependencies = [("lti_tool", "0008_links_of_deployments")]

    operations = [migrations.RunPython(fill_in, migrations.RunPython.noop, elidable=True)]
