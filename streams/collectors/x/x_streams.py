"""The collectors `x-activity` and `x-filtered`: what they have in common, and what each asks X for."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

from msgspec import Meta, Struct
from yarl import URL

from streams.collectors.budget import BudgetPolicy, micro_dollars
from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.following import follow_rosters, in_background
from streams.collectors.http_sessions import open_session
from streams.collectors.metrics import SourceMetrics
from streams.collectors.public_hosts import place_of
from streams.collectors.secret_files import token_of
from streams.collectors.settings import variable_of
from streams.collectors.source import Source
from streams.collectors.x.messages import FIELDS, Activities, MessageStream, Posts, Prices
from streams.collectors.x.officials import PLATFORM
from streams.collectors.x.reconciling import Reconciler
from streams.collectors.x.rules import MOST_CHARACTERS, MOST_RULES, FilterRules
from streams.collectors.x.subscriptions import MOST_SUBSCRIPTIONS, Subscriptions
from streams.collectors.x.x_api import XApi
from streams.collectors.x.x_source import StreamPolicy, XStreamSource, x_cursor_at
from streams.errors import ConfigurationError
from streams.setting_sources import Secret

__all__ = ["X_ACTIVITY", "X_FILTERED", "XActivitySettings", "XFilteredSettings", "XSettings", "opened_api"]

_LEAST_TOKEN: Final = 20
_CONNECTIONS: Final = 8
_Usd = Annotated[float, Meta(ge=0.005, le=1_000_000)]
_Price = Annotated[float, Meta(ge=0, le=100)]
_EVENTS: Final = "post.create,post.delete"


class XSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How X is reached."""

    base_url: Annotated[str, Meta(pattern="^https?://[^/?#@ ]+/?$", max_length=300, description="X's API")] = (
        "https://api.x.com"
    )
    token: Annotated[Secret, Meta(description="bearer token of the app (app-only)")] = Secret("")
    token_file: Annotated[str, Meta(max_length=4_096, description="file with the token, instead of the variable")] = ""


