"""A publication takes effect whole or not at all, live and for a reader who comes after compaction."""

from collections import Counter
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rosters.roster_log import RosterLog, RosterRecordError, publication

Record: TypeAlias = tuple[bytes, bytes | None]


def _entry(account: int, term: int, country: str) -> RosterEntry:
    # Odd accounts are on the roster by handle alone.
    return RosterEntry(
        platform="twitter",
        account_id=None if account % 2 else str(account),
        handle=f"Handle{account}" if account % 2 else None,
        country=country,
        category="leader",
        source_url="https://example.org/",
        valid_from_us=term * 10,
        valid_to_us=term * 10 + 10,
    )


# Up to three accounts with up to two terms: small, so that rosters often share accounts, and sometimes are the same.
_rosters = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(0, 1)), st.sampled_from(["IR", "FR"]), max_size=4
).map(lambda terms: Roster(_entry(account, term, country) for (account, term), country in terms.items()))


def _compacted(log: list[Record], clean: int, *, drop_tombstones: bool) -> list[Record]:
    """What Kafka keeps: of the first `clean` records the last of each key, in their order; the rest as it is."""
    last = {key: position for position, (key, _) in enumerate(log[:clean])}
    return [
        (key, value)
        for position, (key, value) in enumerate(log)
        if position >= clean or (last[key] == position and not (drop_tombstones and value is None))
    ]


def _standing_keys(log: list[Record]) -> list[str]:
    return [key.decode() for key, value in dict(log).items() if value is not None]


def _replayed(log: list[Record]) -> Roster | None:
    reader = RosterLog()
    for key, value in log:
        reader.apply(key, value)
    return reader.roster


@given(_rosters)
def test_a_publication_takes_effect_with_its_manifest_and_not_before(roster: Roster) -> None:
    log = RosterLog()
    results = [log.apply(key, value) for key, value in publication([], roster)]
    assert results == [*[None] * (len(results) - 1), roster]
    assert log.roster == roster


@pytest.mark.slow
def test_publications_one_after_the_other_leave_the_last_complete_roster() -> None:
    """Each may be interrupted after any record; compaction may come between any two. Live and replay agree."""
    covered: Counter[str] = Counter()

    @settings(max_examples=150)
    @given(st.lists(st.tuples(_rosters, st.floats(0, 1)), min_size=1, max_size=5), st.data())
    def check(steps: list[tuple[Roster, float]], data: st.DataObject) -> None:
        topic: list[Record] = []
        live = RosterLog()
        in_force: Roster | None = None
        for roster, share in steps:
            records = publication(_standing_keys(topic), roster)
            manifest = next(n for n, (key, _) in enumerate(records) if key.endswith(b"/roster"))
            written = records if share > 0.6 else records[: int(share / 0.6 * len(records))]
            for key, value in written:
                topic.append((key, value))
                live.apply(key, value)
            if len(written) > manifest:
                in_force = roster
            covered["whole" if written == records else "no manifest" if len(written) <= manifest else "cut later"] += 1
            assert live.roster == in_force
            clean = data.draw(st.integers(0, len(topic)))
            topic = _compacted(topic, clean, drop_tombstones=data.draw(st.booleans()))
            assert _replayed(topic) == in_force

    check()
    assert min(covered[how] for how in ("whole", "no manifest", "cut later")) > 0, covered


@pytest.mark.slow
def test_publishers_at_the_same_time_never_leave_a_mixture_nor_nothing() -> None:
    """Each reads the standing keys when it starts; their records interleave; some stop half-way."""
    covered: Counter[str] = Counter()

    @settings(max_examples=150)
    @given(st.lists(_rosters, min_size=2, max_size=4), st.data())
    def check(rosters: list[Roster], data: st.DataObject) -> None:
        topic: list[Record] = publication([], rosters[0])
        complete = {rosters[0]}
        live = RosterLog()
        for key, value in topic:
            live.apply(key, value)
        waiting = list(rosters[1:])
        running: list[tuple[Roster, list[Record]]] = []
        while waiting or running:
            choice = data.draw(st.integers(-1, len(running)))
            if choice == len(running) or not running:
                if waiting:
                    roster = waiting.pop()
                    running.append((roster, publication(_standing_keys(topic), roster)))
            elif choice == -1 and data.draw(st.integers(0, 9)) == 0:
                running.pop()
                covered["stopped"] += 1
            else:
                roster, records = running[choice]
                key, value = records.pop(0)
                topic.append((key, value))
                before = live.roster
                if live.apply(key, value) is not None:
                    complete.add(roster)
                    covered["took effect while another was running"] += len(running) > 1
                else:
                    assert live.roster == before
                if not records:
                    del running[choice]
        assert live.roster in complete
        topic = _compacted(topic, data.draw(st.integers(0, len(topic))), drop_tombstones=data.draw(st.booleans()))
        assert _replayed(topic) in complete

    check()
    assert min(covered[what] for what in ("stopped", "took effect while another was running")) > 0, covered


