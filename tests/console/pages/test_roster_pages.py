"""Rosters, how they differ, and what a correction did, on their pages."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from streams.console.pages.corrections import OUTCOME_WORDS
from streams.console.pages.roster_difference import CHANGE_WORDS
from streams.console.store.reading import Store
from streams.core.corrections.correction import Correction, FigureChange
from streams.core.corrections.entry_changes import CHANGE_KINDS, entry_changes
from streams.core.rosters.roster import Roster, RosterEntry
from tests.console.pages.asked import ask
from tests.console.pages.made_stores import Publication, store_of

_DAY_US = 86_400_000_000
_REASON = "entry 3 was the wrong account: https://example.org/why"


def _entry(number: int) -> RosterEntry:
    return RosterEntry(
        platform="twitter", account_id=str(number), handle=f"office_{number}", name=f"Office {number}", country="FR",
        category="government", source_url="https://example.org/list",
    )  # fmt: skip


def _changed() -> tuple[Roster, Roster]:
    """Two rosters with a difference of each kind."""
    by_handle = replace(_entry(7), account_id=None)
    by_id = _entry(8)
    before = [*map(_entry, range(1, 7)), by_handle, by_id, _entry(9)]
    after = [
        # 1 is taken off
        replace(_entry(2), country="IR"), replace(_entry(3), category="leader"),
        replace(_entry(4), valid_to_us=20_000 * _DAY_US), replace(_entry(5), domains=("example.org",)),
        replace(_entry(6), name="Another name"), replace(by_handle, account_id="7"), replace(by_id, account_id=None),
        _entry(9), _entry(10),
    ]  # fmt: skip
    return Roster(before), Roster(after)


def _corrections(old: str, new: str) -> list[Correction]:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    whole = Correction(
        correction="c1", about="roster", outcome="finished", cause="roster", reason=_REASON, old_digest=old,
        new_digest=new, at=at, subjects=1,
    )  # fmt: skip
    of_subject = replace(
        whole, about="subject", outcome="taken_as_counted", platform="twitter", subject_id="77", subjects=0, taken=3
    )
    of_alert = replace(
        of_subject, about="alert", outcome="figures_change", alert_id="ab" * 16, rule="single-patron", taken=0,
        accounts=("twitter:2",), severity_before="warning", severity_after="critical",
        figures=(
            FigureChange(figure="amplifications", before=40, after=12),
            FigureChange(figure="age_days", before=None, after=None),
        ),
    )  # fmt: skip
    return [whole, of_subject, of_alert]


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    before, after = _changed()
    with store_of(
        tmp_path_factory.mktemp("rosters"),
        published=[Publication(roster=before), Publication(roster=after, reason=_REASON, correction=True)],
        corrections=_corrections(before.digest, after.digest),
    ) as store:
        yield store


def test_the_history_says_which_is_in_force_and_why(corrected: Store) -> None:
    """The last one first, each with what changed against the one before."""
    before, after = _changed()
    asked = ask(corrected, "/rosters")
    assert [(row["digest"], row["in_force"], row["correction"], row["reason"]) for row in asked.json["rows"]] == [
        (after.digest, True, True, _REASON),
        (before.digest, False, False, ""),
    ]
    links = {each.text: each.attributes["href"] for each in asked.dom.root.all("a")}
    assert links["what changed"] == f"/rosters/{before.digest}...{after.digest}"
    assert "the first that is kept" in asked.dom.root.text


def test_every_kind_of_change_is_shown_in_words(corrected: Store) -> None:
    """What weighs most first; with the fields before and after."""
    before, after = _changed()
    asked = ask(corrected, f"/rosters/{before.digest}...{after.digest}")
    assert [(row["account"], tuple(row["kinds"])) for row in asked.json["rows"]] == [
        (each.account, each.kinds) for each in entry_changes(before, after)
    ]
    assert set(asked.json["counts"]) == set(CHANGE_KINDS) == set(CHANGE_WORDS)
    for kind in CHANGE_KINDS:
        one = ask(corrected, f"/rosters/{before.digest}...{after.digest}?kind={kind}")
        assert [row["kinds"][0] for row in one.json["rows"]] == [kind]
        assert CHANGE_WORDS[kind] in one.dom.root.text
    country = ask(corrected, f"/rosters/{before.digest}...{after.digest}?kind=country")
    assert [[cell.text for cell in row] for row in country.dom.rows("Fields that differ")] == [["country", "FR", "IR"]]
    renamed = ask(corrected, f"/rosters/{before.digest}...{after.digest}?kind=renamed")
    assert "nothing that is counted can change by it" in renamed.dom.root.text


def test_the_other_way_round_what_was_added_is_taken_off(corrected: Store) -> None:
    """A difference has a direction."""
    before, after = _changed()
    asked = ask(corrected, f"/rosters/{after.digest}...{before.digest}")
    assert asked.json["counts"]["removed"] == asked.json["counts"]["added"] == 1
    [removed] = [row for row in asked.json["rows"] if row["kinds"] == ["removed"]]
    assert removed["account"] == "twitter:10"


def test_an_official_that_was_taken_off_leads_to_the_rosters(corrected: Store) -> None:
    """Its terms on the roster in force are said, and nothing of those that are no longer."""
    asked = ask(corrected, "/officials/twitter:4")
    assert asked.json["terms"][0]["words"] == "since ever, until 2024-10-04"
    assert asked.json["country_name"] == "France"


def test_a_correction_says_what_became_of_alerts(corrected: Store) -> None:
    """Outcome, severity, the figures that moved and no others, the reason, and the two rosters."""
    before, after = _changed()
    asked = ask(corrected, "/corrections")
    text = asked.dom.root.text
    for words in (
        "finished , 1 account recounted", "in part taken as it was counted", "3 events taken as counted",
        "figures change", "warning → critical", "amplifications 40 → 12", _REASON,
    ):  # fmt: skip
        assert words in text, words
    assert "age_days" not in text
    assert any(
        each.attributes["href"] == f"/rosters/{before.digest}...{after.digest}" for each in asked.dom.root.all("a")
    )


def test_every_outcome_has_words() -> None:
    """A new one cannot be forgotten."""
    outcomes = Correction.__annotations__["outcome"].__args__
    assert set(OUTCOME_WORDS) == set(outcomes)
