"""What a compliance job's result says of the accounts that were asked after, and what of it is new. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from streams.collectors.source import Chunk
from streams.core.clock import from_us
from streams.deadletters import Rejection
from streams.events import Account, Suspension, SuspensionStatus
from streams.formats.reader import Skipped
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.formats.x.x_compliance_payloads import Line
from streams.formats.x.x_compliance_results import read_result
from streams.kafka.dead_letter_record import letter_of
from streams.refusal import DECODE_ERRORS, Refused, undecodable

__all__ = ["Answers", "answers_in", "changes"]

_SOURCE: Final = "x-compliance"
_BACK: Final = frozenset({None, "reinstated"})
Answers: TypeAlias = Mapping[str, Suspension | None]
"""What X says of an account that it names: what became of it, or `None` for what is no suspension, as `protected`."""

_line: Final = msgspec.json.Decoder(Line)
_ids: Final = Ids(exact_numbers=False)


def answers_in(
    result: bytes, asked: Mapping[str, SuspensionStatus | None], chunk: Chunk, now_us: int
) -> dict[str, Suspension | None]:
    """By account. What cannot be read becomes a dead letter of the chunk. X says of most accounts not since when: they
    were gone when it was noticed, now.
    """
    found: dict[str, Suspension | None] = {}
    now = from_us(now_us).isoformat()
    for number, data in enumerate(filter(None, map(bytes.strip, result.split(b"\n"))), start=1):
        chunk.received += 1
        try:
            line = _line.decode(data)
            if line.redacted_at is None and line.deleted_at is None:
                line.redacted_at = now
            reading = read_result(line, _ids, thing="account")
        except DECODE_ERRORS as error:
            chunk.letters.append(letter_of(undecodable(data, error), data, _SOURCE, 0, number))
            continue
        except Refused as refused:
            chunk.letters.append(
                letter_of(Rejection(reason=refused.reason, detail=refused.detail), data, _SOURCE, 0, number)
            )
            continue
        named = str(line.id)
        if named not in asked:
            chunk.skipped["not_asked_for"] += 1
        elif isinstance(reading, Skipped):
            chunk.skipped[reading.name] += 1
            found[named] = None
        elif isinstance(reading, tuple) and isinstance(reading[0], Suspension):
            found[named] = reading[0]
    return found


def changes(
    chunk: Chunk,
    answers: Answers,
    known: Mapping[str, SuspensionStatus | None],
    absent: Sequence[str],
    now_us: int,
) -> list[str]:
    """Add to the chunk what is new; who was gone and is not named now, for the next time.

    Such an account is back once two results in a row leave it out: one that broke off would bring everybody back.
    """
    for named, suspension in answers.items():
        if suspension is None:
            continue
        if suspension.status == known[named]:
            chunk.skipped["known"] += 1
        else:
            chunk.events.append(suspension)
    missing = [named for named, status in known.items() if status not in _BACK and named not in answers]
    before = {*absent}
    for named in missing:
        if named in before:
            at = from_us(now_us)
            chunk.events.append(
                Suspension(
                    platform="twitter",
                    id=f"user_back:{named}:{now_us // 1_000}",
                    at=at,
                    observed_at=at,
                    actor=Account(id=named),
                    status="reinstated",
                    precision="noticed",
                )
            )
    return [named for named in missing if named not in before]