class _StreamSettings(XSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a stream may cost. X has no price list that a program can ask for: these are of 2026."""

    day_usd: Annotated[_Usd, Meta(description="budget of a UTC day in USD")] = 5.0
    month_usd: Annotated[_Usd, Meta(description="budget of a UTC month in USD")] = 100.0
    back_fill_share: Annotated[
        float, Meta(ge=0, le=1, description="how much of a day's budget may go to closing gaps from timelines")
    ] = 0.5
    price_usd: Annotated[_Price, Meta(description="price of a post or another event")] = 0.005


class XActivitySettings(_StreamSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is subscribed to, too."""

    deletion_usd: Annotated[
        _Price, Meta(description="price of a deletion: X's pages say both that it is billed and that it is not")
    ] = 0.005
    events: Annotated[
        str,
        Meta(max_length=1_000, description="types of events for each official, separated by commas; public ones alone"),
    ] = _EVENTS
    most_subscriptions: Annotated[int, Meta(ge=1, le=150_000, description="subscriptions that X allows the app")] = (
        MOST_SUBSCRIPTIONS
    )


class XFilteredSettings(_StreamSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How large rules may be, too."""

    included_usd: Annotated[
        _Price,
        Meta(description="price of each account and post that comes with a post; X does not say whether it has one"),
    ] = 0.0
    most_rules: Annotated[int, Meta(ge=1, le=100_000, description="rules that X allows the app")] = MOST_RULES
    rule_characters: Annotated[int, Meta(ge=64, le=4_096, description="characters that X allows a rule")] = (
        MOST_CHARACTERS
    )


@asynccontextmanager
async def opened_api(own: XSettings, collector: str) -> AsyncIterator[XApi]:
    """X as these settings say. Raises `ConfigurationError`."""
    token = token_of(
        own.token,
        own.token_file,
        variable_of(collector, "token"),
        _LEAST_TOKEN,
        "the app's bearer token of X's console",
    )
    if any(not "!" <= letter <= "~" for letter in token):
        raise ConfigurationError("token: it has spaces or other characters that no token has", remedy="copy it again")
    base = URL(own.base_url)
    if base.scheme != "https" and base.host not in ("127.0.0.1", "::1", "localhost"):
        raise ConfigurationError("base_url: without TLS the token would be readable", remedy="write https://")
    trusted = frozenset({place_of(own.base_url)})
    async with open_session(trusted, per_host=_CONNECTIONS) as session:
        yield XApi(session, base, token, trusted)


@asynccontextmanager
async def _opened(
    own: _StreamSettings,
    context: CollectorContext,
    messages: MessageStream,
    route: str,
    query: dict[str, str],
    keeper_of: Callable[[XApi, SourceMetrics], Reconciler],
) -> AsyncIterator[Sequence[Source]]:
    name = messages.name
    series = context.metrics.of_source(name, name)
    included = own.included_usd if isinstance(own, XFilteredSettings) else 0.0
    posts = Posts(name, Prices(post=micro_dollars(own.price_usd), deletion=0, included=micro_dollars(included)))
    budget = BudgetPolicy(
        day=micro_dollars(own.day_usd), month=micro_dollars(own.month_usd), back_fill_share=own.back_fill_share
    )
    policy = StreamPolicy(route=route, query=query, budget=budget)
    async with opened_api(own, name) as api:
        keeper = keeper_of(api, series)
        async with in_background(keeper.run(), follow_rosters(context.settings, PLATFORM, keeper.use)):
            yield [XStreamSource(api, messages, posts, keeper, policy, series)]


@asynccontextmanager
async def _open_activity(own: XActivitySettings, context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    prices = Prices(post=micro_dollars(own.price_usd), deletion=micro_dollars(own.deletion_usd))
    events = [each for each in map(str.strip, own.events.split(",")) if each]
    if not events:
        raise ConfigurationError("events: there are none", remedy=f"for example {_EVENTS}")
    name = X_ACTIVITY.name
    async with _opened(
        own,
        context,
        Activities(name, prices),
        "/2/activity/stream",
        {},
        lambda api, series: Subscriptions(name, api, series, events, own.most_subscriptions),
    ) as sources:
        yield sources


@asynccontextmanager
async def _open_filtered(own: XFilteredSettings, context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    prices = Prices(post=micro_dollars(own.price_usd), deletion=0, included=micro_dollars(own.included_usd))
    name = X_FILTERED.name
    async with _opened(
        own,
        context,
        Posts(name, prices),
        "/2/tweets/search/stream",
        dict(FIELDS),
        lambda api, series: FilterRules(name, api, series, own.most_rules, own.rule_characters),
    ) as sources:
        yield sources


_MONEY: Final = """X takes money for every post. What is spent is counted with the cursor, so that a restart forgets \
nothing; when the budget of the UTC day or month is spent the stream is closed until it is over, and the gap stands on \
coverage. Gaps are closed from the officials' timelines, which cost as well, up to a share of the day's budget."""

X_ACTIVITY: Final = Collector(
    name="x-activity",
    platform=PLATFORM,
    summary="posts, reposts, quotes and deletions of the roster's officials by X's Activity API; a token, and money",
    teaches=(
        "Subscribe to what each official of the roster posts and deletes, and hold the stream. Subscriptions follow "
        "the roster; those of the same app that have another tag than `antiphon` are left alone, and count against "
        "the limit. Needs an app's bearer token and a published roster with account ids.\n\n"
        f"{_MONEY}\n\n"
        "It cannot see officials beyond the limit (1,500 subscriptions are 750 officials with posts and deletions), "
        "officials without an id, protected accounts, and deletions in a gap."
    ),
    settings=XActivitySettings,
    open=_open_activity,
    cursor_at=x_cursor_at,
)

X_FILTERED: Final = Collector(
    name="x-filtered",
    platform=PLATFORM,
    summary="posts, reposts and quotes of more officials by X's filtered stream; a token, and money",
    teaches=(
        "Make rules of the roster's officials, 35 to a rule, and hold the filtered stream. Rules follow the roster "
        "without a new connection; those of the same app without our tag are left alone. Needs an app's bearer token "
        "and a published roster with account ids or handles.\n\n"
        f"{_MONEY}\n\n"
        "It cannot see deletions. Rules match a quoted post's text and author as well, so posts of others who quote "
        "an official may come, and cost. Use it where x-activity has no room for the roster."
    ),
    settings=XFilteredSettings,
    open=_open_filtered,
    cursor_at=x_cursor_at,
)
