"""Posts of X's API v2: posts, answers, quotes and retweets become canonical events."""

from typing import Final

from msgspec.json import Decoder

from streams.core.platforms import handle_in_link, hosts_of
from streams.deadletters import Reason
from streams.events import Account, Post, PostRef, Retweet
from streams.formats.twitter.twitter_v1_fields import handle_passed_on
from streams.formats.twitter.twitter_v1_statuses import further_versions
from streams.formats.x.x_v2_includes import Joined, known_id, parse_time, required_id
from streams.formats.x.x_v2_payloads import Entities, Mention, Original, Reference, Tweet, Url
from streams.refusal import DECODE_ERRORS, Refused

__all__ = ["event_of_tweet"]

# As for v1.1: an answer addresses 50 accounts at most. More are cut, in the order of the payload.
_MAX_MENTIONS: Final = 50
_MAX_LINKS: Final = 50
_MAX_VERSIONS: Final = 32
_HOSTS: Final = hosts_of("twitter")
_PICTURES: Final = ("pic.twitter.com/", "pic.x.com/")
_ASKED_FOR: Final = "(it comes where `tweet.fields` asks for it)"
_TYPES: Final = frozenset({"retweeted", "quoted", "replied_to"})

_references: Final = Decoder(list[Reference] | None)


def event_of_tweet(tweet: Tweet, joined: Joined) -> Post | Retweet:
    """The event that an item of `data` is. Raises `Refused`, with a place inside the item.

    The id of a post is that of its first version: an edited post is one post, whichever version somebody has.
    """
    at = parse_time(tweet.created_at)
    if at is None:
        said = f"missing {_ASKED_FOR}" if tweet.created_at is None else f"{tweet.created_at!r} is no time"
        raise Refused(Reason.BAD_TIME, f"created_at: {said}")
    ids = joined.ids
    if tweet.author_id is None:
        raise Refused(Reason.NOT_AN_EVENT, f"author_id: missing {_ASKED_FOR}")
    actor = joined.account(required_id(tweet.author_id, ids, "author_id"))
    tweet_id = required_id(tweet.id, ids, "id")
    references = _references_of(tweet, joined) if tweet.referenced_tweets else {}
    if "retweeted" in references:
        original_id = references["retweeted"]
        original = joined.original(original_id)
        return Retweet(
            platform="twitter",
            id=tweet_id,
            at=at,
            observed_at=joined.observed_at,
            actor=actor,
            subject=_subject(tweet, original, joined),
            post_id=_first_version(original, original_id, joined),
            text=(_text(original) if original is not None else "") or _text(tweet),
            versions=_versions(original, original_id, joined),
        )
    entities = tweet.entities
    if tweet.note_tweet is not None and tweet.note_tweet.entities is not None:
        entities = tweet.note_tweet.entities
    return Post(
        platform="twitter",
        id=_first_version(tweet, tweet_id, joined),
        at=at,
        observed_at=joined.observed_at,
        actor=actor,
        text=_text(tweet),
        lang=tweet.lang or None,
        links=() if entities is None or not entities.urls else _links(entities.urls),
        mentions=() if entities is None or not entities.mentions else _mentions(entities.mentions, joined),
        reply_to=_reply_to(tweet, references["replied_to"], entities, joined) if "replied_to" in references else None,
        quotes=_quotes(references["quoted"], entities, joined) if "quoted" in references else None,
        versions=_versions(tweet, tweet_id, joined),
    )


def _references_of(tweet: Tweet, joined: Joined) -> dict[str, str]:
    """The ids of the referenced posts by type; the first of each, and no post has two."""
    try:
        references = _references.decode(tweet.referenced_tweets)
    except DECODE_ERRORS as error:
        raise Refused(Reason.NOT_AN_EVENT, f"referenced_tweets: {error}") from None
    found: dict[str, str] = {}
    for number, reference in enumerate(references or ()):
        if reference.type not in _TYPES:
            raise Refused(
                Reason.UNKNOWN_SHAPE, f"referenced_tweets[{number}].type: {reference.type!r} is no known reference"
            )
        post_id = required_id(reference.id, joined.ids, f"referenced_tweets[{number}].id")
        found.setdefault(reference.type, post_id)
    return found


