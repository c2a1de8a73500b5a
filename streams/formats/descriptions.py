"""Each format in a few words, for `antiphon formats`: what people hold, what it yields, what it lacks."""

from types import MappingProxyType
from typing import Final

from msgspec import Struct

from streams.formats.extensions import ExternalReader
from streams.formats.reader import FormatReader

__all__ = ["Description", "description_of"]


class Description(Struct, frozen=True, kw_only=True):
    """`holds`: what such a file is. `yields`: the events it gives. `lacks`: what no event of it can say."""

    holds: str
    yields: str
    lacks: str


_DESCRIPTIONS: Final = MappingProxyType({
    "canonical": Description(
        holds="Antiphon's own events, one JSON object a line",
        yields="posts, retweets, deletions, suspensions, follows, profiles, coverage",
        lacks="nothing",
    ),
    "twitter-v1": Description(
        holds="Twitter's API v1.1: statuses, streams, searches, look-ups, webhooks",
        yields="posts, retweets, deletions, suspensions, follows, profiles",
        lacks="who deleted; when a post was deleted, but for compliance messages",
    ),
    "twitter-archive": Description(
        holds="the archive that an account can ask Twitter or X for (tweets.js)",
        yields="posts, retweets, deletions",
        lacks="whose it is, but for account.js in the same folder; of retweets the whole text and the post",
    ),
    "x-v2": Description(
        holds="X's API v2: pages of searches, timelines and look-ups, lines of the filtered stream",
        yields="posts, retweets, profiles",
        lacks="deletions, suspensions, follows; accounts that `expansions` left out are ids only",
    ),
    "x-compliance": Description(
        holds="X's compliance streams and the results of batch compliance jobs",
        yields="deletions, suspensions, profiles",
        lacks="posts; in results of jobs whose post is gone, and exact times",
    ),
    "x-activity": Description(
        holds="X's Activity API: what happens to accounts that are followed",
        yields="posts, retweets, deletions, profiles, follows",
        lacks="suspensions; times of all but posts, unless who recorded them added `observed_at`",
    ),
    "zeeschuimer": Description(
        holds="posts of X as the browser extension Zeeschuimer captures them, and as 4CAT stores them",
        yields="posts, retweets",
        lacks="deletions, suspensions, follows; what the page did not show",
    ),
    "jetstream": Description(
        holds="frames of Bluesky's Jetstream, v1 and v2",
        yields="posts, retweets, deletions, suspensions, follows, profiles",
        lacks="followers; when an account was created; who is no longer followed",
    ),
    "tap": Description(
        holds="messages of a Tap process: repositories of Bluesky, whole and as they change",
        yields="posts, retweets, deletions, follows, suspensions, profiles",
        lacks="times of handles and statuses, unless who recorded them added `observed_at`; followers; ages",
    ),
    "mastodon": Description(
        holds="statuses and streaming events of Mastodon and of servers that speak its API",
        yields="posts, retweets",
        lacks="deletions, suspensions, follows; age and followers, but from the account's own server",
    ),
    "telegram": Description(
        holds="exports of Telegram Desktop (result.json), messages of Telethon and 4CAT",
        yields="posts, retweets, profiles",
        lacks="deletions, suspensions; in exports handles and followers; the source of a forward that hides it",
    ),
    "suspensions-csv": Description(
        holds="lists of suspended accounts as CSV, under many headers",
        yields="suspensions",
        lacks="posts; in most lists the time of day",
    ),
    "mapped:4cat": Description(
        holds="tables of X's posts as 4CAT exports them (CSV)",
        yields="posts, retweets",
        lacks="ids of the retweeted accounts (`@handle` stands for them); which post is answered, quoted or retweeted",
    ),
    "mapped:coortweet": Description(
        holds="tables of shares as CooRTweet works on them: object_id, account_id, content_id, timestamp_share",
        yields="posts",
        lacks="texts; whose the shared objects are",
    ),
    "mapped:qut": Description(
        holds="tables of messages as the QUT's coordination network toolkit works on them",
        yields="posts, retweets",
        lacks="ids of the reposted accounts (`@handle` stands for them)",
    ),
})  # fmt: skip


def description_of(reader: FormatReader) -> Description:
    """What is known of a format; of one that another package brings, what its reader says it holds."""
    if (known := _DESCRIPTIONS.get(reader.name)) is not None:
        return known
    holds = reader.holds if isinstance(reader, ExternalReader) else ""
    return Description(holds=holds, yields="", lacks="")
