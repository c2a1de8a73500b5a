"""The format `jetstream`, broken: a reason that names the field, whatever a stranger writes."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason, Rejection
from streams.formats.bluesky.jetstream import JetstreamReader
from tests.formats.jetstream_frames import (
    FRAMES,
    SUBJECT,
    Wires,
    account,
    commit,
    identity,
    link,
    post,
    ref,
)
from tests.formats.payloads import Json, mutated_lines, to_line
from tests.formats.test_hostile_lines import outcome

LONG = "9" * 10_000


def refusals(wires: Wires) -> list[Rejection]:
    """What v1 and v2 are refused for."""
    found = [JetstreamReader().read(to_line(frame)) for frame in wires]
    assert all(isinstance(each, Rejection) for each in found), found
    return [each for each in found if isinstance(each, Rejection)]


@pytest.mark.parametrize(
    ("wires", "reason", "place"),
    [
        (commit("app.bsky.feed.post", {"text": "…"}, did="x"), Reason.NOT_AN_EVENT, "did"),
        (commit("app.bsky.feed.post", {"text": "…"}, did=f"did:plc:{LONG}"), Reason.NOT_AN_EVENT, "did"),
        (commit("app.bsky.feed.post", {"text": "…"}, did=f"did:web:{'a' * 201}"), Reason.NOT_AN_EVENT, "did"),
        (commit("app.bsky.feed.post", {"text": "…"}, did=SUBJECT + "\n"), Reason.NOT_AN_EVENT, "did"),
        (post(key=LONG), Reason.NOT_AN_EVENT, "rkey"),
        (post(key="a/b"), Reason.NOT_AN_EVENT, "rkey"),
        (post(key="a" * 200), Reason.NOT_AN_EVENT, "rkey"),
        (commit("app.bsky.feed.post", operation="create"), Reason.NOT_AN_EVENT, "record"),
        (commit("app.bsky.feed.post", operation="merge"), Reason.UNKNOWN_SHAPE, "operation"),
        (post(text=5), Reason.NOT_AN_EVENT, "`record.text`"),  # type: ignore[arg-type]  # that is the fault
        (post(langs="en"), Reason.NOT_AN_EVENT, "`record.langs`"),
        (post(facets=[{"features": [{"uri": 5}]}]), Reason.NOT_AN_EVENT, "`record.facets[0].features[0].uri`"),
        (post(facets=[link("x" * 9_000)]), Reason.NOT_AN_EVENT, "`record.facets[0].features[0].uri`"),
        (post(reply=[]), Reason.NOT_AN_EVENT, "`record.reply`"),
        (post(reply={}), Reason.NOT_AN_EVENT, "record.reply.parent.uri"),
        (post(reply={"parent": {"uri": "https://example.org"}}), Reason.NOT_AN_EVENT, "record.reply.parent.uri"),
        (post(embed=5), Reason.NOT_AN_EVENT, "`record.embed`"),
        (post(embed={"$type": "app.bsky.embed.record"}), Reason.NOT_AN_EVENT, "record.embed.record.uri"),
        (
            post(embed={"$type": "app.bsky.embed.record", "record": {"uri": 5}}),
            Reason.NOT_AN_EVENT,
            "`record.embed.record.uri`",
        ),
        (
            post(embed={"$type": "app.bsky.embed.recordWithMedia", "record": {"record": ref("x y")}}),
            Reason.NOT_AN_EVENT,
            "record.embed.record.record.uri",
        ),
        (commit("app.bsky.feed.repost", {}), Reason.NO_SUBJECT, "record.subject.uri"),
        (commit("app.bsky.feed.repost", {"subject": ref(f"did:plc:{LONG}")}), Reason.NO_SUBJECT, "record.subject.uri"),
        (commit("app.bsky.feed.repost", {"subject": ref("a.example.org")}), Reason.NO_SUBJECT, "record.subject.uri"),
        (commit("app.bsky.feed.repost", {"subject": SUBJECT}), Reason.NOT_AN_EVENT, "`record.subject`"),
        (commit("app.bsky.graph.follow", {"subject": ref(SUBJECT)}), Reason.NOT_AN_EVENT, "`record.subject`"),
        (commit("app.bsky.graph.follow", {"subject": "a.example.org"}), Reason.NOT_AN_EVENT, "record.subject"),
        (account(status="takendown"), Reason.NOT_AN_EVENT, "account.active"),
        (account(active="yes"), Reason.NOT_AN_EVENT, "account.active`"),
        (account(active=True, time="yesterday"), Reason.BAD_TIME, "account.time`"),
        (account(active=True, time="0001-01-01T00:00:00+23:59"), Reason.BAD_TIME, "account.time"),
        (account(active=True, did="did:key:z6Mk"), Reason.NOT_AN_EVENT, "did"),
        (identity(handle="h" * 254), Reason.NOT_AN_EVENT, "identity.handle`"),
        (identity(handle="a.example.org", time=5), Reason.BAD_TIME, "identity.time`"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_is_of_no_use_is_named(wires: Wires, reason: Reason, place: str) -> None:
    for refused in refusals(wires):
        assert refused.reason is reason
        assert place in refused.detail


@pytest.mark.parametrize("time_us", [None, -1, 0, "1772366400250000", 1.5, 2**63, int("9" * 4_000), 253402300800000000])
def test_a_time_of_v1_that_is_none_is_a_bad_time(time_us: Json) -> None:
    frame, _ = FRAMES["post"]
    refused = JetstreamReader().read(to_line({**frame, "time_us": time_us}))
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.BAD_TIME
    assert "time_us" in refused.detail


@pytest.mark.parametrize(
    "time",
    [None, 5, "", "2026-03-01T12:00:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "2026-13-01T00:00:00Z"],
)
@pytest.mark.parametrize("field", ["time", "witnessedAt"])
def test_a_time_of_v2_that_is_none_is_a_bad_time(field: str, time: Json) -> None:
    _, frame = FRAMES["post"]
    reading = JetstreamReader().read(to_line({**frame, "payload": {**frame["payload"], field: time}}))
    if field == "witnessedAt" and time is None:  # hosts of before have none
        assert isinstance(reading, tuple)
        return
    assert isinstance(reading, Rejection)
    assert reading.reason is Reason.BAD_TIME
    assert f"payload.{field}" in reading.detail


@pytest.mark.parametrize(
    "frame",
    [
        {"kind": "label", "did": SUBJECT},
        {"$type": "frame"},
        {"$type": "message", "payload": {"$type": "network.bsky.jetstream.subscribeEvents#label"}},
        {"$type": "message"},
        {"did": SUBJECT, "active": False, "status": "deactivated", "seq": 101, "time": "2026-03-01T12:00:00Z"},
    ],
)
def test_a_message_of_no_known_kind_is_an_unknown_shape(frame: Json) -> None:
    refused = JetstreamReader().read(to_line(frame))
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.UNKNOWN_SHAPE


@pytest.mark.parametrize("kind", ["commit", "account", "identity"])
def test_a_frame_without_what_its_kind_promises_names_it(kind: str) -> None:
    frame = {"did": SUBJECT, "kind": kind, "time_us": 1_772_366_400_250_000}
    refused = JetstreamReader().read(to_line(frame))
    assert refused == Rejection(reason=Reason.NOT_AN_EVENT, detail=f"{kind}: missing")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"kind":"commit","commit":{"record":' + b"[" * 500_000, Reason.TOO_DEEP),
        (b'{"$type":"message","payload":{"record":' + b'{"a":' * 500_000, Reason.TOO_DEEP),
        (b'{"what":"\xff"}', Reason.NOT_JSON),
        (to_line(post("\ud800")[0]), Reason.NOT_JSON),
        (to_line(post("\ud800")[1], ensure_ascii=False), Reason.NOT_JSON),
    ],
    ids=["lists", "objects", "bytes that are no text", "half a character escaped", "half a character in bytes"],
)
def test_a_line_that_no_parser_can_follow_is_refused(line: bytes, reason: Reason) -> None:
    refused = JetstreamReader().read(line)
    assert isinstance(refused, Rejection)
    assert refused.reason is reason


@pytest.mark.slow
def test_a_frame_broken_anywhere_gives_events_that_survive_the_wire_a_known_name_or_a_reason() -> None:
    seen: Counter[str] = Counter()
    frames = [list(wires) for wires in FRAMES.values()]

    @given(st.sampled_from(frames).flatmap(mutated_lines))
    @settings(max_examples=1_500, deadline=None)
    def check(line: bytes) -> None:
        seen[outcome("jetstream", line)] += 1

    check()
    assert {"Post", "Retweet", "Deletion", "Suspension", "Follow", "Profile", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape"} <= seen.keys()
