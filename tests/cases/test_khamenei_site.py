"""The bundled case has every figure of the published analysis, and is made as real events are."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from streams.cases import KHAMENEI_SITE
from streams.core.clock import to_us
from streams.core.rosters.roster_file import parse_roster
from streams.events import Account, decode_event, encode_event
from tests.cases.recount import Json, Recount
from tools.cases.khamenei_site.make_case import make_events, make_roster

_SUBJECT = "1280000000000000001"
_SUSPENDED = datetime(2021, 1, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def case() -> Recount:
    return Recount(KHAMENEI_SITE.events, KHAMENEI_SITE.roster)


def _at(event: Json) -> datetime:
    return datetime.fromisoformat(event["at"])


def _speaks_of_subject(event: Json) -> bool:
    """Whether the event has to do with the watched account in any way, its own deeds left out."""
    refs = [event.get(name, {}).get("account") for name in ("reply_to", "quotes")]
    about = (event.get("subject"), *refs, *event.get("mentions", ()))
    return any(account is not None and account["id"] == _SUBJECT for account in about) or "Khamenei_site" in event.get(
        "text", ""
    )


def _leader_accounts(case: Recount) -> dict[str, str]:
    """Handles by id."""
    return {row["account_id"]: row["handle"] for row in case.roster if row["category"] == "leader"}


def test_the_files_are_what_the_script_makes() -> None:
    """Byte for byte, on every Python: else the script and the case have parted ways."""
    assert KHAMENEI_SITE.events.read_bytes() == make_events()
    assert KHAMENEI_SITE.roster.read_bytes() == make_roster()


def test_84_retweets_by_all_19_officials_37_of_them_by_the_farsi_account(case: Recount) -> None:
    amplifications = case.amplifications()[_SUBJECT]
    by_official = Counter(amplification.by for amplification in amplifications)
    assert len(amplifications) == 84
    assert set(by_official) == {row["handle"] for row in case.roster}
    assert len(by_official) == 19
    assert by_official.most_common(1) == [("Khamenei_fa", 37)]
    retweeted = {event["id"] for event in case.of_kind("retweet")}
    assert {amplification.id for amplification in amplifications} <= retweeted, "retweets, no quotes"


def test_the_first_retweet_is_in_the_month_of_creation_and_the_last_before_the_suspension(case: Recount) -> None:
    amplifications = case.amplifications()[_SUBJECT]
    created = case.created(_SUBJECT, amplifications[0].at)
    assert created is not None
    assert (created.year, created.month) == (amplifications[0].at.year, amplifications[0].at.month) == (2020, 7)
    assert amplifications[-1].at < _SUSPENDED
    farsi = [amplification.at for amplification in amplifications if amplification.by == "Khamenei_fa"]
    assert timedelta(days=180) < farsi[-1] - farsi[0] < timedelta(days=215), "about seven months"


def test_two_of_the_leaders_accounts_follow_it(case: Recount) -> None:
    follows = [
        e for e in case.of_kind("follow") if e["subject"]["id"] == _SUBJECT and case.official(e["actor"], _at(e))
    ]
    leaders = _leader_accounts(case)
    assert len(follows) == 2
    assert len({leaders[event["actor"]["id"]] for event in follows}) == 2
    assert all(event.get("active", True) for event in follows)


def test_it_links_to_the_leaders_site_and_repeats_his_posts_unedited(case: Recount) -> None:
    """An excerpt: at least 60 characters on end from an earlier post of the Farsi-language account."""
    run = 60
    posts = sorted(case.of_kind("post"), key=_at)
    official_runs: set[str] = set()
    links = excerpts = others = 0
    for post in posts:
        text = post["text"]
        runs = {text[n : n + run] for n in range(len(text) - run + 1)}
        if post["actor"].get("handle") == "Khamenei_fa":
            official_runs |= runs
        elif post["actor"]["id"] == _SUBJECT:
            links += any("khamenei.ir/" in link for link in post.get("links", ()))
            excerpts += not runs.isdisjoint(official_runs)
            assert post["lang"] == "fa"
        else:
            others += not runs.isdisjoint(official_runs)
    assert links >= 50
    assert excerpts >= 40
    assert others == 0, "nobody else repeats them, so that overlap tells something"


def test_it_is_suspended_on_21_january_2021(case: Recount) -> None:
    ((at, status),) = case.suspensions(_SUBJECT)
    assert (at.date().isoformat(), status) == ("2021-01-21", "suspended")


def test_officials_speak_of_it_twice_afterwards_both_times_fars(case: Recount) -> None:
    """And not once before, other than by retweets and follows. All 19 go on posting about other things."""
    (suspended_at, _), *_ = case.suspensions(_SUBJECT)
    after = Counter[str]()
    busy = set()
    for event in case.events:
        official = case.official(event.get("actor", {"id": ""}), _at(event))
        if official is None:
            continue
        if _at(event) > suspended_at and event["kind"] == "post":
            busy.add(official)
        if _speaks_of_subject(event):
            if _at(event) > suspended_at:
                after[official] += 1
                assert event["kind"] == "post"
            else:
                assert event["kind"] in ("retweet", "follow")
    assert after == {"FarsNews_Agency": 1, "EnglishFars": 1}
    assert len(busy) == 19


def test_nine_posts_of_the_leaders_accounts_are_gone_within_days_one_english_and_eight_persian(case: Recount) -> None:
    (suspended_at, _), *_ = case.suspensions(_SUBJECT)
    leaders = _leader_accounts(case)
    posts = {event["id"]: event for event in case.of_kind("post")}
    gone = Counter[tuple[str, str]]()
    for event in case.of_kind("deletion"):
        if event["post_id"] not in posts:
            continue  # a retweet
        if event["actor"]["id"] in leaders:
            post = posts[event["post_id"]]
            assert post["actor"]["id"] == event["actor"]["id"]
            assert _at(post) < suspended_at < _at(event) < suspended_at + timedelta(days=7)
            gone[leaders[event["actor"]["id"]], post["lang"]] += 1
        elif case.official(event["actor"], _at(event)):
            assert _at(event) < suspended_at - timedelta(days=30), "other officials delete at other times"
    assert gone == {("Khamenei_fa", "fa"): 8, ("khamenei_ir", "en"): 1}


def test_all_84_retweets_vanish_with_the_account_some_a_second_before_half_without_a_name(case: Recount) -> None:
    """As a platform removes them; those who look notice some before the suspension. Nobody took one back."""
    (suspended_at, _), *_ = case.suspensions(_SUBJECT)
    vanished = case.vanished(_SUBJECT)
    assert Counter(by for _, by, _ in vanished) == Counter(a.by for a in case.amplifications()[_SUBJECT])
    lags = [at - suspended_at for at, _, _ in vanished]
    assert -timedelta(seconds=1) in lags
    assert timedelta(seconds=-30) < lags[0] < lags[-1] < timedelta(hours=12)
    assert 10 <= sum(lag < timedelta(0) for lag in lags) <= 20
    assert 30 <= sum(names_it for _, _, names_it in vanished) <= 54


def test_what_the_analysis_does_not_tell_is_left_unknown(case: Recount) -> None:
    for _, account in case.accounts[_SUBJECT]:
        assert set(account) <= {"id", "handle"}
    for event in case.of_kind("suspension"):
        assert "reason" not in event


def test_officials_retweet_each_other_without_becoming_news(case: Recount) -> None:
    """The new mission's account would break three rules if it were not itself on the roster."""
    mission = case.amplifications()[case.id_of["IRNMission_Geneva"]]
    by_official = Counter(amplification.by for amplification in mission)
    assert len(mission) >= 40
    assert len(by_official) >= 7
    assert by_official.most_common(1)[0][1] >= 20
    created = case.created(case.id_of["IRNMission_Geneva"], mission[0].at)
    assert created is not None
    assert mission[0].at - created < timedelta(days=30)
    assert all(case.official({"id": case.id_of["IRNMission_Geneva"]}, amplification.at) for amplification in mission)
    by_itself = [e for e in case.of_kind("retweet") if e["actor"]["id"] == e["subject"]["id"]]
    assert by_itself, "somebody retweets itself, which is no amplification"


