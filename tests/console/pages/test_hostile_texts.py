"""Hostile text in every field of every record: pages have the same elements as with harmless text, and say it whole."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from unicodedata import category
from urllib.parse import quote

import msgspec
import pytest
from msgspec.structs import replace

from streams.cases import KHAMENEI_SITE
from streams.console.shown import shown
from streams.console.store.reading import Store
from streams.core.corrections.correction import Correction
from streams.core.enriched import Alert, Amplification
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.subject_event import Coordinates
from streams.events import Event, Retweet, Suspension
from tests.console.case_records import in_file
from tests.console.hostile import HOSTILE, with_hostile_texts
from tests.console.pages.asked import Dom, ask
from tests.console.pages.made_stores import store_of

_KEPT: Final = frozenset({"id", "platform", "rule_digest", "roster_digest", "kind", "event_id", "topic"})
_RULE: Final = "amplified-then-suspended"


def _alerts(case_folder: Path, place: int, text: str, digest: str) -> list[Alert]:
    """Two versions of an alert with the text in every field that takes it."""
    alert = next(each for each in in_file(case_folder, "alerts") if each.rule == _RULE)
    hostile_alert: Alert = with_hostile_texts(alert, text, but=_KEPT)
    subject = replace(hostile_alert.subject, id=f"{place + 1}")
    hostile_alert = replace(
        hostile_alert,
        id=f"{place:032x}",
        subject=subject,
        roster_digest=digest,
        status="retracted",
        retracted_because=text,
    )
    return [replace(hostile_alert, summary="before"), hostile_alert]


def _amplified(case_folder: Path, place: int, text: str) -> Iterator[tuple[Amplification, Event]]:
    """Two amplifications of its account, each with the raw event."""
    for number, each in enumerate(in_file(case_folder, "amplifications")[:2]):
        hostile: Amplification = with_hostile_texts(each, text, but=_KEPT)
        subject = replace(hostile.subject, id=f"{place + 1}")
        source = Coordinates("retweets", place, number)
        made = replace(hostile, id=f"{place}-{number}", subject=subject, source=source)
        yield made, Retweet(
            platform=made.platform, id=made.id, at=made.at, actor=replace(subject, id=made.official.id),
            subject=subject, post_id=made.post_id, text=text,
        )  # fmt: skip


def _roster() -> Roster:
    """That of the case; its officials have the texts as names and sources, one behind the other."""
    entries = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster").entries
    return Roster(
        replace(entry, name=HOSTILE[place % len(HOSTILE)], source_url=HOSTILE[-1 - place % len(HOSTILE)])
        for place, entry in enumerate(entries)
    )


@pytest.fixture(scope="module")
def hostile_store(tmp_path_factory: pytest.TempPathFactory, case_folder: Path) -> Iterator[Store]:
    """For each text an account with an alert, two versions of it, a correction, and what it rests on."""
    roster = _roster()
    alerts = [_alerts(case_folder, place, text, roster.digest) for place, text in enumerate(HOSTILE)]
    amplified = [each for place, text in enumerate(HOSTILE) for each in _amplified(case_folder, place, text)]
    events: list[tuple[Event, Coordinates]] = [(event, each.source) for each, event in amplified]
    for place, text in enumerate(HOSTILE):
        actor = alerts[place][1].subject
        at = alerts[place][1].as_of
        notice = Suspension(platform="twitter", id=f"n{place}", at=at, actor=actor, status="suspended", reason=text)
        events.append((notice, Coordinates(text, 0, place)))
    with store_of(
        tmp_path_factory.mktemp("hostile"),
        alerts=[each[1] for each in alerts],
        versions=[version for each in alerts for version in each],
        amplifications=[each for each, _ in amplified],
        events=events,
        roster=roster,
        with_rules=True,
        corrections=[_correction(each[1], text) for each, text in zip(alerts, HOSTILE, strict=True)],
    ) as store:
        yield store


def _correction(alert: Alert, text: str) -> Correction:
    return Correction(
        correction=text,
        about="alert",
        outcome="figures_change",
        cause="roster",
        reason=text,
        old_digest=alert.roster_digest,
        new_digest=text,
        at=alert.as_of,
        platform=alert.platform,
        subject_id=alert.subject.id,
        alert_id=alert.id,
        rule=alert.rule,
    )


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_no_text_becomes_anything_but_text(hostile_store: Store, place: int) -> None:
    """No element, attribute, address or direction comes of it; and everything can be copied exactly."""
    page = ask(hostile_store, f"/alerts/{place:032x}").dom
    _check(page)
    copied = [each.attributes["data-copy"] for each in page.everything() if "data-copy" in each.attributes]
    assert msgspec.json.encode(HOSTILE[place]).decode()[1:-1] in "".join(copied), "the bytes can be copied"
    assert shown(HOSTILE[place]).split()[0] in page.root.text
    for event in hostile_store.events_of_subject(f"twitter:{place + 1}").rows:
        page = ask(hostile_store, f"/events/{event.sha256}").dom
        _check(page)
        (code,) = page.root.all("pre")[0].all("code")
        assert code.attributes["data-copy"].encode() == event.value


def test_lists_and_other_moments_with_all_of_them(hostile_store: Store) -> None:
    """All in one list, each in its own row; found by what they say."""
    page = ask(hostile_store, "/alerts?state=retracted").dom
    _check(page)
    assert len(page.root.all("li", "alert")) == len(HOSTILE)
    _check(ask(hostile_store, f"/alerts/{0:032x}?v=1&at=2020-12-01").dom)
    for text in HOSTILE:
        _check(ask(hostile_store, f"/alerts?state=retracted&q={quote(text[:200])}").dom)


def _check(dom: Dom) -> None:
    names = Counter(each.tag for each in dom.everything())
    assert names["script"] == 1
    assert not names.keys() & {"img", "iframe", "object", "embed", "style", "base", "b", "video", "audio"}
    for each in dom.everything():
        assert not any(name == "style" or name.startswith("on") for name in each.attributes)
        for name in ("href", "src", "action"):
            target = each.attributes.get(name, "/")
            assert target.startswith(("/", "#", "https://", "http://")), target
            if target.startswith(("https://", "http://")):
                assert each.attributes["rel"] == "noopener noreferrer nofollow"
                assert target.isprintable()
        for child in each.children:
            if isinstance(child, str):
                steering = {char for char in child if category(char) in ("Cf", "Cc", "Zl", "Zp")}
                assert steering <= set("\n\u200c\u200d"), child[:80]
