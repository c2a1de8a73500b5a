"""Earlier versions of an alert: each equal, or by which roster it differs, or why nobody can know."""

from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from streams.core.clock import to_us
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.rosters.roster_text import roster_text
from streams.core.subject_event import Coordinates
from streams.events import Coverage, Event, Retweet, encode_event
from streams.proofs import layout
from streams.proofs.answers import Answer, Check
from streams.proofs.building import proof_file
from streams.proofs.layout import About
from streams.proofs.material import KeptEvent, ProofMaterial, PublishedRecords, kept_event, rosters_that_fit
from tests.proofs.conftest import Prove
from tests.proofs.forging import Forgery, checked, files_in
from tools.proofs.story import ROSTER, ROSTER_WITHOUT_ENVOY, RULES, SUBJECT, story, written

_OLD, _NEW = parse_roster(ROSTER, "old.csv"), parse_roster(ROSTER_WITHOUT_ENVOY, "new.csv")


def _alert_after(prove: Prove, alert_id: str, amplifications: int, roster: bytes) -> Alert:
    """What a run over the events up to that amplification told: a run of its own for each."""
    events: list[Event] = []
    for event in story():
        amplifications -= isinstance(event, Retweet) and event.actor.id != "7"
        if amplifications < 0:
            break
        events.append(event)
    proof = prove(alert_id, written(events), roster=roster).file
    return msgspec.json.decode(files_in(proof)[layout.ALERT], type=Alert)


@pytest.fixture(scope="module")
def before(prove: Prove, alert_ids: dict[str, str]) -> list[Alert]:
    """Two versions before a correction, under the old roster."""
    return [_alert_after(prove, alert_ids["three-officials"], number, ROSTER) for number in (4, 6)]


@pytest.fixture(scope="module")
def after(prove: Prove, alert_ids: dict[str, str]) -> list[Alert]:
    """The version of the correction, and one with an event that came after it, both under the new roster."""
    return [_alert_after(prove, alert_ids["three-officials"], number, ROSTER_WITHOUT_ENVOY) for number in (6, 8)]


def _proof(versions: Sequence[Alert], *others: Roster, roster: Roster = _NEW, without: str = "") -> bytes:
    """The proof of the last version, with all that anybody's count needs."""
    kept: list[KeptEvent] = []
    for number, event in enumerate(story()):
        concerns = isinstance(event, Coverage) or SUBJECT in (
            getattr(event, "actor", None),
            getattr(event, "subject", None),
        )
        if concerns or event.id in ("answer-1", "gone-1", "profile-1"):
            one = kept_event(event, encode_event(event), Coordinates("events.ndjson", 0, number + 1))
            if event.id == without:
                one = KeptEvent(index=replace(one.index, withheld="asked for", at=None), value=None)
            kept.append(one)
    last = versions[-1]
    return proof_file(
        ProofMaterial(
            about=About(kind="alert", id=last.id),
            platform="twitter",
            subject_id=SUBJECT.id,
            published=PublishedRecords(
                alerts=((last, msgspec.json.encode(last)),),
                versions=tuple(msgspec.json.encode(each) for each in versions),
            ),
            events=kept,
            roster_csv=roster_text(roster),
            rules_toml=RULES,
            read_up_to_us=max(to_us(event.at) for event in story()),
            other_rosters={each.digest: roster_text(each) for each in others},
        )
    )


def _said(proof: bytes) -> Check:
    return next(check for check in checked(proof).checks if check.question == "earlier versions")


def test_each_version_is_equal_under_its_own_roster_and_says_what_the_correction_changed(
    before: list[Alert], after: list[Alert]
) -> None:
    """Two under the roster before the correction, two under the one after it; both rosters are in the proof."""
    proof = _proof([*before, *after], _OLD)
    assert "rosters/" + _OLD.digest[:12] + ".csv" in files_in(proof)
    check = _said(proof)
    assert check.answer is Answer.OK
    assert check.detail == "4 of 4 versions of the alerts recounted, equal"
    said = " | ".join(check.places[1:])
    superseded = f"equal, under roster {_OLD.digest[:12]}; superseded: differs because of roster {_NEW.digest[:12]}"
    assert f"{superseded}, under which it had not fired by then" in check.places[1]
    assert f"{superseded}: $.figures.amplifications: published 6, recomputed 4" in check.places[2]
    assert f"versions 3 to 4, as of {after[0].as_of:%Y-%m-%d %H:%M}" in said
    assert said.endswith(f"equal, under roster {_NEW.digest[:12]}")


