"""The format `mapped:…`: what rows and objects become by their mapping."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason
from streams.errors import InputError
from streams.events import Account, Deletion, Follow, Post, PostRef, Profile, Retweet, Suspension
from streams.formats.inputs.shapes import records_of
from streams.formats.mapped.mapped import SKIPPED_NAMES
from streams.formats.reader import FormatReader, Skipped
from streams.formats.recognition import recognised
from streams.formats.registry import reader_named, readers_named
from tests.formats.mappings import POSTS, mapped, read_text
from tests.formats.payloads import mutated_lines, to_line
from tests.formats.readings import only_event, rejected
from tests.formats.test_hostile_lines import outcome_of

_SENT = datetime(2021, 4, 25, 10, 5, tzinfo=UTC)  # 13:05 at +03:00
_LINKS = ["https://example.org/a", "https://example.org/b,c", "no address"]

MESSAGE: dict[str, Any] = {
    "type": "message",
    "mid": 17,
    "sent": "25.04.2021 13:05",
    "seen": 1619355907.5,
    "channel": {
        "id": 1001234,
        "name": "@Mfa_Alpha",
        "title": "The ministry",
        "since": "2020-01-02",
        "subscribers": 12.0,
        "verified": True,
    },
    "text": " said ",
    "lang": "fa",
    "links": [{"href": link} for link in _LINKS],
    "mentions": [{"id": "5", "name": "five"}, {"id": "6", "name": "six"}, {"id": "5", "name": "five"}],
    "reply": {"id": "16", "channel": "77"},
    "quote": [{"id": "15", "name": "@Emb_Beta"}],
}
FORWARD = {
    "type": "forward",
    "mid": 18,
    "sent": "25.04.2021 13:05",
    "channel": {"id": "1001234"},
    "from": {"id": 99, "name": "Nova_Relay", "message": 3},
    "text": "news",
}

_READER = mapped(POSTS)


def _read(payload: Any, reader: FormatReader = _READER) -> Any:
    return reader.read(to_line(payload))


def test_paths_into_json_give_every_field_of_a_post() -> None:
    assert only_event(Post, _read(MESSAGE)) == Post(
        platform="vk",
        id="17",
        at=_SENT,
        observed_at=datetime(2021, 4, 25, 13, 5, 7, 500_000, tzinfo=UTC),
        actor=Account(
            id="1001234",
            handle="Mfa_Alpha",
            name="The ministry",
            created_at=datetime(2020, 1, 2, tzinfo=UTC),
            created_at_source="reported",
            followers=12,
            verified=True,
        ),
        text="said",
        lang="fa",
        links=("https://example.org/a", "https://example.org/b,c"),
        mentions=(Account(id="5", handle="five"), Account(id="6", handle="six")),
        reply_to=PostRef(post_id="16", account=Account(id="77")),
        quotes=PostRef(post_id="15", handle="Emb_Beta"),
    )


def test_a_value_of_a_column_says_what_kind_of_event_a_row_is() -> None:
    assert only_event(Retweet, _read(FORWARD)) == Retweet(
        platform="vk",
        id="18",
        at=_SENT,
        actor=Account(id="1001234"),
        subject=Account(id="99", handle="Nova_Relay"),
        post_id="3",
        text="news",
    )
    assert _read(MESSAGE | {"type": "service"}) == Skipped("other_kind")
    refused = rejected(_read(MESSAGE | {"type": "poll"}))
    assert (refused.reason, refused.detail) == (
        Reason.UNKNOWN_SHAPE,
        "kind (type): 'poll' is not among the values of the mapping",
    )


def test_a_table_is_read_by_the_names_of_its_columns() -> None:
    tally, readings = read_text(
        "sent;Type;message id;mid;channel.id;text;links[*].href\n"
        '25.04.2021 13:05;message;;17;1001234;"one\ntwo; three";https://a.org https://b.org\n'
        "25.04.2021 13:05;service;9;;1;;\n",
        _READER,
    )
    assert (tally.lines, tally.events, tally.skipped) == (3, 1, {"header": 1, "other_kind": 1})
    post = only_event(Post, readings[1])
    assert (post.id, post.at, post.text) == ("17", _SENT, "one\ntwo; three")
    assert post.links == ("https://a.org", "https://b.org")
    assert post.actor == Account(id="1001234")


def test_a_tab_between_fields_is_told_from_the_header() -> None:
    _, readings = read_text("type\tmid\tsent\tchannel.id\nmessage\t17\t25.04.2021 13:05\t5\n", _READER)
    assert only_event(Post, readings[1]).id == "17"


def test_rows_without_a_time_that_can_be_read_are_counted_and_say_the_column() -> None:
    tally, readings = read_text(
        "type,mid,sent,channel.id\nmessage,1,,5\nmessage,2,yesterday,5\nmessage,3,25.04.2021 13:05,5\n", _READER
    )
    assert (tally.events, tally.rejected) == (1, {Reason.BAD_TIME: 2})
    assert rejected(readings[1]).detail == "at (sent): no time"
    assert rejected(readings[2]).detail == "at (sent): 'yesterday' is no time of the form %d.%m.%Y %H:%M"


@pytest.mark.parametrize(
    ("written", "text", "at"),
    [
        ('"a"', "2021-04-25T13:05:07+02:00", datetime(2021, 4, 25, 11, 5, 7, tzinfo=UTC)),
        ('"a"', "2021-04-25 13:05:07", datetime(2021, 4, 25, 13, 5, 7, tzinfo=UTC)),
        ('{ column = "a", format = "unix" }', "1619355907", datetime(2021, 4, 25, 13, 5, 7, tzinfo=UTC)),
        ('{ column = "a", format = "unix-ms" }', "1619355907000", datetime(2021, 4, 25, 13, 5, 7, tzinfo=UTC)),
        ('{ column = "a", format = "unix-us" }', "1619355907000000", datetime(2021, 4, 25, 13, 5, 7, tzinfo=UTC)),
        (
            '{ column = "a", format = "twitter" }',
            "Sun Apr 25 13:05:07 +0000 2021",
            datetime(2021, 4, 25, 13, 5, 7, tzinfo=UTC),
        ),
        (
            '{ column = "a", format = "%m/%d/%Y %I:%M %p %z" }',
            "04/05/2021 01:05 PM -0100",
            datetime(2021, 4, 5, 14, 5, tzinfo=UTC),
        ),
    ],
)
def test_times_are_read_in_the_form_that_the_mapping_names(written: str, text: str, at: datetime) -> None:
    reader = mapped(f'platform="x"\nkind="post"\nzone="UTC"\n[fields]\nid="i"\nat={written}\nactor.id="u"\n')
    assert only_event(Post, _read({"i": "1", "a": text, "u": "2"}, reader)).at == at
    assert rejected(_read({"i": "1", "a": "x" + text, "u": "2"}, reader)).reason is Reason.BAD_TIME


@pytest.mark.parametrize(
    ("zone", "text", "detail"),
    [
        ("", "2021-04-25 13:05:07", 'has no zone: say it in the mapping, as zone = "UTC"'),
        ('zone="UTC"', "2021-04-25", "has no time of day"),
        ('zone="UTC"', "04/05/2021", "is no time such as 2021-04-01T13:00:00Z"),
    ],
)
def test_nothing_of_a_time_is_guessed(zone: str, text: str, detail: str) -> None:
    reader = mapped(f'platform="x"\nkind="post"\n{zone}\n[fields]\nid="i"\nat="a"\nactor.id="u"\n')
    assert detail in rejected(_read({"i": "1", "a": text, "u": "2"}, reader)).detail


_SUSPENSIONS = """
platform = { column = "where", values = { X = "twitter", "*" = "bluesky" } }
kind = "suspension"
status = { column = "what", values = { gone = "deleted", banned = "suspended", fine = "skip" } }
precision = "exact"

