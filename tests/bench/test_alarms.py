"""False alarms are those of a plain count, on a generated parliament and, where its data is, on the real one."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest

from bench.figures import alarms, command
from bench.figures.alarms import Alarms, Plan, judged, measure_alarms, simulate
from bench.figures.chance_matches import text_matches
from bench.figures.environment import Environment
from bench.figures.habits import HABITS
from bench.figures.ordinary_suspensions import MOMENTS, still_possible, suspended_once
from bench.figures.parliament import Parliament, Status, divided, french_parliament, generated_parliament
from bench.report_alarms import alarms_parts
from bench.results import RECORD, load_results
from streams.core.clock import to_us
from streams.core.enriched import Amplification
from streams.events import Account, Deletion, Post, PostRef, Retweet, Suspension
from streams.ledger.memory import MemoryLedger
from streams.rules_loading import bundled_rules
from tools.kafka.jars import Unavailable

pytestmark = pytest.mark.slow

_DAY: Final = timedelta(days=1)
_SEED: Final = 1
_PASSAGE: Final = (
    "les présidents des deux chambres recevront demain matin les maires des communes touchées par la tempête"
)


def _amplifications(parliament: Parliament) -> list[Amplification]:
    return judged(parliament.statuses, parliament.roster, MemoryLedger(), bundled_rules()).amplifications


@pytest.fixture(scope="module")
def small() -> Parliament:
    return generated_parliament(_SEED)


@pytest.fixture(scope="module")
def amplified(small: Parliament) -> list[Amplification]:
    return _amplifications(small)


@pytest.fixture(scope="module")
def measured() -> Alarms:
    """The quick figure, whole."""
    return measure_alarms(Environment(address="", kind="none", broker_pid=None, quick=True, echo=lambda _: None))


def _plain_counts(parliament: Parliament, amplifications: Sequence[Amplification], plan: Plan) -> dict[str, int]:
    """`clean-up` and `silence` of one run counted without the core, for a roster of one State whose officials do no
    more than retweet, quote and mention."""
    end = max(status.at for status in parliament.statuses)
    suspensions = suspended_once(amplifications, end, MOMENTS[plan.moment], _SEED)
    officials = {entry.account_id for entry in parliament.roster.entries}
    statuses = [each for each in still_possible(parliament.statuses, suspensions) if each.actor.id in officials]
    statuses.sort(key=lambda each: (each.at, each.id))
    posted = {each.id: each.at for each in statuses}
    deletions = HABITS[plan.habit](statuses, Random(f"{_SEED} {plan.habit}"))
    gone = sorted(each.at for each in deletions if each.at - posted[each.post_id] <= 90 * _DAY)
    referring: defaultdict[str, list[Status]] = defaultdict(list)
    for status in statuses:
        accounts = [status.subject] if isinstance(status, Retweet) else list(status.mentions)
        for account in {account.id for account in accounts}:
            referring[account].append(status)
    held = Counter[str]()
    for subject, suspension in suspensions.items():
        opened, until, before = suspension.at, suspension.at + 14 * _DAY, suspension.at - 30 * _DAY
        inside = sum(opened <= at < until for at in gone)
        expected = sum(before <= at < opened for at in gone) * 14 / 30
        held["clean-up"] += inside >= 5 and inside >= 3 * max(1.0, expected)
        amplifiers = {each.official.id for each in amplifications if each.subject.id == subject and each.at <= opened}
        referrers = {each.actor.id for each in referring[subject] if opened <= each.at < until}
        spoken = sum(before <= each.at < opened for each in referring[subject])
        held["silence"] += (
            len(amplifiers) >= 5 and len(amplifiers - referrers) >= 0.8 * len(amplifiers) and spoken >= 10
        )
    return dict(held)


@pytest.mark.parametrize("habit", ["nobody deletes", "2 % of posts", "10 % of posts", "fits of 20"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_alarms_are_those_of_a_plain_count(
    small: Parliament, amplified: list[Amplification], habit: str, moment: str
) -> None:
    plan = Plan(habit, 1, moment)
    run = simulate(small, amplified, plan, _SEED)
    raised = {count.rule: count.raised for count in run.on_aftermaths}
    plain = _plain_counts(small, amplified, plan)
    if habit == "fits of 20":
        # Withdrawn retweets change who had amplified an account before it was suspended, and so `silence`.
        assert plain["clean-up"] > 0
        assert raised["clean-up"] == plain["clean-up"]
    else:
        assert {rule: raised[rule] for rule in plain} == plain
        assert moment == "later" or plain["silence"] > 0
    assert run.watches == run.suspensions > 30


def test_every_habit_is_measured_and_fits_raise_clean_up(measured: Alarms) -> None:
    assert {run.plan.habit for run in measured.runs} == HABITS.keys()
    for run in measured.runs:
        raised = {count.rule: count for count in run.on_aftermaths}
        left = run.clean_ups
        most = raised["clean-up"].raised
        assert max(left.by_amplifiers, left.by_two, left.sittings, left.concerning) <= most
        assert left.both <= min(left.by_amplifiers, left.sittings)
        assert all(count.raised_of_many <= min(count.raised, run.watches_of_many) for count in raised.values())
        assert raised["silence"].raised <= run.mostly_silent <= run.watches_of_many
        if run.plan.habit == "nobody deletes":
            assert (run.deletions, most) == (0, 0)
        else:
            assert run.deletions > 10
        if run.plan == Plan("fits of 20", 1, "while amplified"):
            assert most > 0
            # A fit is one sitting: five of them in a fortnight are rare.
            assert left.sittings < most


def test_officials_of_several_states_have_more_watches_of_fewer_officials(measured: Alarms) -> None:
    one, several = (run for run in measured.runs if run.plan.habit == "nobody deletes" and run.plan.moment != "later")
    assert (one.plan.parts, several.plan.parts) == (1, 2)
    assert several.suspensions == one.suspensions
    assert several.watches > 1.5 * one.watches
    assert several.watches_of_many < one.watches_of_many


def test_equal_seeds_give_equal_figures_and_others_do_not(small: Parliament, amplified: list[Amplification]) -> None:
    plan = Plan("fits of 20", 2, "while amplified")
    first, again, other = (simulate(small, amplified, plan, seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_the_report_has_every_run_and_every_rule(measured: Alarms) -> None:
    report = "\n".join(alarms_parts(measured))
    for rule in ("clean-up", "silence", "possible-successor", "amplified-then-suspended"):
        assert f"`{rule}`" in report
    later = next(run for run in measured.runs if run.plan.moment == "later")
    assert report.count("\n| nobody deletes, suspended later | 1 |") == 3
    assert f"| {later.watches:,} |" in report
    fits = next(run for run in measured.runs if run.plan == Plan("fits of 20", 1, "while amplified"))
    [alarms_of_fits] = [count.raised for count in fits.on_aftermaths if count.rule == "clean-up"]
    row = f"| fits of 20 | 1 | {fits.watches} | {alarms_of_fits} | {100 * alarms_of_fits / fits.watches:.1f} % |"
    assert row in report


def test_the_concepts_page_documents_the_figures_of_the_record() -> None:
    recorded = load_results(RECORD).figures
    assert recorded is not None
    assert recorded.alarms is not None
    runs = {run.plan: run for run in recorded.alarms.figure.runs}
    parts = max(plan.parts for plan in runs)
    page = (Path(__file__).parents[2] / "docs" / "concepts.md").read_text(encoding="utf-8")
    [table] = [part for part in page.split("\n\n") if part.startswith("| habit of officials ")]
    rows = table.splitlines()[2:]
    assert len(rows) == len(HABITS)
    for row, habit in zip(rows, HABITS, strict=True):
        one, several = (runs[Plan(habit, number, "while amplified")] for number in (1, parts))
        raised = {count.rule: count for count in one.on_aftermaths}
        few = {count.rule: count for count in several.on_aftermaths}
        wanted = (
            (one.watches,),
            (raised["clean-up"].raised,),
            (one.watches_of_many,),
            (raised["silence"].raised_of_many,),
            (raised["possible-successor"].raised,),
            (few["clean-up"].raised, several.watches),
        )
        cells = [re.sub(r"\([\d.]+ %\)|[*,]", "", cell) for cell in row.strip("| ").split(" | ")[1:]]
        assert [tuple(map(int, re.findall(r"\d+", cell))) for cell in cells] == list(wanted)


@pytest.mark.parametrize("habit", [name for name in HABITS if name != "nobody deletes"])
def test_officials_delete_what_is_theirs_once_and_afterwards(small: Parliament, habit: str) -> None:
    posts = {status.id: status for status in small.statuses}
    deletions = [gone for seed in range(20) for gone in HABITS[habit](small.statuses, Random(seed))]
    assert len(deletions) > 300
    for gone in deletions:
        assert gone.actor == posts[gone.post_id].actor
        assert posts[gone.post_id].at <= gone.at <= small.statuses[-1].at
    once = list(HABITS[habit](small.statuses, Random(1)))
    assert len({gone.post_id for gone in once}) == len(once)


@pytest.mark.parametrize(
    ("habit", "kind", "share"),
    [("2 % of posts", Post, 0.02), ("10 % of posts", Post, 0.1), ("5 % of retweets", Retweet, 0.05)],
)
def test_a_share_is_deleted_twenty_days_later_on_average(
    small: Parliament, habit: str, kind: type[Status], share: float
) -> None:
    """Of posts of the first hundred days, so that what has not happened by the end is next to nothing."""
    posts = {each.id: each for each in small.statuses if each.at < small.statuses[0].at + 100 * _DAY}
    deletions = [gone for seed in range(40) for gone in HABITS[habit](small.statuses, Random(seed))]
    early = [gone for gone in deletions if gone.post_id in posts]
    assert all(isinstance(posts[gone.post_id], kind) for gone in early)
    of_kind = 40 * sum(isinstance(each, kind) for each in posts.values())
    assert len(early) / of_kind == pytest.approx(share, rel=0.15)
    delays = [(gone.at - posts[gone.post_id].at) / _DAY for gone in early]
    assert sum(delays) / len(delays) == pytest.approx(20, rel=0.15)


def test_in_a_fit_twenty_of_ninety_days_go_within_an_hour(small: Parliament) -> None:
    posted = {status.id: status.at for status in small.statuses}
    sizes = []
    for seed in range(10):
        by_official: defaultdict[str, list[Deletion]] = defaultdict(list)
        for gone in HABITS["fits of 20"](small.statuses, Random(seed)):
            by_official[gone.actor.id if gone.actor else ""].append(gone)
        for of_one in by_official.values():
            of_one.sort(key=lambda gone: gone.at)
            sizes += [len(fit) for fit in _split(of_one, timedelta(hours=2))]
            assert all(gone.at - posted[gone.post_id] < 90 * _DAY + timedelta(hours=1) for gone in of_one)
            for fit in _split(of_one, timedelta(hours=2)):
                assert fit[-1].at - fit[0].at <= timedelta(hours=1)
    # 16 officials, four to five quarters, one in ten.
    assert 40 <= len(sizes) <= 100
    assert max(sizes) == 20
    assert sizes.count(20) > len(sizes) / 2


def _split(deletions: list[Deletion], gap: timedelta) -> list[list[Deletion]]:
    parts = [[deletions[0]]]
    for before, after in pairwise(deletions):
        if after.at - before.at > gap:
            parts.append([])
        parts[-1].append(after)
    return parts


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_account_is_suspended_once_two_officials_had_amplified_it_and_its_watch_can_end(
    small: Parliament, amplified: list[Amplification], moment: str
) -> None:
    end = small.statuses[-1].at
    suspensions = suspended_once(amplified, end, MOMENTS[moment], _SEED)
    assert len(suspensions) > 30
    for subject, suspension in suspensions.items():
        assert suspension.at + 14 * _DAY <= end
        of_subject = [each for each in amplified if each.subject.id == subject]
        assert len({each.official.id for each in of_subject if each.at < suspension.at}) >= 2
        if moment == "later":
            assert suspension.at > max(each.at for each in of_subject)
        else:
            assert suspension.at - timedelta(hours=1) in {each.at for each in of_subject}


def test_nobody_amplifies_an_account_after_its_suspension_but_all_else_is_kept(
    small: Parliament, amplified: list[Amplification]
) -> None:
    suspensions = suspended_once(amplified, small.statuses[-1].at, MOMENTS["while amplified"], _SEED)
    kept = {status.id for status in still_possible(small.statuses, suspensions)}
    left_out = [status for status in small.statuses if status.id not in kept]
    assert len(left_out) > 100
    for status in left_out:
        assert isinstance(status, Retweet)
        assert status.at >= suspensions[status.subject.id].at
    for status in small.statuses:
        if isinstance(status, Retweet) and status.subject.id in suspensions and status.id in kept:
            assert status.at < suspensions[status.subject.id].at


def test_a_quote_of_a_suspended_account_is_left_out_too_and_what_names_it_is_kept() -> None:
    at = datetime.fromisoformat("2024-05-01T00:00:00Z")
    account = Account(id="9", handle="voice")
    suspension = Suspension(platform="twitter", id="s", at=at, actor=account, status="suspended")
    official, quoted = Account(id="1"), PostRef(post_id="o", account=account)
    early, late, other = (
        Post(platform="twitter", id=name, at=at + day * _DAY, actor=official, quotes=quotes, mentions=(account,))
        for name, day, quotes in (("early", -1, quoted), ("late", 1, quoted), ("other", 1, None))
    )
    assert list(still_possible([early, late, other], {"9": suspension})) == [early, other]


def test_divided_officials_are_the_same_officials_in_parts_of_equal_size(small: Parliament) -> None:
    parts = divided(small.roster, 4, _SEED)
    assert Counter(Counter(entry.country for entry in parts.entries).values()) == {4: 4}
    together = {msgspec.structs.replace(entry, country="FR") for entry in parts.entries}
    assert together == set(small.roster.entries)
    assert divided(small.roster, 1, _SEED) == small.roster


def test_a_text_matches_by_chance_what_was_posted_a_year_away() -> None:
    """One passage is posted within the 90 days around, another 400 days later, a third 200 days later."""
    parliament = generated_parliament(_SEED)
    official = parliament.statuses[0].actor
    begin = parliament.statuses[0].at
    statuses: list[Status] = []
    for number, days in enumerate((30, 400, 200)):
        text = " ".join(f"{word}{number}" for word in _PASSAGE.split())
        subject = Account(id=f"{90 + number}")
        statuses += [
            Retweet(
                platform="twitter",
                id=f"r{number}",
                at=begin,
                actor=official,
                subject=subject,
                post_id=f"o{number}",
                text=text,
            ),
            Post(platform="twitter", id=f"p{number}", at=begin + days * _DAY, actor=official, text=text),
        ]
    ledger = MemoryLedger()
    judged(statuses, parliament.roster, ledger, bundled_rules())
    posts_us = [to_us(status.at) for status in statuses if isinstance(status, Post)]
    found = text_matches(ledger, "FR", "twitter", ["90", "91", "92"], posts_us)
    assert (found.texts, found.around, found.away) == (3, 1, 1)
    assert (found.posts_around, found.posts_away) == (1.0, 1.0)


def test_without_the_data_the_command_says_so_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Unavailable, match="French members of parliament"):
        french_parliament(tmp_path)
    monkeypatch.setattr(alarms, "french_parliament", partial(french_parliament, tmp_path))
    monkeypatch.setattr(command, "RECORD", tmp_path / "results.json")
    assert command.main(["alarms"]) == 1
    assert "which are not in ../shared/data" in " ".join(capsys.readouterr().err.split())


def test_alarms_of_french_deputies_are_those_of_a_plain_count(shared_data: Path) -> None:
    """Of their statuses until 2017. Handles in texts and answers refer to an account too, so `clean-up` alone."""
    whole = french_parliament(shared_data / "fr_parliament")
    assert len(whole.statuses) == 48_928
    early = tuple(status for status in whole.statuses if status.at.year < 2018)
    parliament = msgspec.structs.replace(whole, statuses=early)
    amplifications = _amplifications(parliament)
    for habit in ("10 % of posts", "fits of 20"):
        plan = Plan(habit, 1, "while amplified")
        run = simulate(parliament, amplifications, plan, _SEED)
        raised = {count.rule: count.raised for count in run.on_aftermaths}
        assert raised["clean-up"] == _plain_counts(parliament, amplifications, plan)["clean-up"]
        assert run.suspensions > 50
        assert habit != "fits of 20" or raised["clean-up"] > 0