def test_a_version_whose_roster_is_not_here_cannot_be_recounted(before: list[Alert], after: list[Alert]) -> None:
    """And the alert itself is recounted all the same."""
    proof = _proof([*before, *after])
    check = _said(proof)
    assert check.answer is Answer.STATED
    assert "2 of 4" in check.detail
    assert f"cannot be recounted: its roster {_OLD.digest[:12]} is not here" in check.places[1]
    assert next(each.answer for each in checked(proof).checks if each.question == "alert.json") is Answer.OK


def test_an_alert_counted_under_two_rosters_without_a_correction_fails_and_says_what_may_be_why(
    before: list[Alert], after: list[Alert]
) -> None:
    """A version of another roster excuses no figure; without one nothing of it is said."""
    mixed = replace(before[1], roster_digest=after[-1].roster_digest)
    for versions, said in (([*before, mixed], True), ([mixed], False)):
        check = next(each for each in checked(_proof(versions, _OLD)).checks if each.question == "alert.json")
        assert check.answer is Answer.FAILED
        assert (f"earlier versions rest on roster {_OLD.digest[:12]}" in " | ".join(check.places)) is said


def test_a_version_by_other_rules_cannot_be_recounted(before: list[Alert], after: list[Alert]) -> None:
    other = replace(before[0], rule_digest="0" * 64)
    assert "its rule, digest 000000000000, is not here" in _said(_proof([other, *after], _OLD)).places[1]


def test_a_version_that_nothing_tells_differs_and_the_field_is_named(before: list[Alert], after: list[Alert]) -> None:
    """It fails nothing: an event that came late changes a version and not what it became."""
    forged = replace(before[1], figures=before[1].figures | {"amplifications": 600})
    proof = _proof([before[0], forged, *after], _OLD)
    check = _said(proof)
    assert check.answer is Answer.STATED
    assert "3 of 4" in check.detail
    assert "$.figures.amplifications: published 600, recomputed 6; an event that came late" in " | ".join(check.places)
    elsewhere = replace(before[1], as_of=before[1].as_of.replace(year=2031))
    assert "nothing was published as of then" in " | ".join(_said(_proof([elsewhere, *after], _OLD)).places)


def test_another_copy_of_an_event_is_the_same_event(before: list[Alert], after: list[Alert]) -> None:
    """Where it stood is a hint: raw topics may be read anew."""
    evidence = (replace(before[0].evidence[0], source=Coordinates("retweets", 3, 9)), *before[0].evidence[1:])
    check = _said(_proof([replace(before[0], evidence=evidence), *after], _OLD))
    assert check.answer is Answer.OK
    assert "equal but for which copy of an event is meant, under roster" in check.places[1]


def test_what_rests_on_a_withheld_event_cannot_be_recounted(before: list[Alert], after: list[Alert]) -> None:
    """What came before it is equal."""
    places = _said(_proof([*before, *after], _OLD, without="rt-4")).places
    assert places[1].startswith("version 1")
    assert "equal, under roster" in places[1]
    assert places[2].startswith("version")
    assert "cannot be recounted: 1 events are withheld" in places[2]


def test_a_version_that_a_person_retracted_is_counted_as_it_was_and_left_so(
    before: list[Alert], after: list[Alert]
) -> None:
    retracted = replace(after[1], status="retracted", retracted_at=after[1].as_of, retracted_because="it was a test")
    check = _said(_proof([*before, after[1], retracted], _OLD))
    assert "4 of 4" in check.detail


def test_other_rosters_are_what_their_names_say_and_few(
    before: list[Alert], after: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a recount more, and is parsed whole."""
    proof = _proof([*before, *after], _OLD)
    name = f"rosters/{_OLD.digest[:12]}.csv"
    swapped = checked(Forgery(proof).sealed({name: roster_text(_NEW)}))
    assert next(check.answer for check in swapped.checks if check.question == "other rosters") is Answer.FAILED
    broken = checked(Forgery(proof).sealed({name: b"\xff\xfe"}))
    assert broken.answer is Answer.FAILED
    many = checked(Forgery(proof).sealed({f"rosters/{number}.csv": roster_text(_OLD) for number in range(5)}))
    assert "at most 4" in next(check.detail for check in many.checks if check.answer is Answer.FAILED)
    monkeypatch.setitem(layout._LIMITS, layout.ROSTER, len(roster_text(_NEW)) + 10)
    assert checked(proof).answer is Answer.FAILED
    assert rosters_that_fit(_NEW, [_OLD]) == ()
