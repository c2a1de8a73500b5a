"""How long before a suspension an alert fired is said within the bounds of what is known."""

from datetime import UTC, datetime, timedelta

from streams.core.enriched import SuspensionRecord
from streams.core.lead_time import lead_time
from streams.events import SuspensionStatus

_FIRED = datetime(2020, 9, 22, tzinfo=UTC)
_DAY = timedelta(days=1)


def _notice(status: SuspensionStatus, day: float, least: float | None = None) -> SuspensionRecord:
    return SuspensionRecord(
        status=status, at=_FIRED + day * _DAY, event_id="1", not_after=_FIRED + day * _DAY,
        not_before=None if least is None else _FIRED + least * _DAY,
    )  # fmt: skip


def test_the_first_suspension_after_it_counts() -> None:
    """Not one before it, and no notice of anything else."""
    notices = [_notice("suspended", -9), _notice("deleted", 3), _notice("suspended", 10, 8), _notice("suspended", 20)]
    assert lead_time(_FIRED, notices) == (8, 10)
    assert lead_time(_FIRED, notices[:2]) is None


def test_what_may_have_been_before_it_fired_is_no_lead() -> None:
    """The least is nothing, never less."""
    assert lead_time(_FIRED, [_notice("suspended", 2, -5)]) == (0, 2)
    assert lead_time(_FIRED, [_notice("suspended", 2)]) == (0, 2)
