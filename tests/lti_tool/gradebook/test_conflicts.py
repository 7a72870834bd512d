"""A grade that somebody set in the platform is never overwritten without being asked about, nor wiped by a status."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
import responses
import time_machine
from django.test import Client

from lti_tool.errors import PlatformError
from lti_tool.gradebook import ags, conflicts, outbox, rate_limiting
from lti_tool.gradebook import delivery as sending
from lti_tool.models import Person, Platform, PlatformHealth, ResourceLink, ScoreDelivery, ScorePost
from tests.lti_tool.gradebook.test_outbox import NOON, SCORES, TOKEN, graded, posted, submitted
from tests.lti_tool.platform_double import PlatformDouble

RESULTS = "https://moodle.example/lineitems/1/lineitem/results?type_id=1"
HERS = f"{RESULTS}&user_id=6"


@pytest.fixture
def readable(platform: PlatformDouble, browser: Client) -> PlatformDouble:
    """A platform whose results may be read; the gradebook is empty."""
    platform.open_page(browser)
    link = ResourceLink.objects.get()
    link.scopes = [*link.scopes, ags.SCOPE_RESULT_READONLY]
    link.save()
    platform.answers.post(TOKEN, json={"access_token": "secret-token", "expires_in": 3600, "token_type": "Bearer"})
    platform.answers.post(SCORES, status=200)
    platform.answers.get(HERS, json=[])
    return platform


def says(platform: PlatformDouble, points: float | None, **more: Any) -> None:
    told = {"userId": "6", "resultMaximum": 100, "timestamp": "2026-11-21T10:00:00+00:00", **more}
    if points is not None:
        told["resultScore"] = points
    platform.answers.replace(responses.GET, HERS, json=[told])


def deliver(delivery: ScoreDelivery) -> ScoreDelivery:
    sending.deliver_to(Platform.objects.get())
    delivery.refresh_from_db()
    return delivery


def test_grade_that_a_teacher_typed_there_is_kept_and_both_are_known(readable: PlatformDouble) -> None:
    deliver(graded("50"))
    says(readable, 77)
    delivery = deliver(graded("60"))

    assert delivery.state == "changed"
    assert (delivery.points, delivery.found_points, delivery.differs) == (Decimal(60), Decimal(77), True)
    assert "77 of 100" in delivery.last_answer
    assert [score["scoreGiven"] for score in posted(readable)] == [50]


def test_grade_that_is_there_before_ours_is_kept_too(readable: PlatformDouble) -> None:
    says(readable, 77)

    assert deliver(graded("60")).state == "changed"
    assert posted(readable) == []


def test_status_never_wipes_a_grade_that_was_typed_there(readable: PlatformDouble) -> None:
    says(readable, 77)
    delivery = deliver(submitted())

    assert delivery.state == "kept"
    assert posted(readable) == []


@pytest.mark.parametrize(("points", "maximum"), [(50.0, 100), (18.5, 37), (18.50001, 37)])
def test_our_own_grade_on_another_scale_is_no_conflict(readable: PlatformDouble, points: float, maximum: float) -> None:
    deliver(graded("50"))
    says(readable, points, resultMaximum=maximum)

    assert deliver(graded("60")).state == "sent"


def test_what_a_dead_worker_may_have_posted_is_ours(readable: PlatformDouble) -> None:
    """It posted 50, and died before it wrote that down; then 60 was wanted."""
    graded("50")
    platform = Platform.objects.get()
    sending._claim(platform, PlatformHealth.objects.get_or_create(platform=platform)[0], size=1)
    says(readable, 50)
    delivery = graded("60")
    with time_machine.travel(datetime.now(UTC) + rate_limiting.lease() + timedelta(seconds=1), tick=False):
        assert deliver(delivery).state == "sent"


def test_nought_is_left_out_of_moodles_results(readable: PlatformDouble) -> None:
    deliver(graded("0"))
    says(readable, None)

    assert deliver(graded("60")).state == "sent"


def test_send_mine(readable: PlatformDouble) -> None:
    says(readable, 77)
    delivery = deliver(graded("60"))
    assert conflicts.insist(delivery.pk)
    says(readable, 60)

    assert deliver(delivery).state == "sent"
    assert [score["scoreGiven"] for score in posted(readable)] == [60]


def test_send_again_does_not_take_send_mine_back(readable: PlatformDouble) -> None:
    """Pressed while it waits for a platform that is down, say."""
    says(readable, 77)
    delivery = deliver(graded("60"))
    conflicts.insist(delivery.pk)
    outbox.send_again([delivery.pk])

    deliver(delivery)
    assert [score["scoreGiven"] for score in posted(readable)] == [60]
    outbox.send_again([delivery.pk])
    assert deliver(delivery).state == "changed", "sent once: somebody may have typed there since"


def test_send_mine_over_an_overridden_grade_says_what_to_do_there(readable: PlatformDouble) -> None:
    """Moodle answers 200 and shows the overriding grade on."""
    says(readable, 77)
    delivery = deliver(graded("60"))
    conflicts.insist(delivery.pk)
    deliver(delivery)

    assert delivery.state == "refused"
    assert "Overridden" in delivery.last_answer


def test_keep_theirs(readable: PlatformDouble) -> None:
    says(readable, 77)
    delivery = deliver(graded("60"))
    assert conflicts.keep_theirs(delivery.pk)

    assert deliver(delivery).state == "kept"
    assert posted(readable) == []
    assert not conflicts.keep_theirs(delivery.pk), "it was decided"


def test_new_mark_after_keeping_theirs_is_asked_about_again(readable: PlatformDouble) -> None:
    says(readable, 77)
    conflicts.keep_theirs(deliver(graded("60")).pk)

    assert deliver(graded("65")).state == "changed"


def test_resubmission_after_keeping_theirs_asks_nothing(readable: PlatformDouble) -> None:
    says(readable, 77)
    conflicts.keep_theirs(deliver(graded("60")).pk)
    delivery = deliver(submitted())

    assert (delivery.state, delivery.points) == ("kept", Decimal(60))
    assert posted(readable) == []


class TestConflict409:
    def test_later_time_there_with_our_grade_is_moved_past(self, readable: PlatformDouble) -> None:
        """A clock was off: the score that is there carries a time to come."""
        says(readable, 60, timestamp="2026-11-21T12:10:00+00:00")
        readable.answers.remove(responses.POST, SCORES)
        readable.answers.post(SCORES, status=409)
        readable.answers.post(SCORES, status=200)
        with time_machine.travel(NOON, tick=False):
            assert deliver(graded("60")).state == "sent"

        assert [score["timestamp"] for score in posted(readable)] == ["2026-11-21T12:00:00Z", "2026-11-21T12:10:01Z"]

    def test_grade_that_came_in_between_is_kept(self, readable: PlatformDouble) -> None:
        readable.answers.remove(responses.GET, HERS)
        readable.answers.get(HERS, json=[])
        told = {"userId": "6", "resultScore": 77, "resultMaximum": 100, "timestamp": "2026-11-21T12:10:00+00:00"}
        readable.answers.get(HERS, json=[told])
        readable.answers.replace(responses.POST, SCORES, status=409)

        assert deliver(graded("60")).state == "changed"


class TestColumn:
    @pytest.fixture
    def class_of_five(self, readable: PlatformDouble) -> list[ScoreDelivery]:
        link, platform = ResourceLink.objects.get(), Platform.objects.get()
        people = [Person.objects.create(platform=platform, sub=str(sub), name=f"P{sub}") for sub in range(20, 25)]
        readable.answers.get(
            RESULTS,
            json=[{"userId": "22", "resultScore": 3, "resultMaximum": 100, "timestamp": "2026-11-21T10:00:00Z"}],
        )
        return [
            outbox.wish_graded(resource_link=link, person=person, points=Decimal(60), maximum=Decimal(100), comment="")
            for person in people
        ]

    def test_is_read_once_for_a_class(self, readable: PlatformDouble, class_of_five: list[ScoreDelivery]) -> None:
        deliver(class_of_five[0])

        states = dict(ScoreDelivery.objects.values_list("person__sub", "state"))
        assert states == {"20": "sent", "21": "sent", "22": "changed", "23": "sent", "24": "sent"}
        assert len([call for call in readable.answers.calls if "/results" in str(call.request.url)]) == 1

    def test_comparing_notes_what_differs_and_changes_nothing(
        self, readable: PlatformDouble, class_of_five: list[ScoreDelivery]
    ) -> None:
        ScoreDelivery.objects.update(state="sent")
        rows = [
            {
                "userId": str(sub),
                "resultScore": 60 + (sub == 23),
                "resultMaximum": 100,
                "timestamp": "2026-11-21T10:00:00Z",
            }
            for sub in range(20, 25)
        ]
        readable.answers.replace(responses.GET, RESULTS, json=rows)

        assert conflicts.compare(ResourceLink.objects.get()) == 1
        (differs,) = ScoreDelivery.objects.filter(differs=True)
        assert (differs.person.sub, differs.found_points, differs.state) == ("23", Decimal(61), "sent")
        assert posted(readable) == []

    @pytest.mark.parametrize("kind", [str, int, float])
    def test_comparing_reads_every_page_and_ids_of_any_type(
        self, readable: PlatformDouble, class_of_five: list[ScoreDelivery], kind: type
    ) -> None:
        ScoreDelivery.objects.update(state="sent")
        rows = [{"userId": kind(sub), "resultScore": 60, "resultMaximum": 100} for sub in range(20, 25)]
        following = {"Link": f'<{RESULTS}&from=3>; rel="last next"'}
        readable.answers.replace(responses.GET, RESULTS, json=rows[:3], headers=following)
        readable.answers.get(f"{RESULTS}&from=3", json=rows[3:])

        assert conflicts.compare(ResourceLink.objects.get()) == 0

    def test_what_is_sent_while_the_column_is_read_is_not_compared(
        self, readable: PlatformDouble, class_of_five: list[ScoreDelivery]
    ) -> None:
        def sent_meanwhile(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
            ScoreDelivery.objects.update(state="sent", sent_at=datetime.now(UTC))
            return 200, {}, "[]"

        readable.answers.remove(responses.GET, RESULTS)
        readable.answers.add_callback(responses.GET, RESULTS, callback=sent_meanwhile)

        assert conflicts.compare(ResourceLink.objects.get()) == 0
        assert not ScoreDelivery.objects.filter(differs=True).exists()

    @pytest.mark.parametrize("broken", [{"json": {"error": "?"}}, {"body": ""}, {"status": 404}])
    def test_comparing_a_list_of_which_a_part_is_missing_changes_nothing(
        self, readable: PlatformDouble, class_of_five: list[ScoreDelivery], broken: dict[str, Any]
    ) -> None:
        ScoreDelivery.objects.update(state="sent")
        following = {"Link": f'<{RESULTS}&from=3>; rel="next"'}
        readable.answers.replace(responses.GET, RESULTS, json=[], headers=following)
        readable.answers.get(f"{RESULTS}&from=3", **broken)

        with pytest.raises(PlatformError):
            conflicts.compare(ResourceLink.objects.get())
        assert not ScoreDelivery.objects.filter(differs=True).exists()


def test_ledger_tells_what_was_posted_when_and_by_whom(readable: PlatformDouble) -> None:
    teacher = Person.objects.create(platform=Platform.objects.get(), sub="3", name="Tara")
    link, person = ResourceLink.objects.get(), Person.objects.get(sub="6")
    delivery = outbox.wish_graded(
        resource_link=link, person=person, points=Decimal(60), maximum=Decimal(100), comment="Hm.", by=teacher
    )
    readable.answers.replace(responses.POST, SCORES, status=500)
    deliver(delivery)
    readable.answers.replace(responses.POST, SCORES, status=200)
    ScoreDelivery.objects.update(next_try_at=datetime.now(UTC) - timedelta(seconds=1))
    deliver(delivery)

    second, first = ScorePost.objects.all()
    assert (first.status, second.status) == (500, 200)
    assert (second.points, second.caused_by, second.version) == (Decimal(60), teacher, 1)
    assert second.timestamp > first.timestamp
    assert posted(readable)[-1]["scoringUserId"] == "3"
