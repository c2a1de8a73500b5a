"""Text from outside stays text on every page about accounts, whatever it is and in whatever field it comes."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest
from msgspec import Struct
from msgspec.structs import replace

from streams.console.shown import shown
from streams.console.store.reading import Store
from streams.core.corrections.correction import Correction
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Post
from streams.schemas.examples import EXAMPLES
from tests.console.hostile import HOSTILE, with_hostile_texts
from tests.console.pages.asked import Asked, ask
from tests.console.pages.made_stores import Publication, store_of

_KEPT: Final = frozenset({"id", "platform", "country", "countries", "rule_digest", "roster_digest"})
_DIGESTS: Final = frozenset({"old_digest", "new_digest", "alert_id", "subject_id"})
_IDS: Final = tuple(f'{place}"><b>&?#/%:é' for place in range(len(HOSTILE)))
"""Ids may hold anything too: addresses are made of them."""


def _made(name: str, record: type[Struct], text: str) -> Struct:
    """The example of a record with the text in every field that takes it."""
    [value] = [value for key, (_, value) in EXAMPLES.items() if key == name]
    assert isinstance(value, record)
    return with_hostile_texts(value, text, but=_KEPT | _DIGESTS)


def _rosters() -> tuple[Roster, Roster]:
    entries = [
        RosterEntry(
            platform="twitter", account_id=f"9{place}", handle=text, name=text, country="FR", category="leader",
            source_url=f"javascript:{text}", domains=("example.org",),
        )
        for place, text in enumerate(HOSTILE)
    ]  # fmt: skip
    changed = [replace(entry, country="IR", source_url=f"https://example.org/{entry.name}") for entry in entries]
    return Roster(entries), Roster(changed)


@pytest.fixture(scope="module")
def hostile_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """For each text an account with an aftermath, an alert, an amplification, a correction and a kept post."""
    dossiers, aftermaths, alerts, amplifications, corrections, events = [], [], [], [], [], []
    before, after = _rosters()
    for place, text in enumerate(HOSTILE):
        dossier, aftermath = _made("dossier", Dossier, text), _made("aftermath", Aftermath, text)
        alert, amplification = _made("alert", Alert, text), _made("amplification", Amplification, text)
        correction = _made("correction", Correction, text)
        assert isinstance(dossier, Dossier)
        assert isinstance(aftermath, Aftermath)
        assert isinstance(alert, Alert)
        assert isinstance(amplification, Amplification)
        assert isinstance(correction, Correction)
        subject = replace(dossier.subject, id=_IDS[place])
        dossiers.append(replace(dossier, subject=subject))
        aftermaths.append(replace(aftermath, id=f"{place:032x}", subject=subject))
        alerts.append(replace(alert, id=f"{place + 99:032x}", subject=subject))
        amplifications.append(replace(amplification, id=f"{place}", subject=subject))
        corrections.append(replace(correction, correction=f"c{place}", subject_id=_IDS[place]))
        post = Post(platform="twitter", id=f"{place}", at=amplification.at, actor=subject, text=text, lang=text)
        events.append((post, Coordinates("posts", 0, place)))
    with store_of(
        tmp_path_factory.mktemp("hostile"), dossiers=dossiers, aftermaths=aftermaths, alerts=alerts,
        amplifications=amplifications, corrections=corrections, events=events,
        published=[Publication(roster=before), Publication(roster=after, reason=HOSTILE[0], correction=True)],
    ) as store:  # fmt: skip
        yield store


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_no_page_of_an_account_obeys_a_text(hostile_store: Store, place: int) -> None:
    """No element, no attribute and no address comes from it; it stands there as it is, with escapes."""
    text = HOSTILE[place]
    words = " ".join(shown(text).split())
    account = ask(hostile_store, f"/accounts/{quote(f'twitter:{_IDS[place]}', safe='')}")
    aftermath = ask(hostile_store, f"/aftermaths/{place:032x}")
    official = ask(hostile_store, f"/officials/twitter:9{place}")
    search = ask(hostile_store, f"/accounts?q={quote(text[:200])}")
    for asked in (account, aftermath, official, search):
        _is_ours(asked)
    for asked in (account, aftermath, official):
        assert words[:100] in " ".join(asked.dom.root.text.split())


@pytest.mark.slow
def test_no_list_obeys_a_text(hostile_store: Store) -> None:
    """Nor what compares two rosters."""
    before, after = _rosters()
    addresses = ("/accounts", "/aftermaths", "/countries", "/countries/XK", "/rosters", "/corrections", "/rules")
    roster = f"/rosters/{after.digest}"
    for address in (*addresses, roster, f"/rosters/{before.digest}...{after.digest}"):
        asked = ask(hostile_store, address)
        _is_ours(asked)
        if address in ("/corrections", roster):
            for text in HOSTILE:
                assert " ".join(shown(text).split())[:100] in " ".join(asked.dom.root.text.split()), address


def _is_ours(asked: Asked) -> None:
    for each in asked.dom.everything():
        assert each.tag not in ("img", "iframe", "object", "embed", "style", "base", "foreignobject")
        assert not any(name.startswith("on") or name in ("style", "srcdoc") for name in each.attributes)
        if each.tag == "script":
            assert each.attributes["src"].startswith("/static/")
        for name in ("href", "src", "action"):
            target = each.attributes.get(name, "/")
            assert target.startswith(("/", "#", "https://example.org/", "https://x.com/")), target
            assert not target.startswith("//")
    assert asked.answer.title
