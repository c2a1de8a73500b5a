"""Payloads of X as its documentation has them: posts, reposts and deletions, as events of the Activity API and as
API v2 gives them. Ids are snowflakes of the time that they are given.
"""

import json
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["XPosts"]

_EPOCH_MS: Final = 1_288_834_974_657


class XPosts:
    """Makes posts, one after the other; `users` are by id."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.now: Callable[[], float] = time.time
        self._last = 0

    def add_user(self, user_id: str, username: str, created_at: str = "2014-05-01T10:00:00.000Z") -> None:
        self.users[user_id] = {
            "id": user_id,
            "username": username,
            "name": username.title(),
            "created_at": created_at,
            "verified": True,
            "public_metrics": {"followers_count": 1_200, "followers_count_str": "1200"},
        }

    def post(self, author: str, text: str = "words", at: float | None = None, **more: Any) -> dict[str, Any]:
        """A post with what it needs of other posts under `_original`."""
        at = self.now() if at is None else at
        self._last = max(self._last + 1, (int(at * 1_000) - _EPOCH_MS) << 22)
        post_id = str(self._last)
        return {
            "id": post_id,
            "author_id": author,
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1_000):03d}Z",
            "text": text,
            "lang": "en",
            "edit_history_tweet_ids": [post_id],
            "conversation_id": post_id,
            "public_metrics": {"retweet_count": 0, "retweet_count_str": "0"},
        } | more

    def repost(self, author: str, original: dict[str, Any], at: float | None = None) -> dict[str, Any]:
        """A repost, as API v2 has it: its text is that of the original, shortened, after `RT @handle:`."""
        handle = self.users[original["author_id"]]["username"]
        mention = {"start": 3, "end": 4 + len(handle), "username": handle, "id": original["author_id"]}
        return self.post(
            author,
            f"RT @{handle}: {original['text']}",
            at,
            referenced_tweets=[{"type": "retweeted", "id": original["id"]}],
            entities={"mentions": [mention]},
            _original=original,
        )

    def quote(self, author: str, original: dict[str, Any], text: str = "look") -> dict[str, Any]:
        return self.post(author, text, referenced_tweets=[{"type": "quoted", "id": original["id"]}], _original=original)

    def includes(self, *posts: dict[str, Any]) -> dict[str, Any]:
        """Accounts and posts that these refer to."""
        originals = [each["_original"] for each in posts if "_original" in each]
        ids = {each["author_id"] for each in [*posts, *originals]}
        tweets = [_shown(each) for each in originals]
        return {"users": [self.users[each] for each in sorted(ids)]} | ({"tweets": tweets} if tweets else {})

    def created(self, post: dict[str, Any]) -> dict[str, Any]:
        """The event `post.create`; its includes hold the post itself, too."""
        includes = self.includes(post)
        includes["tweets"] = [_shown(post), *includes.get("tweets", ())]
        return self._event("post.create", post["author_id"], _shown(post), includes, uuid=post["id"])

    def deleted(self, post: dict[str, Any]) -> dict[str, Any]:
        """The event `post.delete`: its accounts are wrapped, and it has no time."""
        user = post["author_id"]
        includes = {"users": [{"data": self.users[user]}]}
        return self._event("post.delete", user, {"id": post["id"], "author_id": user}, includes, uuid=f"-{post['id']}")

    def streamed(self, post: dict[str, Any], rules: list[dict[str, str]]) -> dict[str, Any]:
        """A line of the filtered stream."""
        matching = [{"id": each["id"], "tag": each.get("tag", "")} for each in rules]
        return {"data": _shown(post), "includes": self.includes(post), "matching_rules": matching}

    def page(self, posts: list[dict[str, Any]], next_token: str | None) -> dict[str, Any]:
        """A page of a timeline; one without posts has neither `data` nor `includes`."""
        meta: dict[str, Any] = {"result_count": len(posts)}
        if next_token is not None:
            meta["next_token"] = next_token
        if not posts:
            return {"meta": meta}
        return {"data": [_shown(each) for each in posts], "includes": self.includes(*posts), "meta": meta}

    def _event(
        self, kind: str, user: str, payload: dict[str, Any], includes: dict[str, Any], *, uuid: str
    ) -> dict[str, Any]:
        return {
            "data": {
                "event_uuid": uuid,
                "filter": {"user_id": user},
                "event_type": kind,
                "tag": "antiphon",
                "payload": payload,
                "includes": includes,
            }
        }


def _shown(post: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(json.dumps(post))
    shown.pop("_original", None)
    return shown
