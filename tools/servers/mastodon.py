"""A Mastodon server: look-up of accounts, their statuses by `min_id`, and its rate limit (docs.joinmastodon.org)."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from tools.servers.local_server import LocalServer

__all__ = ["Mastodon"]

_FIRST_ID: Final = 110_000_000_000_000_000
_BEGIN: Final = 1_790_000_000


class Mastodon(LocalServer):
    """The server `host`. In `limit` requests it allows within `window_seconds`; what goes beyond is answered with 429
    and counted in `beyond`. `most_at_once` is how many requests it had at the same time. `names` are what WebFinger
    answers besides its users: handle and profile by the handle that was asked for.
    """

    def __init__(self, host: str, *, limit: int = 300, window_seconds: float = 300.0) -> None:
        super().__init__(
            web.get("/api/v1/accounts/lookup", self._look_up),
            web.get("/api/v1/accounts/{id}/statuses", self._list),
            web.get("/api/v1/statuses/{id}", self._status),
            web.get("/.well-known/webfinger", self._finger),
        )
        self.host = host
        self.limit = limit
        self.window_seconds = window_seconds
        self.beyond = 0
        self.most_at_once = 0
        self.is_down = False
        self.names: dict[str, tuple[str, str]] = {}
        self._asked_at: list[float] = []
        self._at_once = 0
        self._users: dict[str, str] = {}
        self._statuses: dict[str, list[dict[str, Any]]] = {}
        self._next = _FIRST_ID

    def add_user(self, name: str) -> None:
        number = str(1_000 + len(self._users))
        self._users[name] = number
        self._statuses[number] = []

    def post(self, name: str, **more: Any) -> dict[str, Any]:
        """A status of a user; the newest."""
        return self._add(name, more)

    def boost(self, name: str, original: dict[str, Any]) -> dict[str, Any]:
        """A boost, of a status of this server or another one."""
        here = dict(original)
        author = dict(original["account"])
        if self.host not in author["url"]:
            author["acct"] = f"{author['username']}@{author['url'].split('/')[2]}"
        return self._add(name, {"content": "", "reblog": here | {"account": author}}, "/activity")

    def delete(self, name: str, status: dict[str, Any]) -> None:
        """Gone: also for who knows its number."""
        self._statuses[self._users[name]].remove(status)

    def hide(self, name: str, status: dict[str, Any]) -> None:
        """No longer in lists, and still there."""
        status["_hidden"] = True

    def account(self, name: str) -> dict[str, Any]:
        return {
            "id": self._users[name],
            "username": name,
            "acct": name,
            "url": f"https://{self.host}/@{name}",
            "uri": f"https://{self.host}/users/{name}",
            "created_at": "2020-05-17T00:00:00.000Z",
            "followers_count": 1_200,
            "display_name": name.title(),
        }

    def _add(self, name: str, more: dict[str, Any], ending: str = "") -> dict[str, Any]:
        self._next += 65_536
        number = str(self._next)
        at = datetime.fromtimestamp(_BEGIN + (self._next - _FIRST_ID) // 65_536, UTC)
        status = {
            "id": number,
            "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "uri": f"https://{self.host}/users/{name}/statuses/{number}{ending}",
            "url": f"https://{self.host}/@{name}/{number}",
            "visibility": "public",
            "content": "<p>words</p>",
            "language": "en",
            "mentions": [],
            "reblog": None,
            "account": self.account(name),
        } | more
        self._statuses[self._users[name]].append(status)
        return status

    async def _look_up(self, request: web.Request) -> web.Response:
        name = request.query["acct"]
        if name not in self._users:
            return await self._answer({"error": "Record not found"}, 404)
        return await self._answer(self.account(name))

    async def _list(self, request: web.Request) -> web.Response:
        found = [each for each in self._statuses.get(request.match_info["id"], ()) if "_hidden" not in each]
        most = min(40, int(request.query.get("limit", "20")))
        if (after := request.query.get("min_id")) is not None:
            page = [each for each in found if int(each["id"]) > int(after)][:most]
        else:
            page = found[-most:]
        return await self._answer(page[::-1])

    async def _status(self, request: web.Request) -> web.Response:
        for statuses in self._statuses.values():
            for status in statuses:
                if status["id"] == request.match_info["id"]:
                    return await self._answer(status)
        return await self._answer({"error": "Record not found"}, 404)

    async def _finger(self, request: web.Request) -> web.Response:
        asked = request.query.get("resource", "").removeprefix("acct:")
        user, _, host = asked.partition("@")
        if asked in self.names:
            handle, profile = self.names[asked]
        elif host == self.host and user in self._users:
            handle, profile = asked, f"https://{host}/@{user}"
        else:
            return await self._answer({"error": "Record not found"}, 404)
        links = [
            {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": profile},
            {"rel": "self", "type": "application/activity+json", "href": profile.replace("/@", "/users/")},
            {"rel": "http://ostatus.org/schema/1.0/subscribe", "template": f"https://{host}/authorize?uri={{uri}}"},
        ]
        return await self._answer({"subject": f"acct:{handle}", "aliases": [profile], "links": links})

    async def _answer(self, what: Any, status: int = 200) -> web.Response:
        now = time.time()
        self._asked_at = [each for each in self._asked_at if each > now - self.window_seconds] + [now]
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0.002)
        self._at_once -= 1
        remaining = self.limit - len(self._asked_at)
        if self.is_down:
            return web.Response(status=503)
        if remaining < 0:
            self.beyond += 1
            what, status = {"error": "Too many requests"}, 429
        answer = web.json_response(what, status=status)
        reset = datetime.fromtimestamp(self._asked_at[0] + self.window_seconds, UTC)
        answer.headers["X-RateLimit-Limit"] = str(self.limit)
        answer.headers["X-RateLimit-Remaining"] = str(max(0, remaining))
        answer.headers["X-RateLimit-Reset"] = reset.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return answer