@given(st.lists(_rosters, min_size=1, max_size=4))
def test_a_compacted_topic_holds_one_record_an_account_and_the_manifest(rosters: list[Roster]) -> None:
    """Nothing of earlier publications is left over, however many there were."""
    topic: list[Record] = []
    for roster in rosters:
        topic += publication(_standing_keys(topic), roster)
    topic = _compacted(topic, len(topic), drop_tombstones=True)
    accounts = {entry.account_key for entry in rosters[-1].entries}
    assert sorted(key.partition(b"/")[2].decode() for key, _ in topic) == sorted([*accounts, "roster"])
    assert _replayed(topic) == rosters[-1]


def test_the_topic_heals_from_records_that_no_publication_wrote() -> None:
    """A publisher removes every key that stands on the topic, also one it does not know."""
    roster = Roster([_entry(0, 0, "IR")])
    assert (b"twitter:1", None) in publication(["twitter:1", "7-0123456789abcdef/twitter:2"], roster)


_VERSION = b"1-0123456789abcdef"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"\xff/twitter:1", b"[]"),
        (b"twitter:1", b"[]"),
        (b"", None),
        (_VERSION + b"/", b"[]"),
        (b"x" + _VERSION + b"/twitter:1", b"[]"),
        (_VERSION + b"/twitter:1", b"[]"),
        (_VERSION + b"/twitter:1", b"\xff"),
        (_VERSION + b"/twitter:1", b"[" * 100_000),
        (_VERSION + b"/twitter:1", b'[{"platform":"twitter"}]'),
        (
            _VERSION + b"/twitter:1",
            b'[{"platform":"twitter","account_id":"2","country":"IR","category":"leader","source_url":""}]',
        ),
        (_VERSION + b"/roster", b"{}"),
        (_VERSION + b"/roster", b'"\x1b[2J"'),
    ],
)
def test_a_broken_record_is_an_error_that_names_its_key_and_changes_nothing(key: bytes, value: bytes | None) -> None:
    roster = Roster([_entry(0, 0, "IR"), _entry(1, 0, "FR")])
    records = publication([], roster)
    log = RosterLog()
    for record in records[:-1]:
        log.apply(*record)
    with pytest.raises(RosterRecordError) as refusal:
        log.apply(key, value)
    assert repr(key)[2:20] in str(refusal.value)
    assert str(refusal.value).isprintable()
    assert log.apply(*records[-1]) == roster


@pytest.mark.parametrize(
    ("position", "written", "instead"),
    [(0, b'"IR"', b'"FR"'), (2, b'"entries":2', b'"entries":3'), (2, b'"digest":"', b'"digest":"0')],
)
def test_a_publication_with_anything_wrong_in_it_leaves_the_roster_before_it(
    position: int, written: bytes, instead: bytes
) -> None:
    """Another State, another number of entries, another digest: each alone is enough."""
    log = RosterLog()
    before = Roster([_entry(2, 0, "FR")])
    for record in publication([], before):
        log.apply(*record)
    records = publication(["1-0123456789abcdef/roster"], Roster([_entry(0, 0, "IR"), _entry(1, 0, "IR")]))
    key, value = records[position]
    assert value is not None
    assert written in value
    records[position] = (key, value.replace(written, instead))
    assert [log.apply(*record) for record in records] == [None] * len(records)
    assert log.roster == before


def test_a_manifest_that_comes_twice_takes_effect_once() -> None:
    """A producer that was not told of the first send repeats it."""
    records = publication([], Roster([_entry(0, 0, "IR")]))
    log = RosterLog()
    assert [log.apply(*record) is None for record in (*records, records[-1])] == [True, False, True]


def test_terms_that_no_roster_may_hold_never_take_effect() -> None:
    """The digest alone would let them pass: it says that nothing is missing, not that it makes sense."""
    good = _entry(0, 0, "IR")
    records = publication([], Roster([good]))
    (key, value), manifest = records[0], records[1]
    assert value is not None
    assert manifest[1] is not None
    log = RosterLog()
    log.apply(key, b"[" + value[1:-1] + b"," + value[1:-1] + b"]")
    with pytest.raises(RosterRecordError, match="overlap"):
        log.apply(manifest[0], manifest[1].replace(b'"entries":1', b'"entries":2'))
    assert log.roster is None


@given(st.binary(max_size=40) | st.just(_VERSION + b"/roster"), st.none() | st.binary(max_size=40))
def test_no_record_does_anything_but_nothing_or_an_error_that_says_so(key: bytes, value: bytes | None) -> None:
    log, message = RosterLog(), ""
    try:
        assert log.apply(key, value) is None
    except RosterRecordError as error:
        message = str(error)
    assert message.isprintable()
