"""An alert of 4,096 officials, and one of 1,024 amplifications in a second: their pages can be read."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from streams.console.pages.alert import alert_page
from streams.console.pages.alert_model import AlertPage
from streams.console.pages.page import PageRequest
from streams.console.store.reading import Store
from streams.core.enriched import Alert, Amplification
from streams.core.subject_event import Coordinates
from streams.events import Event, Retweet
from tests.console.case_records import in_file
from tests.console.pages.asked import ask
from tests.console.pages.made_stores import store_of

_OFFICIALS: Final = 4_096
_MOST_BYTES: Final = 2_000_000


def _many(alert: Alert, template: Amplification, officials: int, apart: timedelta) -> list[Amplification]:
    return [
        replace(
            template,
            id=f"{10**15 + number}",
            at=alert.as_of - apart * number,
            official=replace(template.official, id=f"{number % officials + 1}", handle=f"embassy_{number % officials}"),
            subject=alert.subject,
            source=Coordinates("retweets", 0, number),
        )
        for number in range(max(officials, 1_024))
    ]


@pytest.fixture(scope="module")
def large(case_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two alerts: `1…` of all officials over 100 days, `2…` of 1,024 retweets by three officials within a second."""
    (alert, *_) = in_file(case_folder, "alerts")
    (template, *_) = in_file(case_folder, "amplifications")
    alerts, amplified = [], []
    for number, (officials, apart) in enumerate(
        ((_OFFICIALS, timedelta(minutes=35)), (3, timedelta(microseconds=900))), 1
    ):
        one = replace(
            alert, id=str(number) * 32, subject=replace(alert.subject, id=str(number), handle=f"voice{number}")
        )
        amplified += _many(one, template, officials, apart)
        figures = {**alert.figures, "amplifications": max(officials, 1_024), "distinct_officials": officials}
        alerts.append(replace(one, figures=figures, officials=(), evidence=(), evidence_total=max(officials, 1_024)))
    events: list[tuple[Event, Coordinates]] = [(_event(each), each.source) for each in amplified[-1_024:]]
    with store_of(tmp_path_factory.mktemp("large"), alerts=alerts, amplifications=amplified, events=events) as store:
        yield store


def _event(each: Amplification) -> Event:
    actor = replace(each.subject, id=each.official.id, handle=each.official.handle)
    return Retweet(platform=each.platform, id=each.id, at=each.at, actor=actor, subject=each.subject, text="سلام")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "officials"), [(1, _OFFICIALS), (2, 3)])
def test_the_page_is_bounded_and_says_what_it_leaves_out(large: Store, number: int, officials: int) -> None:
    """What is not on it is in the tables to download."""
    asked = ask(large, f"/alerts/{str(number) * 32}")
    assert len(asked.html) < _MOST_BYTES
    model = asked.answer.model
    assert isinstance(model, AlertPage)
    assert model.officials_total == officials
    assert len(asked.dom.rows("Events, newest first")) == len(model.events) == 500
    assert "The tables to download have" in model.events_words
    strip, steps = (len(figure) for figure in asked.answer.figures.values())
    assert strip < 400_000
    assert steps < 100_000
    if officials > len(model.officials):
        assert f"And {officials - len(model.officials):,} more" in asked.dom.root.text


def test_the_tables_to_download_have_every_event(large: Store) -> None:
    """Each once, newest first."""
    rows = alert_page(
        large, PageRequest(path={"id": "2" * 32}, now=datetime.fromisoformat("2021-02-10T00:00:00Z"))
    ).rows
    assert rows is not None
    found = list(rows.rows)
    assert len(found) == len({each.id for each in found}) == 1_024  # type: ignore[attr-defined]
    assert all(each.raw for each in found)  # type: ignore[attr-defined]