[fields]
at = "day"
actor.id = "who"
reason = "why"
"""


def test_a_suspension_of_a_day_has_its_noon_and_one_with_a_time_has_the_mappings_precision() -> None:
    reader = mapped(_SUSPENSIONS)
    row = {"where": "X", "what": "banned", "day": "2021-04-25", "who": "55", "why": "spam"}
    suspension = only_event(Suspension, _read(row, reader))
    assert suspension == Suspension(
        platform="twitter",
        id="suspended:55:2021-04-25",
        at=datetime(2021, 4, 25, 12, tzinfo=UTC),
        actor=Account(id="55"),
        status="suspended",
        reason="spam",
        precision="day",
    )
    exact = only_event(Suspension, _read(row | {"day": "2021-04-25T13:05:07Z"}, reader))
    assert (exact.precision, exact.at.hour) == ("exact", 13)
    assert _read(row | {"what": "fine"}, reader) == Skipped("other_status")
    assert "an id of Bluesky is a DID" in rejected(_read(row | {"where": "there"}, reader)).detail


@pytest.mark.parametrize(
    ("kind", "fields", "event"),
    [
        ("deletion", 'post_id = "p"', Deletion),
        ("follow", 'actor.id = "u"\nsubject.id = "s"', Follow),
        ("profile", 'actor.id = "u"', Profile),
    ],
)
def test_other_kinds_of_events_get_an_id_where_the_table_has_none(kind: str, fields: str, event: Any) -> None:
    reader = mapped(f'platform="x"\nkind="{kind}"\n[fields]\nat={{column="a",format="unix"}}\n{fields}\n')
    row = {"a": 1619355907, "p": "3", "u": "2", "s": "4"}
    assert only_event(event, _read(row, reader)).id == only_event(event, _read(row, reader)).id
    assert rejected(_read({"a": 1619355907}, reader)).reason is Reason.NOT_AN_EVENT


def test_a_retweet_without_its_subject_is_refused_and_a_handle_is_an_id_only_where_the_mapping_says_so() -> None:
    text = 'platform="twitter"\nkind="retweet"\n[fields]\nid="i"\nat="a"\nactor.id="u"\nsubject.handle="s"\ntext="t"\n'
    row = {"i": "1", "a": "2021-04-25T13:05:07Z", "u": "2", "s": "Nova_Relay"}
    refused = rejected(_read(row, mapped(text)))
    assert (refused.reason, "handles_as_ids = true" in refused.detail) == (Reason.NO_SUBJECT, True)
    by_handle = mapped(f"handles_as_ids = true\n{text}")
    assert only_event(Retweet, _read(row, by_handle)).subject == Account(id="@nova_relay", handle="Nova_Relay")
    by_text = only_event(Retweet, _read(row | {"s": "", "t": "RT @Nova_Relay: news"}, by_handle))
    assert by_text.subject == Account(id="@nova_relay", handle="nova_relay")
    assert rejected(_read(row | {"s": ""}, by_handle)).reason is Reason.NO_SUBJECT


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("1.35941E+18", "'1.35941E+18' is what a spreadsheet or floating point leaves of a long id"),
        ("1359411781432246349.0", "is what a spreadsheet or floating point leaves of a long id"),
        (1.3594117814322463e18, "may have been rounded: export ids as text"),
        (1359411781432246300, "may have been rounded: export ids as text"),
        ("@someone", "an id of Twitter has digits alone"),
        (None, "no id"),
        ({"a": 1}, "no id"),
        (True, "an id of Twitter has digits alone"),
        (10**400, "no id"),
    ],
)
def test_what_is_left_of_an_id_is_no_id(value: Any, detail: str) -> None:
    reader = mapped('platform="twitter"\nkind="post"\n[fields]\nid="i"\nat="a"\nactor.id="u"\n')
    refused = rejected(_read({"i": "1", "a": "2021-04-25T13:05:07Z", "u": value}, reader))
    assert refused.detail.startswith("actor.id (u): ")
    assert detail in refused.detail


def test_numbers_are_believed_where_the_file_shows_that_none_was_rounded() -> None:
    reader = mapped('platform="twitter"\nkind="post"\n[fields]\nid="i"\nat="a"\nactor.id="u"\n')
    rows = [{"i": number, "a": "2021-04-25T13:05:07Z", "u": 5} for number in (1359411781432246300, 1359411781432246349)]
    tally, _ = read_text("\n".join(map(json.dumps, rows)), reader)
    assert tally.events == 2
    with pytest.raises(InputError, match="1359411781432240000"):
        read_text("i,a,u\n1359411781432240000,2021-04-25T13:05:07Z,5\n", reader)


def test_a_header_without_a_column_that_every_event_needs_is_refused_with_its_name() -> None:
    tally, readings = read_text("type,mid,channel.id\nmessage,1,5\n", _READER)
    assert tally.rejected == {Reason.UNKNOWN_SHAPE: 2}
    assert rejected(readings[1]).detail == "no column `sent` (for at) in the header: type, mid, channel.id"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,2,3", Reason.NOT_AN_EVENT),
        (b"[1]", Reason.NOT_AN_EVENT),
        (b"{", Reason.NOT_JSON),
        (b'{"other": 1}', Reason.UNKNOWN_SHAPE),
        (b'{"a":' * 100_000, Reason.TOO_DEEP),
        (b"type,mid,sent,channel.id\na,b", Reason.NOT_AN_EVENT),
        (b'type,mid,sent,channel.id\n"a,b', Reason.NOT_AN_EVENT),
        (b"type,mid,sent,channel.id\n\xff,,,", Reason.NOT_AN_EVENT),
    ],
)
def test_what_is_neither_a_row_nor_an_object_is_refused(line: bytes, reason: Reason) -> None:
    assert rejected(_READER.read(line)).reason is reason


def test_a_key_with_dots_comes_before_a_path() -> None:
    """As in objects that were flattened."""
    flat = {"type": "message", "mid": "1", "sent": "25.04.2021 13:05", "channel.id": "5", "channel": {"id": "6"}}
    assert only_event(Post, _read(flat)).actor.id == "5"


def test_the_same_texts_in_other_rows_are_the_same_account_and_others_are_not() -> None:
    rows = "".join(f"message,{n},25.04.2021 13:05,{n % 2_000},{'yes' if n % 3 else 'no'}\n" for n in range(6_000))
    _, readings = read_text(f"type,mid,sent,channel.id,channel.verified\n{rows}", _READER)
    accounts = [only_event(Post, reading).actor for reading in readings[1:]]
    assert accounts == [Account(id=str(n % 2_000), verified=n % 3 != 0) for n in range(6_000)]


FOUR_CAT = (
    "id,thread_id,timestamp,unix_timestamp,link,body,author,author_fullname,author_id,language_guess,is_retweet,"
    "retweeted_user,is_reply,urls,mentions\n"
    '11,11,2021-04-25 13:05:07,1619355907,https://x.com/a/status/11,"one\ntwo",Mfa_Alpha,The ministry,2000000001,en,no,'
    ',no,"https://a.org/1,2,https://b.org",\n'
    "12,12,2021-04-25 13:05:07,1619355907,,RT @Nova_Relay: one,Mfa_Alpha,The ministry,2000000001,en,yes,Nova_Relay,,,\n"
)
QUT = (
    "message_id,user_id,username,repost_id,reply_id,message,timestamp,urls\n"
    "11,2000000001,Mfa_Alpha,,9,one,1619355907,https://a.org/1 https://b.org\n"
    "12,2000000001,Mfa_Alpha,8,,RT @Nova_Relay: one,1619355907,\n"
)
COORTWEET = (
    "object_id,account_id,content_id,timestamp_share\n"
    "https://a.org/1,2000000001,11,1619355907\n"
    "1383000000000000001,2000000001,12,1619355907\n"
)


def test_what_4cat_exports_is_read() -> None:
    tally, (_, post, retweet) = read_text(FOUR_CAT, reader_named("mapped:4cat"))  # type: ignore[arg-type]
    actor = Account(id="2000000001", handle="Mfa_Alpha", name="The ministry")
    at = datetime(2021, 4, 25, 13, 5, 7, tzinfo=UTC)
    links = ("https://a.org/1,2", "https://b.org")
    assert post == (Post(platform="twitter", id="11", at=at, actor=actor, text="one\ntwo", lang="en", links=links),)
    assert retweet == (
        Retweet(
            platform="twitter",
            id="12",
            at=at,
            actor=actor,
            subject=Account(id="@nova_relay", handle="Nova_Relay"),
            text="RT @Nova_Relay: one",
        ),
    )
    assert tally.lines == 3


def test_what_the_qut_toolkit_works_on_is_read() -> None:
    _, (_, post, retweet) = read_text(QUT, reader_named("mapped:qut"))  # type: ignore[arg-type]
    first, second = only_event(Post, post), only_event(Retweet, retweet)
    assert (first.id, first.text, first.links) == ("11", "one", ("https://a.org/1", "https://b.org"))
    assert first.reply_to == PostRef(post_id="9")
    assert (second.post_id, second.subject.id, second.actor.handle) == ("8", "@nova_relay", "Mfa_Alpha")


def test_what_coortweet_works_on_is_read() -> None:
    _, (_, link, other) = read_text(COORTWEET, reader_named("mapped:coortweet"))  # type: ignore[arg-type]
    assert only_event(Post, link).links == ("https://a.org/1",)
    assert (only_event(Post, other).id, only_event(Post, other).links) == ("12", ())


@pytest.mark.parametrize(
    ("text", "name"), [(FOUR_CAT, "mapped:4cat"), (QUT, "mapped:qut"), (COORTWEET, "mapped:coortweet")]
)
def test_each_layout_that_has_a_mapping_is_told_by_its_header_and_first_rows(text: str, name: str) -> None:
    *_, lines = records_of(iter([text.encode()]))
    found, _ = recognised(lines, readers_named())
    assert (found.reader is not None and found.reader.name) == name, found.why


@pytest.mark.parametrize("text", [FOUR_CAT, QUT, COORTWEET])
def test_no_other_reader_takes_rows_of_posts(text: str) -> None:
    """Least of all for suspensions: they have ids of accounts, and times."""
    for name in ("suspensions-csv", "twitter-v1", "x-v2", "canonical"):
        tally, _ = read_text(text, reader_named(name))  # type: ignore[arg-type]
        assert (tally.events, tally.rejected.total()) == (0, 3), name


@pytest.mark.slow
def test_an_object_broken_anywhere_gives_events_that_survive_the_wire_or_a_reason() -> None:
    seen: Counter[str] = Counter()
    suspension = {"where": "X", "what": "gone", "day": "2021-04-25", "who": "55", "why": "spam"}

    @settings(max_examples=600)
    @given(st.booleans(), st.data())
    def check(is_post: bool, data: st.DataObject) -> None:
        line = data.draw(mutated_lines([MESSAGE, FORWARD] if is_post else [suspension]))
        reader = _READER if is_post else mapped(_SUSPENSIONS)
        seen[outcome_of(reader.read(line), SKIPPED_NAMES)] += 1

    check()
    assert {"Post", "Retweet", "Suspension", "not_an_event", "bad_time", "unknown_shape"} <= seen.keys(), seen


@pytest.mark.slow
def test_a_row_broken_anywhere_gives_events_that_survive_the_wire_or_a_reason() -> None:
    seen: Counter[str] = Counter()
    header = FOUR_CAT.split("\n")[0].split(",")
    row = next(csv.reader([FOUR_CAT.split("\n")[-2]]))
    odd = st.sampled_from(["", '"', "\n", "\x00", "\u202e", "9" * 5_000, "x" * 110_000, "1E+18", "@", "@@", "t.me/s"])

    @settings(max_examples=400)
    @given(st.dictionaries(st.integers(0, len(row) - 1), odd | st.text(max_size=30), max_size=3), st.integers(0, 40))
    def check(changes: dict[int, str], cut: int) -> None:
        cells = [changes.get(place, cell) for place, cell in enumerate(row)]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([header, cells[: len(cells) - cut // 39]])
        line = out.getvalue().encode("utf-8", "surrogatepass").removesuffix(b"\n")
        seen[outcome_of(reader_named("mapped:4cat").read(line), SKIPPED_NAMES)] += 1

    check()
    assert {"Retweet", "not_an_event", "bad_time"} <= seen.keys(), seen