def test_every_line_is_a_canonical_event_and_stands_once(case: Recount) -> None:
    assert 1_500 <= len(case.lines) <= 4_000
    for line in case.lines:
        assert encode_event(decode_event(line)) == line
    assert len({event["id"] for event in case.events}) == len(case.events)
    assert {event["kind"] for event in case.events} == {
        "post",
        "retweet",
        "suspension",
        "deletion",
        "follow",
        "profile",
    }


def test_nobody_retweets_a_post_twice(case: Recount) -> None:
    pairs = Counter((event["actor"]["id"], event["post_id"]) for event in case.of_kind("retweet"))
    assert set(pairs.values()) == {1}


def test_an_events_id_is_a_snowflake_of_its_second(case: Recount) -> None:
    for event in case.events:
        milliseconds = (int(event["id"]) >> 22) + 1_288_834_974_657
        assert datetime.fromtimestamp(milliseconds // 1_000, UTC) == _at(event)


def test_what_an_event_refers_to_happened_before_it_and_is_in_the_file(case: Recount) -> None:
    events = {event["id"]: event for event in case.events}
    checked = Counter[str]()
    for event in case.events:
        for name in ("post_id", "reply_to", "quotes"):
            if name in event:
                reference = event[name] if name == "post_id" else event[name]["post_id"]
                assert _at(events[reference]) < _at(event)
                checked[f"{event['kind']} {name}"] += 1
    assert set(checked) == {"retweet post_id", "deletion post_id", "post reply_to", "post quotes"}


def test_events_come_in_the_order_of_observation_mostly_soon_sometimes_a_day_late(case: Recount) -> None:
    observed = [datetime.fromisoformat(event["observed_at"]) for event in case.events]
    assert observed == sorted(observed)
    lags = sorted(seen - _at(event) for seen, event in zip(observed, case.events, strict=True))
    assert lags[0] > timedelta(0)
    assert lags[len(lags) // 2] < timedelta(minutes=2)
    assert timedelta(hours=6) < lags[-1] < timedelta(hours=24)
    newest = datetime.min.replace(tzinfo=UTC)
    late = 0
    for event in case.events:
        late += _at(event) < newest
        newest = max(newest, _at(event))
    assert 0.02 < late / len(case.events) < 0.15


def test_the_roster_reads_as_the_recount_reads_it(case: Recount) -> None:
    """For every actor at every event, by id, by handle, and before and after a term begins."""
    roster = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv")
    assert len(roster.entries) == len(case.roster) == 19
    assert {entry.country for entry in roster.entries} == {"IR"}
    assert {entry.category for entry in roster.entries} == {"leader", "diplomat", "government", "state_media"}
    assert all(entry.source_url.startswith("https://example.org/") for entry in roster.entries)
    before_term = Counter[str]()
    for event in (each for each in case.events if "actor" in each):
        account = Account(id=event["actor"]["id"], handle=event["actor"].get("handle"))
        found = roster.official("twitter", account.id, account.handle, to_us(_at(event)))
        assert (found.handle if found else None) == case.official(event["actor"], _at(event))
        if found is None and case.official(event["actor"], _at(event), always=True):
            before_term[account.handle or ""] += 1
    assert before_term["Amb_R_Danesh"] >= 1
    assert len(roster.handles_of("twitter")) == 1
