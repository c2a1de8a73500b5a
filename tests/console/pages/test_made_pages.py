"""Pages of made subjects: what the DOM says is what `.json` gives is what the topic has, at every edge of a record."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, get_args

import msgspec
import pytest

from streams.core.dossier_parts import Follower, Links, OfficialFigures, Score, Totals, WindowFigures
from streams.core.enriched import Dossier, SuspensionRecord
from streams.core.officials import Category
from streams.core.tracking.score import TERMS
from streams.core.watching.aftermath_records import (
    Aftermath,
    AftermathCoverage,
    AftermathOfficial,
    AftermathStatus,
    UnseenSpan,
)
from streams.events import Account, SuspensionStatus
from tests.console.pages.asked import Asked, Element, ask
from tests.console.pages.made_stores import store_of

AT: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
_SUBJECTS: Final = int(os.environ.get("ANTIPHON_TEST_SUBJECTS", "40"))
_STATES: Final = ("IR", "FR", "CN", "US", "EU")
_STATUSES: Final[tuple[SuspensionStatus, ...]] = ("suspended", "reinstated", "deleted", "deactivated")


def made_dossier(chance: Random, number: int, officials: int | None = None) -> Dossier:
    """A dossier with whatever figures, known or not."""
    count = chance.choice((0, 1, 2, 7, 60)) if officials is None else officials
    first = AT - chance.uniform(1, 400) * DAY
    listed = sorted((_official(chance, place) for place in range(count)), key=lambda each: -each.retweets - each.quotes)
    retweets, quotes = sum(each.retweets for each in listed), sum(each.quotes for each in listed)
    dropped = chance.choice((0, 0, 3))
    contributions = tuple(
        term.contribution(chance.choice((None, round(chance.uniform(0, term.full), 2)))) for term in TERMS
    )
    return Dossier(
        platform="twitter",
        subject=Account(
            id=str(10_000 + number),
            handle=chance.choice((None, f"voice_{number}")),
            name=chance.choice((None, "صدای نو", "A voice")),
            created_at=chance.choice((None, first - chance.uniform(0, 900) * DAY)),
            followers=chance.choice((None, 0, 12_345_678)),
            verified=chance.choice((None, True, False)),
        ),
        subject_is_official=chance.random() < 0.1,
        totals=Totals(
            retweet=retweets, quote=quotes, reply=chance.randrange(5), mention=chance.randrange(2_000), follow=2
        ),
        distinct_officials=len(listed) + chance.choice((0, 0, 3_596)),
        officials=tuple(listed),
        windows={
            name: WindowFigures(amplifications=chance.randrange(9), distinct_officials=chance.randrange(5))
            for name in ("1h", "24h", "7d", "30d")
        },
        first_amplified_at=first if listed else None,
        last_amplified_at=first + 30 * DAY if listed else None,
        age_at_first_amplification_days=chance.choice((None, 0.0, 5.41113534)),
        countries=tuple(sorted({each.country for each in listed})),
        suspension=None,
        withdrawn=chance.randrange(3),
        gone_with_original=chance.randrange(3),
        gone_with_official=0,
        gone_unknown=chance.randrange(3),
        dropped=dropped + chance.choice((0, 2)),
        dropped_amplifications=dropped,
        roster_digest="ab" * 32,
        following=(Follower(id="5", handle=None, country="FR", since=first),),
        links=Links(posts=7, domains={"khamenei.ir": 4, "xn--bcher-kva.example": 3}),
        score=Score(total=round(sum(each.points for each in contributions), 2), contributions=contributions),
        suspensions=tuple(
            SuspensionRecord(status=chance.choice(_STATUSES), at=first + place * DAY, event_id=str(place))
            for place in range(chance.choice((0, 1, 16)))
        ),
        seen_since={each.country: chance.choice((None, first - DAY)) for each in listed[:2]},
    )


def _official(chance: Random, number: int) -> OfficialFigures:
    begins = AT - chance.uniform(1, 300) * DAY
    return OfficialFigures(
        id=f"9{number:04}", handle=chance.choice((None, f"office_{number}")), country=chance.choice(_STATES),
        category=chance.choice(get_args(Category)), retweets=chance.randrange(1, 400), quotes=chance.randrange(3),
        first_at=begins, last_at=begins + chance.uniform(0, 90) * DAY,
    )  # fmt: skip


def made_aftermath(chance: Random, number: int) -> Aftermath:
    """An aftermath of whatever state and counts; what went unseen is known or not."""
    opened = AT - chance.uniform(0, 60) * DAY
    status: AftermathStatus = chance.choice(("open", "closed", "void"))
    officials = tuple(
        AftermathOfficial(
            id=f"9{place:04}", handle=chance.choice((None, f"office_{place}")), category="leader",
            amplifications=chance.randrange(50), references=chance.randrange(3), deletions=chance.randrange(9),
            posts=None if status == "open" else chance.randrange(99), silent=chance.random() < 0.5,
        )
        for place in range(chance.randrange(30))
    )  # fmt: skip
    coverage = None
    if chance.random() < 0.5:
        coverage = AftermathCoverage(
            seen_since=chance.choice((None, opened - 9 * DAY)), unseen_share=chance.random(),
            deletions_unseen_share=chance.random(), deletions_unseen_share_before=chance.random(), unseen_spans=60,
            unseen=(UnseenSpan(since=opened, until=opened + DAY, officials=3),),
            says_nothing_of_silence=chance.random() < 0.5, says_nothing_of_deletions=chance.random() < 0.5,
        )  # fmt: skip
    return Aftermath(
        id=f"{number:032x}", country=chance.choice(_STATES), platform="twitter",
        subject=Account(id=str(10_000 + number), handle=chance.choice((None, f"voice_{number}"))), number=0,
        status=status, closed_because=chance.choice(("elapsed", "reinstated")) if status == "closed" else None,
        opened_at=opened, ends_at=opened + 14 * DAY,
        closed_at=opened + chance.uniform(0, 14) * DAY if status == "closed" else None,
        suspension=SuspensionRecord(status=chance.choice(_STATUSES), at=opened, event_id="1"), officials=officials,
        amplifying_officials=len(officials), silent_officials=sum(each.silent for each in officials),
        references=chance.randrange(2_000), references_before=chance.randrange(99), listed_references=(),
        deletions=chance.randrange(2_000), deletions_before=chance.randrange(99),
        expected_deletions=chance.uniform(0, 99), deletion_ratio=chance.uniform(0, 99),
        deletions_by_account={f"office_{place}": place for place in range(chance.randrange(9))},
        deletions_by_language={"fa": 3, "und": 1}, deletions_unknown=3, gone_with_original=0, gone_with_official=2,
        gone_unknown=0, listed_deletions=(), possible_successors=(), roster_digest="ab" * 32,
        references_uncertain=chance.choice((0, 2)), coverage=coverage,
    )  # fmt: skip


@pytest.fixture(scope="module")
def chance() -> Random:
    return Random(int(os.environ.get("ANTIPHON_TEST_SEED", "15")))


@pytest.mark.slow
def test_the_dom_the_json_and_the_topic_say_the_same_of_accounts(tmp_path: Path, chance: Random) -> None:
    """Every figure of a dossier, unknown ones too: those say `unknown`, and never 0."""
    dossiers = [made_dossier(chance, number) for number in range(_SUBJECTS)]
    with store_of(tmp_path / "store", dossiers=dossiers) as store:
        unknown = 0
        for dossier in dossiers:
            asked = ask(store, f"/accounts/twitter:{dossier.subject.id}")
            assert asked.json["dossier"] == msgspec.json.decode(msgspec.json.encode(dossier))
            dom, facts = asked.dom, _facts(asked)
            times = dossier.totals.retweet + dossier.totals.quote
            assert dom.by_id("amplified").numbers == [times]
            assert dom.by_id("distinct-officials").numbers == [dossier.distinct_officials]
            assert dom.by_id("score-total").numbers == [dossier.score.total]
            for name, value in (
                ("Followers", dossier.subject.followers),
                ("Age then, in days", dossier.age_at_first_amplification_days),
                ("Followed by officials", dossier.totals.follow),
            ):  # fmt: skip
                assert facts[name].numbers == ([] if value is None else [value])
                assert ("unknown" in facts[name].text) == (value is None)
                unknown += value is None
            if dossier.officials:
                shown = dom.rows("The officials, those with most amplifications first")
                assert [(*row[3].numbers, *row[4].numbers) for row in shown] == [
                    (each.retweets, each.quotes) for each in dossier.officials
                ]
            *terms, total = dom.rows("The terms of the state-engagement score")
            for row, term in zip(terms, dossier.score.contributions, strict=True):
                assert row[2].numbers == ([] if term.value is None else [term.points])
                assert ("unknown" in row[2].text) == (term.value is None)
            assert total[2].numbers == [dossier.score.total]
            is_bound = dossier.dropped > 0 or dossier.distinct_officials > len(dossier.officials)
            assert bool(asked.json["bounds"]) == is_bound
            assert ("at least" in asked.json["summary"]) == (dossier.dropped_amplifications > 0 and times > 0)
        assert unknown > len(dossiers) / 4


@pytest.mark.slow
def test_the_dom_the_json_and_the_topic_say_the_same_of_aftermaths(tmp_path: Path, chance: Random) -> None:
    """What cannot be said because too much went unseen is said as unknown."""
    aftermaths = [made_aftermath(chance, number) for number in range(_SUBJECTS)]
    with store_of(tmp_path / "store", aftermaths=aftermaths) as store:
        silences = 0
        for record in aftermaths:
            asked = ask(store, f"/aftermaths/{record.id}")
            assert asked.json["aftermath"] == msgspec.json.decode(msgspec.json.encode(record))
            dom, coverage = asked.dom, record.coverage
            no_silence = coverage is not None and coverage.says_nothing_of_silence
            no_comparison = coverage is not None and coverage.says_nothing_of_deletions
            for name, value in (
                ("references", record.references), ("references-before", record.references_before),
                ("deletions", record.deletions), ("silent-officials", None if no_silence else record.silent_officials),
                ("expected-deletions", None if no_comparison else record.expected_deletions),
            ):  # fmt: skip
                assert dom.by_id(name).numbers == ([] if value is None else [value])
            by_account = {} if not record.deletions else record.deletions_by_account
            if by_account:
                rows = dom.rows("Deletions by account")
                assert {row[0].text: row[1].numbers[0] for row in rows} == by_account
            if record.officials:
                rows = dom.rows("Officials that amplified it, referred to it or deleted posts")
                assert [
                    (row[2].numbers, row[3].numbers, row[4].numbers, row[5].numbers, row[6].text) for row in rows
                ] == [
                    (
                        [each.amplifications], [each.references], [each.deletions],
                        [] if each.posts is None else [each.posts], "silent" if each.silent else "",
                    )
                    for each in record.officials
                ]  # fmt: skip
            silences += no_silence
        assert silences


@pytest.mark.slow
def test_of_4096_officials_the_page_has_all_that_the_record_lists(tmp_path: Path, chance: Random) -> None:
    """A record lists 500, of which a page lists the first hundred until one asks for all; the others are counted."""
    dossier = made_dossier(chance, 1, officials=500)
    dossier = msgspec.structs.replace(dossier, distinct_officials=4_096)
    with store_of(tmp_path / "store", dossiers=[dossier]) as store:
        assert store.status().note == "", "no officials of a bundled case"
        asked = ask(store, f"/accounts/twitter:{dossier.subject.id}")
        assert any("3,596 are counted and not named" in sentence for sentence in asked.json["bounds"])
        assert len(asked.dom.rows("The officials, those with most amplifications first")) == 100
        [all_of_them] = [each for each in asked.dom.root.all("a") if each.text == "All 500 that the record lists"]
        whole = ask(store, all_of_them.attributes["href"].partition("#")[0])
        assert len(whole.dom.rows("The officials, those with most amplifications first")) == 500
        assert whole.json["dossier"] == asked.json["dossier"]
        country = ask(store, "/countries/IR")
        assert country.json["more_officials"] > 0
        assert f"{country.json['more_officials']} more officials" in country.dom.root.text


@pytest.mark.parametrize(
    "address",
    ["/accounts", "/accounts?q=x", "/aftermaths", "/countries", "/countries/IR", "/rosters", "/rules", "/corrections"],
)
def test_an_empty_store_says_what_is_not_there(tmp_path: Path, address: str) -> None:
    """On every list, with what would put something there."""
    with store_of(tmp_path / "store") as store:
        asked = ask(store, address)
        nothing = [each for each in asked.dom.everything() if "nothing" in each.attributes.get("class", "").split()]
        assert nothing
        assert all(len(each.text) > 20 for each in nothing)


def _facts(asked: Asked) -> dict[str, Element]:
    return {each.all("dt")[0].text: each.all("dd")[0] for each in asked.dom.root.all("div") if each.all("dt")[:1]}
