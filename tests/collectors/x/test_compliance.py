"""A compliance job a day: who is asked after, what is new, and what of it is an event."""

import json
from collections import Counter

import pytest

from streams.collectors.source import Chunk
from streams.collectors.x.compliance_results import answers_in, changes
from streams.core.clock import to_us
from streams.events import Suspension, SuspensionStatus
from tests.collectors.x.test_money import _MIDNIGHT as NOW

_KNOWN: dict[str, SuspensionStatus | None] = {
    "11": None,
    "12": None,
    "13": "suspended",
    "14": "suspended",
    "15": "deactivated",
    "1934567890123456789": "reinstated",
}


def _row(account: str, reason: str, **more: str) -> dict[str, str]:
    return {"id": account, "action": "delete", "created_at": "2014-05-01T10:00:00.000Z", "reason": reason} | more


def _result(*rows: object) -> bytes:
    return b"\n" + b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _changes(result: bytes, absent: list[str] | None = None) -> tuple[Chunk, list[str]]:
    chunk = Chunk()
    answers = answers_in(result, _KNOWN, chunk, NOW)
    return chunk, changes(chunk, answers, _KNOWN, absent or [], NOW)


def _statuses(chunk: Chunk) -> dict[str, str]:
    return {each.actor.id: each.status for each in chunk.events if isinstance(each, Suspension)}


@pytest.mark.parametrize(
    ("reason", "status"), [("suspended", "suspended"), ("deleted", "deleted"), ("deactivated", "deactivated")]
)
def test_what_became_of_an_account_is_noticed_now_and_is_what_x_says(reason: str, status: str) -> None:
    """Also of an account with a new, long id, of which its creation alone would not tell that it is no post."""
    chunk, _absent = _changes(_result(_row("11", reason), _row("1934567890123456789", reason)))
    assert _statuses(chunk) == {"11": status, "1934567890123456789": status}
    for event in chunk.events:
        assert isinstance(event, Suspension)
        assert (to_us(event.at), event.precision) == (NOW, "noticed")


def test_a_time_that_x_says_is_taken() -> None:
    chunk, _absent = _changes(_result(_row("11", "suspended", redacted_at="2026-11-20T08:00:00.000Z")))
    assert [f"{event.at:%Y-%m-%d}" for event in chunk.events] == ["2026-11-20"]


def test_what_is_known_is_not_told_again_and_what_changed_is() -> None:
    chunk, absent = _changes(_result(_row("13", "suspended"), _row("14", "deleted"), _row("15", "deactivated")))
    assert _statuses(chunk) == {"14": "deleted"}
    assert chunk.skipped == Counter(known=2)
    assert absent == []


def test_protected_accounts_are_counted_and_no_suspension() -> None:
    chunk, _absent = _changes(
        _result(_row("12", "protected"), *(_row(each, "suspended") for each in ("13", "14", "15")))
    )
    assert "12" not in _statuses(chunk)
    assert chunk.skipped["protected"] == 1


def test_who_is_gone_is_back_when_two_results_leave_him_out() -> None:
    """A result that breaks off, or is empty, brings nobody back."""
    first, absent = _changes(b"")
    assert _statuses(first) == {}
    assert absent == ["13", "14", "15"]
    second, after = _changes(_result(_row("14", "suspended")), absent)
    assert _statuses(second) == {"13": "reinstated", "15": "reinstated"}
    assert after == []


def test_hostile_lines_are_dead_letters_and_hold_up_no_other() -> None:
    rows = [_row("11", "suspended"), _row("12", "abducted"), _row("777", "suspended"), {"id": "1", "error": "bad"}]
    chunk, _absent = _changes(_result(*rows) + b"not JSON\n\xff\xfe\n[1]\n")
    assert _statuses(chunk) == {"11": "suspended"}
    assert len(chunk.letters) == 4
    assert chunk.skipped["not_asked_for"] == 2