def _subject(tweet: Tweet, original: Original | None, joined: Joined) -> Account:
    """The author of the original, or where that is not included whom `RT @handle: …` names."""
    named = _named_by_text(tweet, joined)
    author_id = None if original is None else known_id(original.author_id, joined.ids)
    if author_id is not None:
        return named if named is not None and named.id == author_id else joined.account(author_id)
    if named is None:
        raise Refused(
            Reason.NO_SUBJECT,
            "referenced_tweets: the retweeted post is not in includes.tweets with its author, and no mention is of the "
            "`RT @handle`",
        )
    return named


def _named_by_text(tweet: Tweet, joined: Joined) -> Account | None:
    """The account that the text passes on by its handle, and that is among the mentions."""
    handle = handle_passed_on(tweet.text)
    mentions = tweet.entities.mentions if tweet.entities is not None else None
    if handle is None or not mentions:
        return None
    for mention in mentions:
        if mention.username and mention.username.lower() == handle:
            return _mentioned(mention, joined)
    return None


def _mentioned(mention: Mention, joined: Joined) -> Account | None:
    """The mentioned account; `None` where the payload says no id: of nobody it says anything then."""
    account_id = known_id(mention.id, joined.ids)
    if account_id is None and mention.id is None and mention.username:
        account_id = joined.id_of_handle(mention.username)
    return None if account_id is None else joined.account(account_id, mention.username or None)


def _mentions(mentions: list[Mention], joined: Joined) -> tuple[Account, ...]:
    found = (_mentioned(mention, joined) for mention in mentions[:_MAX_MENTIONS])
    return tuple(account for account in found if account is not None)


def _text(tweet: Tweet | Original) -> str:
    """The longest form there is."""
    note = tweet.note_tweet
    return (note.text if note is not None else None) or tweet.text or ""


def _first_version(tweet: Tweet | Original | None, known: str, joined: Joined) -> str:
    """The id of the first version of a post, where its history is there. X lists it oldest first."""
    history = tweet.edit_history_tweet_ids if tweet is not None else None
    return (known_id(history[0], joined.ids) if history else None) or known


def _versions(tweet: Tweet | Original | None, known: str, joined: Joined) -> tuple[str, ...]:
    """The ids of an edited post besides that of its first version."""
    history = tweet.edit_history_tweet_ids if tweet is not None else None
    if not history or len(history) == 1:  # nearly always
        return () if not history or _first_version(tweet, known, joined) == known else (known,)
    said = [known_id(each, joined.ids) for each in history[:_MAX_VERSIONS]]
    return further_versions(_first_version(tweet, known, joined), known, said)


def _links(urls: list[Url]) -> tuple[str, ...]:
    """Where the links lead; without the post's own pictures and films, which v1.1 does not list as links either."""
    found: list[str] = []
    for url in urls:
        link = url.unwound_url or url.expanded_url or url.url
        if link and url.media_key is None and not (url.display_url or "").startswith(_PICTURES):
            found.append(link)
            if len(found) == _MAX_LINKS:
                break
    return tuple(found)


def _reply_to(tweet: Tweet, post_id: str, entities: Entities | None, joined: Joined) -> PostRef:
    """The answered post. Its author is `in_reply_to_user_id`, named by the text's mention where it is not included."""
    original = joined.original(post_id)
    post_id = _first_version(original, post_id, joined)
    account_id = known_id(tweet.in_reply_to_user_id, joined.ids)
    if account_id is None and original is not None:
        account_id = known_id(original.author_id, joined.ids)
    if account_id is None:
        return PostRef(post_id=post_id)
    mentions = (entities.mentions if entities is not None else None) or ()
    handle = next((each.username for each in mentions if known_id(each.id, joined.ids) == account_id), None)
    return PostRef(post_id=post_id, account=joined.account(account_id, handle or None))


def _quotes(post_id: str, entities: Entities | None, joined: Joined) -> PostRef:
    """The quoted post; its author is known where it is included, and otherwise by the handle in the link to it."""
    original = joined.original(post_id)
    first_id, versions = _first_version(original, post_id, joined), _versions(original, post_id, joined)
    author_id = None if original is None else known_id(original.author_id, joined.ids)
    if author_id is not None:
        return PostRef(post_id=first_id, account=joined.account(author_id), versions=versions)
    for url in (entities.urls if entities is not None else None) or ():
        link = url.expanded_url
        if link and link.partition("?")[0].rstrip("/").endswith(f"/{post_id}"):
            return PostRef(post_id=first_id, handle=handle_in_link(link, _HOSTS), versions=versions)
    return PostRef(post_id=first_id, versions=versions)
