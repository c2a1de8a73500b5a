"""What several workers know of when an alert was told comes to one record, whatever order they write in."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.core.notifications import (
    Acceptance,
    Notification,
    NotifiedState,
    decode_notification,
    encode_notification,
    merged,
)
from streams.core.rulebook.rules import SEVERITIES

_AT = datetime(2026, 3, 1, tzinfo=UTC)


def _accepted(state: NotifiedState, second: int, receiver: str = "a") -> Acceptance:
    at = _AT + timedelta(seconds=second)
    return Acceptance(severity="warning", state=state, receiver=receiver, accepted_at=at, published_at=_AT)


def _notification(*accepted: Acceptance) -> Notification:
    return Notification(alert_id="x", accepted=accepted)


_RECORDS = st.lists(
    st.builds(
        Acceptance,
        severity=st.sampled_from(SEVERITIES),
        state=st.sampled_from(["firing", "expired", "retracted", "on_trial"]),
        receiver=st.sampled_from([str(number) for number in range(12)]),
        accepted_at=st.integers(0, 9).map(lambda second: _AT + timedelta(seconds=second)),
        published_at=st.just(_AT),
    ),
    max_size=60,
).map(lambda accepted: merged(None, _notification(*accepted[:96])))


@given(_RECORDS, _RECORDS)
def test_what_two_workers_know_is_the_same_whoever_writes_last(one: Notification, other: Notification) -> None:
    both = merged(one, other)
    assert both == merged(other, one) == merged(both, one) == merged(both, both)
    assert decode_notification(encode_notification(both)) == both


def test_of_a_state_the_first_time_stands_and_each_receiver_has_its_own() -> None:
    later, earlier, elsewhere = _accepted("firing", 5), _accepted("firing", 2), _accepted("firing", 9, "b")
    assert merged(_notification(later), _notification(earlier, elsewhere)).accepted == (earlier, elsewhere)


def test_an_end_counts_only_where_its_receiver_was_told_that_it_fires() -> None:
    firing, end, elsewhere = _accepted("firing", 1), _accepted("expired", 2), _accepted("retracted", 3, "b")
    assert merged(None, _notification(end)).accepted == ()
    assert merged(_notification(firing), _notification(end, elsewhere)).accepted == (firing, end)
