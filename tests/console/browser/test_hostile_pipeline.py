"""Hostile words from the raw topics of a real Kafka to the pages in a real browser, through every part between.

Scripts are allowed here that the pages forbid: what is shown must be harmless by itself, not only refused.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
import pytest
from msgspec import Struct

from streams.console.shown import shown
from streams.console.store.reading import Store
from streams.core.rosters.roster import Roster
from streams.events import encode_event
from streams.formats.registry import readers_named
from streams.jobs.collection import collect_results, sample_letters
from streams.jobs.correction import begin_correction, carry_out_correction
from streams.jobs.demo import demo_broker
from streams.jobs.drain import wait_until_drained
from streams.jobs.ingestion import ingest
from streams.jobs.workers import Workers
from streams.kafka.administration import create_topics, delete_topics
from streams.kafka.roster_topic import publish_roster
from streams.settings import Settings
from streams.topics import TOPICS
from tests.console.browser.conftest import OpenPage
from tests.console.browser.watched_page import WatchedPage
from tests.console.feed.feeding import feeding, wait_until
from tests.console.hostile import HOSTILE
from tests.console.hostile_story import (
    HARMLESS,
    REASON,
    RULES,
    hostile_events,
    hostile_id,
    hostile_roster,
    official_id,
)
from tests.console.web.running import Running, running_console
from tools.kafka.running_broker import RunningBroker

_R = TypeVar("_R")

_LAST: Final = len(HOSTILE) - 1
# Whole pixels, so that a row is drawn the same wherever it stands.
_WHOLE: Final = (
    "body > :not(main), main > :not(ul.alerts) { display: none !important; }"
    "* { font-size: 16px !important; line-height: 24px !important; letter-spacing: 0 !important; gap: 8px !important; }"
    "main, ul, li, p, a, span, bdi { margin: 0 !important; padding: 0 !important; border-width: 0 !important; }"
    "li.alert { padding-block: 12px !important; }"
)


class _Through(Struct, frozen=True, kw_only=True):
    """What came out at the other end."""

    console: Running
    store: Store
    rosters: tuple[Roster, Roster]
    aftermaths: dict[str, str]
    """The id of the aftermath of each account."""


@pytest.fixture(scope="module")
def through(kafka: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Through]:
    """Everything hostile written to the raw topics, a correction of the roster with a hostile reason, and a console."""
    folder = tmp_path_factory.mktemp("through")
    rules, events = folder / "rules.toml", folder / "events.ndjson"
    rules.write_text(RULES, encoding="utf-8")
    events.write_bytes(b"\n".join(encode_event(event) for event in hostile_events()))
    rosters = hostile_roster(), hostile_roster(but=_LAST)
    with demo_broker(kafka.address, Settings(rules_file=str(rules)), 1) as settings, ThreadPoolExecutor(1) as thread:

        def finish(work: Coroutine[Any, Any, _R]) -> _R:
            return thread.submit(asyncio.run, work).result()  # this thread has the browser's loop

        try:
            finish(create_topics(settings, partitions={topic.name: 1 for topic in TOPICS}))
            with Workers(settings, 1) as crew:
                finish(_send(settings, events, rosters, crew))
            assert finish(sample_letters(settings)).kept == [], "all of it is read"
            aftermaths = {each.subject.id: each.id for each in finish(collect_results(settings)).aftermaths.values()}
            with feeding(settings, tmp_path_factory.mktemp("store")) as store:
                wait_until(lambda: store.status().kind == "topics")
                with running_console(store, requests_per_second=100_000.0) as console:
                    yield _Through(console=console, store=store, rosters=rosters, aftermaths=aftermaths)
        finally:
            finish(delete_topics(settings))


async def _send(settings: Settings, path: Path, rosters: tuple[Roster, Roster], crew: Workers) -> None:
    await publish_roster(settings, rosters[0], REASON)
    for _ in range(2):  # what tracked accounts post passes only once they are tracked
        done = await ingest([str(path)], readers_named("canonical"), settings)
        await wait_until_drained(settings, done.written, lambda _left: crew.check(), newest_us=done.newest_us)
    begun = await begin_correction(settings, *rosters, REASON)
    await publish_roster(settings, rosters[1], REASON, correction=True)
    await carry_out_correction(settings, begun, *rosters, lambda _stage: crew.check())


@pytest.fixture
def watched(through: _Through, open_page: OpenPage) -> Iterator[WatchedPage]:
    """A window in which scripts that got into a page would run, and be heard."""
    with open_page(through.console, viewport={"width": 1_000, "height": 800}, bypass_csp=True) as watched:
        watched.page.on("dialog", lambda dialog: watched.complaints.append(f"a script said {dialog.message}"))
        yield watched


def _address(page: str, key: str) -> str:
    return f"/{page}/{quote(f'twitter:{key}', safe='')}"


def _alerts(through: _Through, account: str) -> list[str]:
    return [each.alert.id for each in through.store.alerts_of(f"twitter:{account}") if each.alert is not None]


def _addresses(through: _Through, place: int) -> tuple[list[str], list[str]]:
    """The pages on which the text of that place is to be read: one of each kind of page, and the others. Of the kinds
    of events each text has another.
    """
    key = f"twitter:{hostile_id(place)}"
    events = {event.key.event_kind: event.sha256 for event in through.store.events_of_subject(key).rows}
    assert {"retweet", "post", "follow", "profile", "suspension"} <= events.keys()
    kinds = [f"/events/{each}" for _kind, each in sorted(events.items())]
    alerts = [f"/alerts/{each}" for each in _alerts(through, hostile_id(place))]
    assert len(alerts) == 2
    pages = [
        _address("accounts", hostile_id(place)),
        f"/aftermaths/{through.aftermaths[hostile_id(place)]}",
        alerts.pop(place % 2),
        kinds.pop(place % len(kinds)),
        *([] if place == _LAST else [_address("officials", official_id(place))]),
    ]
    return pages, [*alerts, *kinds, f"/accounts?q={quote(HOSTILE[place][:200])}"]


def test_no_script_runs_and_nothing_but_text_comes_of_a_text(through: _Through, watched: WatchedPage) -> None:
    """On every kind of page, for every text."""
    for place in range(len(HOSTILE)):
        words = " ".join(shown(HOSTILE[place]).split())[:60]
        pages, others = _addresses(through, place)
        for address in pages:
            strange, said = watched.go(address).evaluate(_LOOK)
            assert strange == [], address
            assert words in " ".join(said.split()), address
        for address in others:
            assert through.console.ask(address).status == 200, address
    before, after = (roster.digest for roster in through.rosters)
    for address in (
        "/alerts?state=expired", "/accounts", "/aftermaths", "/countries", "/countries/IR", "/rosters",
        f"/rosters/{before}", f"/rosters/{before}...{after}", "/rules", "/corrections", "/status",
    ):  # fmt: skip
        strange, _said = watched.go(address).evaluate(_LOOK)
        assert strange == [], address


_LOOK: Final = """() => {
  const found = [...document.querySelectorAll("img, iframe, object, embed, style, base, video, b, foreignObject")];
  found.push(...[...document.querySelectorAll("script")].filter((each) => !each.src.startsWith(location.origin)));
  for (const each of document.querySelectorAll("*"))
    for (const { name, value } of each.attributes)
      if (/^on|^style$|^srcdoc$/.test(name) || (/href|src|action/.test(name) && !/^([/#]|https?:)/.test(value)))
        found.push(each);
  return [found.map((each) => each.outerHTML.slice(0, 200)), document.querySelector('main').textContent];
}"""


def test_what_is_copied_is_what_came_to_the_letter(through: _Through, open_page: OpenPage) -> None:
    """The id of each account by its button and the real clipboard, and the bytes of an event."""
    with open_page(through.console, permissions=["clipboard-read", "clipboard-write"]) as watched:
        for place in range(len(HOSTILE)):
            page = watched.go(_address("accounts", hostile_id(place)))
            page.locator("[data-copy] + button").first.click()
            page.wait_for_function("document.querySelector('[data-copy] + button').textContent === 'copied'")
            copied = page.evaluate("navigator.clipboard.readText()")
            assert copied == f"twitter:{hostile_id(place)}"
            for event in through.store.events_of_subject(f"twitter:{hostile_id(place)}").rows[:4]:
                asked = through.console.ask(f"/events/{event.sha256}.json")
                assert asked.status == 200
                assert msgspec.json.decode(asked.body)["text"].encode() == event.value


def test_rows_beside_hostile_ones_look_as_they_do_among_themselves(through: _Through, watched: WatchedPage) -> None:
    """The alerts of the harmless accounts, between those of the hostile ones and in a list of their own."""
    harmless = [alert for name in HARMLESS for alert in _alerts(through, name)]
    assert len(harmless) == len(HARMLESS)

    def pictures(address: str) -> list[bytes]:
        page = watched.go(address)
        page.add_style_tag(content=_WHOLE)
        return [page.locator(f"#alert-{name}").screenshot() for name in harmless]

    alone = pictures("/alerts?state=expired&country=FR")
    between = pictures("/alerts?state=expired&rule=hostile-words")
    assert [name for name, one, other in zip(HARMLESS, alone, between, strict=True) if one != other] == []
    rows = watched.page.locator("li.alert").evaluate_all("rows => rows.map(row => row.id)")
    behind_hostile = [one for before, one in pairwise(rows) if one[6:] in harmless and before[6:] not in harmless]
    assert len(behind_hostile) >= len(harmless) - 1
