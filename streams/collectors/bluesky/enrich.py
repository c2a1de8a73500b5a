"""The collector `enrich`: who the accounts are that officials amplify."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.collectors.bluesky.enricher import Enricher, EnricherPolicy
from streams.collectors.bluesky.identity import APPVIEW, DIRECTORY
from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.http_client import ClientPolicy
from streams.collectors.public_hosts import place_of
from streams.collectors.source import Source

__all__ = ["ENRICH", "EnrichSettings"]

_HOUR: Final = 3_600.0
_Url = Annotated[str, Meta(pattern="^https?://[^/?#@ ]+/?$", max_length=300)]


class EnrichSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where profiles and ages come from, and how often they are looked up again."""

    appview: Annotated[_Url, Meta(description="Base URL of the AppView that is asked for profiles.")] = APPVIEW
    directory: Annotated[_Url, Meta(description="Base URL of the identity directory.")] = DIRECTORY
    revisit_hours: Annotated[
        float, Meta(ge=0.01, le=8_760, description="How often a tracked account is looked up again.")
    ] = 6.0
    tracked_days: Annotated[
        float, Meta(ge=1, le=3_650, description="For how long after its last amplification an account is tracked.")
    ] = 90.0
    confirm_minutes: Annotated[
        float, Meta(ge=0, le=10_080, description="How long a profile must be missing until its account is gone.")
    ] = 15.0
    most_subjects: Annotated[
        int, Meta(ge=1, le=5_000_000, description="How many accounts are tracked: those amplified last.")
    ] = 200_000


@asynccontextmanager
async def _open(settings: EnrichSettings, context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    policy = EnricherPolicy(
        appview=settings.appview,
        directory=settings.directory,
        revisit_seconds=settings.revisit_hours * _HOUR,
        confirm_seconds=settings.confirm_minutes * 60,
        tracked_days=settings.tracked_days,
        most_subjects=settings.most_subjects,
        client=ClientPolicy(trusted=frozenset({place_of(settings.appview), place_of(settings.directory)})),
    )
    yield [Enricher(context.settings, policy)]


ENRICH: Final = Collector(
    name="enrich",
    platform="bluesky",
    summary="Profiles, ages and disappearances of the accounts that officials of Bluesky amplify",
    teaches="""Looks up each account of Bluesky when an official first amplifies it, and again from time to time: its
handle, name and followers from an AppView, its age from the identity directory. A tracked account that the AppView
shows no more becomes a suspension event. Needs no key. Reads the topics dossiers and amplifications; nothing waits
for it.

It cannot see followers of the past, the age of a did:web, or when an account disappeared: only when that was
noticed.""",
    settings=EnrichSettings,
    open=_open,
)
