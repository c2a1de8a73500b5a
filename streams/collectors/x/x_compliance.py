"""The collector `x-compliance`: a batch compliance job a day over the accounts that officials amplify."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

from msgspec import Meta

from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.source import Source
from streams.collectors.x.compliance_source import CompliancePolicy, ComplianceSource
from streams.collectors.x.officials import PLATFORM
from streams.collectors.x.x_streams import XSettings, opened_api

__all__ = ["X_COMPLIANCE", "XComplianceSettings"]


class XComplianceSettings(XSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often, and whom."""

    every_hours: Annotated[float, Meta(ge=0.001, le=720, description="how often a job is made")] = 24.0
    tracked_days: Annotated[
        float, Meta(ge=1, le=3_650, description="for how long after its last amplification an account is asked after")
    ] = 90.0
    poll_seconds: Annotated[float, Meta(ge=0.05, le=3_600, description="how often it is asked for the result")] = 30.0


@asynccontextmanager
async def _open(own: XComplianceSettings, context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    policy = CompliancePolicy(
        every_seconds=own.every_hours * 3_600,
        tracked_days=own.tracked_days,
        poll_seconds=own.poll_seconds,
        empty_seconds=min(600.0, own.every_hours * 3_600),
    )
    async with opened_api(own, X_COMPLIANCE.name) as api:
        yield [ComplianceSource(context.settings, api, policy)]


X_COMPLIANCE: Final = Collector(
    name="x-compliance",
    platform=PLATFORM,
    summary="suspensions, deactivations, deletions and returns of the accounts that officials amplify on X; a token",
    teaches=(
        "Once a day ask X by a batch compliance job what became of each tracked account of X: suspended, deleted, "
        "deactivated, or back. The accounts are those that an official amplified in the last 90 days, and those that "
        "are gone; they are read from the topic dossiers. Needs an app's bearer token.\n\n"
        "X says only that an account is gone, and mostly not since when: the time is that of noticing. One that is "
        "protected is counted, and no suspension. One is back when two results in a row leave it out."
    ),
    settings=XComplianceSettings,
    open=_open,
)
