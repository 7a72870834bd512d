"""A course of people who have handed in, for a benchmark.

As a script (`python -P people.py ISSUER`) it makes the tables and the course of the Reelmark whose settings it finds:
of another build's too, so it uses nothing but models.
"""

import sys

MEMBERS = 500


def make(issuer: str, members: int = MEMBERS) -> None:
    """Platform, course, link and `members` students; everybody has handed in a video, and Moodle was told."""
    from django.utils import timezone

    from lti_tool.models import Course, Deployment, Membership, Person, Platform, ResourceLink
    from video.models import Assignment

    row = Platform.objects.create(
        name="Bench",
        issuer=issuer,
        client_id="bench",
        authorization_url=f"{issuer}/auth",
        token_url=f"{issuer}/token",
        jwks_url=f"{issuer}/jwks",
    )
    deployment = Deployment.objects.create(platform=row, deployment_id="1")
    course = Course.objects.create(
        platform=row, deployment=deployment, context_id="2", title="Film", roster_refreshed_at=timezone.now()
    )
    link = ResourceLink.objects.create(platform=row, course=course, resource_link_id="1", title="Interview")
    assignment = Assignment.objects.create(course=course, resource_link=link, title="Interview")
    people = Person.objects.bulk_create(
        Person(platform=row, sub=str(number), name=f"Person {number}") for number in range(members)
    )
    Membership.objects.bulk_create(Membership(course=course, person=person, role="student") for person in people)
    _work(assignment, people)


def _work(assignment, people) -> None:  # type: ignore[no-untyped-def]  # models are imported when settings are there
    from django.utils import timezone

    from lti_tool.models import ScoreDelivery
    from video.models import Attempt, Submission, Video

    now, submitted = timezone.now(), Submission.State.SUBMITTED
    submissions = [Submission(assignment=assignment, person=person, state=submitted) for person in people]
    Submission.objects.bulk_create(submissions)
    attempts = [
        Attempt(submission=one, number=1, submitted_at=now, receipt_number=f"RM-{number}")
        for number, one in enumerate(submissions)
    ]
    Attempt.objects.bulk_create(attempts)
    Video.objects.bulk_create(
        Video(attempt=one, current=True, backend="s3", key=str(one.pk), state="ready", name="a.mp4", size=1, duration=9)
        for one in attempts
    )
    ScoreDelivery.objects.bulk_create(
        ScoreDelivery(
            resource_link=assignment.resource_link,
            person=person,
            activity_progress="Submitted",
            grading_progress="PendingManual",
            wanted_at=now,
            state=ScoreDelivery.State.SENT,
        )
        for person in people
    )


if __name__ == "__main__":
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    make(sys.argv[1])
