"""The format `x-compliance`: X's compliance streams of posts and of users, and results of batch compliance jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec.json import Decoder

from streams.core.clock import to_us
from streams.core.rounded_ids import IdEvidence, Verdict, note_id
from streams.deadletters import Reason
from streams.events import Account, Deletion, Profile, Suspension, SuspensionStatus
from streams.formats.fields.mending import read_or_mend, with_types
from streams.formats.fields.odd_fields import OddFields
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.formats.x.x_compliance_payloads import Line, Message, Messages, Named
from streams.formats.x.x_compliance_results import RESULT_NAMES, read_result
from streams.formats.x.x_v2_includes import known_id, parse_time, required_id
from streams.formats.x.x_v2_problems import PROBLEM_NAMES, skipped_problem
from streams.refusal import DECODE_ERRORS, Refused

__all__ = ["SKIPPED_NAMES", "XComplianceReader"]

_STATUS_OF: Final[dict[str, SuspensionStatus]] = {
    "user_suspend": "suspended",
    "user_unsuspend": "reinstated",
    "user_delete": "deactivated",  # by its owner, who may take it back within 30 days, as in v1.1's streams
    "user_undelete": "reinstated",
}
_KINDS: Final = ("delete", *_STATUS_OF, "user_profile_modification")
_SKIPPED_MESSAGES: Final = {
    name: Skipped(name)
    for name in (
        "drop",
        "scrub_geo",
        "tweet_edit",
        "undrop",
        "user_protect",
        "user_unprotect",
        "user_withheld",
        "withheld",
    )
}
_DELETE_FAVORITE: Final = Skipped("delete_favorite")
_BLANK: Final = Skipped("blank")  # the stream's keep-alive
_PROFILE_FIELDS: Final = {f"profile.{name}": name for name in ("description", "location", "name", "url")}

SKIPPED_NAMES: Final = PROBLEM_NAMES | RESULT_NAMES | _SKIPPED_MESSAGES.keys() | {"blank", "delete_favorite"}

_line: Final = Decoder(Line)
_keys: Final = Decoder(dict[str, msgspec.Raw])
_odd_fields: Final = OddFields(Line, kept_whole=frozenset({"data", "deleted_at", "redacted_at"}))


class XComplianceReader:
    """Reads what X says of deleted posts and of suspended, deactivated and returned accounts."""

    name: Final = "x-compliance"

    def __init__(self, *, exact_numbers: bool = False) -> None:
        self._ids = Ids(exact_numbers=exact_numbers)

    def read(self, line: bytes) -> Reading:
        """One event, a message skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        A field of another type than X's is put right, or unknown (`streams.formats.fields.odd_fields`).
        """
        if not line or line.isspace():
            return _BLANK
        return read_or_mend(
            line, lambda line: _read(line, self._ids), lambda line: with_types(line, _odd_fields, self._ids)
        )

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`."""
        try:
            read = _line.decode(line)
        except DECODE_ERRORS:
            return
        found = [read.id]
        message = None if read.data is None else _message_in(read.data)
        for named in () if message is None else (message[1].tweet, message[1].user):
            if named is not None:
                found += [named.id, named.author_id]
        for each in found:
            note_id(each, numbers, texts)

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: one line is one message."""
        return ()

    def of_file(self, numbers: Verdict) -> "XComplianceReader":
        """See `FormatReader`."""
        return XComplianceReader(exact_numbers=numbers == "exact")


def _read(line: bytes, ids: Ids) -> Reading:
    read = _line.decode(line)
    if read.data is not None:
        found = _message_in(read.data)
        if found is not None:
            return _event_of(*found, ids)
        for kind, skipped in _SKIPPED_MESSAGES.items():
            if getattr(read.data, kind):
                return skipped
    elif read.action is not None or read.error is not None:
        return read_result(read, ids)
    problem = skipped_problem(line, read.errors, read.title)
    if problem is not None:
        return problem
    keys = _keys.decode(line)
    if read.data is not None:
        keys = _keys.decode(keys["data"])
    raise Refused(
        Reason.UNKNOWN_SHAPE,
        f"no message of compliance among the keys {', '.join(list(keys)[:10]) or '(none)'}",
    )


def _message_in(data: Messages) -> tuple[str, Message] | None:
    """The message that says something, and its kind."""
    return next(((kind, message) for kind in _KINDS if (message := getattr(data, kind)) is not None), None)


def _event_of(kind: str, message: Message, ids: Ids) -> Reading:
    """A message about an account has no id of its own: kind, account and time name it, as in v1.1's streams."""
    if kind == "delete":
        return _deletion(message, ids)
    account_id = _id_of(message.user, ids, f"data.{kind}.user")
    at = _time_of(message, kind)
    milliseconds = to_us(at) // 1_000
    if kind in _STATUS_OF:
        return (
            Suspension(
                platform="twitter",
                id=f"{kind}:{account_id}:{milliseconds}",
                at=at,
                actor=Account(id=account_id),
                status=_STATUS_OF[kind],
                precision="exact",
            ),
        )
    changed = _PROFILE_FIELDS.get(message.profile_field or "")
    name = message.new_value if changed == "name" else None
    return (
        Profile(
            platform="twitter",
            id=f"{kind}:{account_id}:{changed or 'other'}:{milliseconds}",
            at=at,
            actor=Account(id=account_id, name=name or None),
            changed=() if changed is None else (changed,),
        ),
    )


def _deletion(message: Message, ids: Ids) -> Reading:
    if message.tweet is None and message.favorite:
        return _DELETE_FAVORITE
    post_id = _id_of(message.tweet, ids, "data.delete.tweet")
    author_id = None if message.tweet is None else known_id(message.tweet.author_id, ids)
    at = _time_of(message, "delete")
    actor = None if author_id is None else Account(id=author_id)
    return (Deletion(platform="twitter", id=post_id, at=at, post_id=post_id, actor=actor),)


def _id_of(named: Named | None, ids: Ids, place: str) -> str:
    if named is None:
        raise Refused(Reason.NOT_AN_EVENT, f"{place}: missing")
    return required_id(named.id, ids, f"{place}.id")


def _time_of(message: Message, kind: str) -> datetime:
    at = parse_time(message.event_at)
    if at is None:
        said = "missing" if message.event_at is None else f"{message.event_at!r} is no time"
        raise Refused(Reason.BAD_TIME, f"data.{kind}.event_at: {said}")
    return at
