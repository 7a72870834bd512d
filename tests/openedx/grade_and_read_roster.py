"""Run in the tool's own environment: grade one person of the one launched link, then read the course's roster."""

import json
import os
import sys
from decimal import Decimal

import django


def main(sub: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from lti_tool.gradebook import delivery as sending
    from lti_tool.gradebook import outbox
    from lti_tool.models import Membership, Person, ResourceLink
    from lti_tool.roster import nrps

    link = ResourceLink.objects.get()
    person = Person.objects.get(sub=sub)
    delivery = outbox.wish_graded(
        resource_link=link, person=person, points=Decimal("17.5"), maximum=Decimal(20), comment="Well told"
    )
    sending.deliver_to(link.platform)
    delivery.refresh_from_db()
    nrps.refresh_roster(link.course)
    course = link.course
    course.refresh_from_db()
    members = Membership.objects.select_related("person").filter(course=course, active=True)
    report = {
        "delivery": delivery.state,
        "answer": delivery.last_answer,
        "problem": course.roster_problem,
        "roles": {m.person.sub: m.role for m in members},
        "names": {m.person.sub: m.person.name for m in members},
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1])
