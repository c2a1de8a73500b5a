"""X's API v2 as far as collectors use it: the Activity API, the filtered stream with its rules, timelines, compliance
jobs. Source: X's documentation and OpenAPI description of 2026.

Every endpoint counts its requests, tells its limit as X does, and answers 429 beyond it: `beyond` counts those.
"""

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, Final, Self

from aiohttp import web

from tools.servers.local_server import LocalServer
from tools.servers.x_posts import XPosts

__all__ = ["DISCONNECT", "TOKEN", "TOO_MANY", "X"]

TOKEN: Final = "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BuSeid%2BULvsea4JtiGRiSDSJSI%3DEUifiRBkKG5E2XzMDjRf"  # noqa: S105
DISCONNECT: Final = {
    "errors": [
        {
            "title": "operational-disconnect",
            "disconnect_type": "UpstreamOperationalDisconnect",
            "detail": "This stream has been disconnected upstream for operational reasons.",
            "type": "https://api.x.com/2/problems/operational-disconnect",
        }
    ]
}
TOO_MANY: Final = {
    "title": "ConnectionException",
    "detail": "This stream is currently at the maximum allowed connection limit.",
    "connection_issue": "TooManyConnections",
    "type": "https://api.x.com/2/problems/streaming-connection",
}
# In 15 minutes, by X's page of rate limits.
LIMITS: Final = {
    "GET /2/activity/stream": 450,
    "GET /2/activity/subscriptions": 500,
    "POST /2/activity/subscriptions": 500,
    "DELETE /2/activity/subscriptions": 500,
    "GET /2/tweets/search/stream": 50,
    "GET /2/tweets/search/stream/rules": 450,
    "POST /2/tweets/search/stream/rules": 100,
    "GET /2/users/:id/tweets": 10_000,
    "POST /2/compliance/jobs": 150,
    "GET /2/compliance/jobs/:id": 150,
}


class X(LocalServer):
    """X with these accounts and posts. `keep_alive` is how often a quiet stream sends an empty line."""

    def __init__(self, *, limits: dict[str, int] | None = None, window_seconds: float = 900.0) -> None:
        super().__init__(
            web.get("/2/activity/stream", self._activity),
            web.get("/2/activity/subscriptions", self._list_subscriptions),
            web.post("/2/activity/subscriptions", self._subscribe),
            web.delete("/2/activity/subscriptions", self._unsubscribe),
            web.get("/2/tweets/search/stream", self._search),
            web.get("/2/tweets/search/stream/rules", self._list_rules),
            web.post("/2/tweets/search/stream/rules", self._change_rules),
            web.get("/2/users/by/username/{name}/tweets", self._timeline),
            web.get("/2/users/{id}/tweets", self._timeline),
            web.post("/2/compliance/jobs", self._create_job),
            web.get("/2/compliance/jobs/{id}", self._show_job),
            web.put("/storage/{id}", self._upload),
            web.get("/storage/{id}", self._download),
        )
        self.posts = XPosts()
        self.limits = LIMITS | (limits or {})
        self.window_seconds = window_seconds
        self.keep_alive = 20.0
        self.token = TOKEN
        self.most_subscriptions = 1_500
        self.most_rules = 1_000
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.rules: dict[str, dict[str, str]] = {}
        self.timelines: dict[str, list[dict[str, Any]]] = {}
        self.refusals: list[tuple[int, Any, dict[str, str]]] = []
        """For the next streams: status, body and headers, in place of a stream."""
        self.unavailable: dict[str, str] = {}
        """Accounts that are gone, and why, for compliance jobs."""
        self.polls_until_complete = 2
        self.timelines_are_down = False
        self.jobs: dict[str, dict[str, Any]] = {}
        self.uploads: dict[str, bytes] = {}
        self.tokens_at_storage = 0
        self.beyond: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.opened_at: list[float] = []
        self.delivered = 0
        self._asked_at: dict[str, list[float]] = {}
        self._streams: list[tuple[str, asyncio.Queue[bytes | None]]] = []
        self._next = 1_976_325_569_252_868_000
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        return await super().__aenter__()

    # What happens at X. May be called from any thread.

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def publish(self, post: dict[str, Any]) -> dict[str, Any]:
        """A post or repost comes: into its author's timeline, and to who asked for it."""
        self.timelines.setdefault(post["author_id"], []).append(post)
        author = post["author_id"]
        if self._is_subscribed(author, "post.create"):
            self.send(self.posts.created(post), "activity")
        handle = self.posts.users[author]["username"]
        matching = [each for each in self.rules.values() if {author, handle} & {*_names_in(each["value"])}]
        if matching:
            self.send(self.posts.streamed(post, matching), "search")
        return post

    def delete(self, post: dict[str, Any]) -> None:
        """A post goes."""
        self.timelines[post["author_id"]].remove(post)
        if self._is_subscribed(post["author_id"], "post.delete"):
            self.send(self.posts.deleted(post), "activity")

    def send(self, message: dict[str, Any] | bytes, kind: str = "activity") -> None:
        """Bytes as they are, or a message as a line, to each stream of a kind."""
        data = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode() + b"\r\n"
        self._put(data, kind)

    def cut(self) -> None:
        """End all streams, in the middle of what was sent."""
        self._put(None)

    def _put(self, data: bytes | None, kind: str = "") -> None:
        def put() -> None:
            for each, queue in self._streams:
                if not kind or each == kind:
                    queue.put_nowait(data)

        assert self._loop is not None
        self._loop.call_soon_threadsafe(put)

    def _is_subscribed(self, user: str, event: str) -> bool:
        return any(
            each["filter"].get("user_id") == user and each["event_type"] == event
            for each in self.subscriptions.values()
        )

    # Streams.

    async def _activity(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, "activity", "GET /2/activity/stream")

    async def _search(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, "search", "GET /2/tweets/search/stream")

    async def _stream(self, request: web.Request, kind: str, endpoint: str) -> web.StreamResponse:
        self.opened_at.append(asyncio.get_running_loop().time())
        if (refusal := self._admitted(request, endpoint)) is not None:
            return refusal
        if self.refusals:
            status, body, headers = self.refusals.pop(0)
            return web.Response(status=status, body=json.dumps(body).encode(), headers=headers)
        answer = web.StreamResponse(
            headers={"Content-Type": "application/json; charset=utf-8"} | self._headers_for(endpoint)
        )
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._streams.append((kind, queue))
        try:
            while True:
                try:
                    async with asyncio.timeout(self.keep_alive):
                        data = await queue.get()
                except TimeoutError:
                    await answer.write(b"\r\n")
                    continue
                if data is None:
                    if request.transport is not None:
                        request.transport.abort()
                    return answer
                await answer.write(data)
                self.delivered += data.count(b'"data"') > 0
        except ConnectionResetError:  # the client is gone
            return answer
        finally:
            self._streams.remove((kind, queue))

    # Subscriptions.

    async def _list_subscriptions(self, request: web.Request) -> web.Response:
        if (refusal := self._admitted(request, "GET /2/activity/subscriptions")) is not None:
            return refusal
        found = list(self.subscriptions.values())
        begin = int(request.query.get("pagination_token", "0").rsplit("-", maxsplit=1)[-1])
        end = begin + int(request.query.get("max_results", "1000"))
        meta: dict[str, Any] = {"total_subscriptions": len(found)}
        if end < len(found):
            meta["next_token"] = f"base32hex-token-{end}"
        return self._answer({"data": found[begin:end], "meta": meta}, "GET /2/activity/subscriptions")

    async def _subscribe(self, request: web.Request) -> web.Response:
        endpoint = "POST /2/activity/subscriptions"
        if (refusal := self._admitted(request, endpoint)) is not None:
            return refusal
        body = await request.json()
        if len(self.subscriptions) >= self.most_subscriptions:
            detail = "Subscription limit exceeded."
            return self._answer({"title": "Invalid Request", "detail": detail}, endpoint, 400)
        if body["filter"]["user_id"] not in self.posts.users:
            return self._answer({"errors": [{"title": "Not Found Error", "detail": "Could not find user."}]}, endpoint)
        now = datetime.fromtimestamp(self.posts.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        number = self.next_number()
        made = body | {"subscription_id": number, "created_at": now, "updated_at": now}
        self.subscriptions[number] = made
        return self._answer({"data": [made], "meta": {"total_subscriptions": len(self.subscriptions)}}, endpoint)

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        endpoint = "DELETE /2/activity/subscriptions"
        if (refusal := self._admitted(request, endpoint)) is not None:
            return refusal
        ids = request.query["ids"].split(",")
        assert len(ids) <= 100
        gone = [{"subscription_id": each, "deleted": self.subscriptions.pop(each, None) is not None} for each in ids]
        return self._answer({"data": gone, "meta": {"total_subscriptions": len(self.subscriptions)}}, endpoint)

    # Rules.

    async def _list_rules(self, request: web.Request) -> web.Response:
        endpoint = "GET /2/tweets/search/stream/rules"
        if (refusal := self._admitted(request, endpoint)) is not None:
            return refusal
        found = list(self.rules.values())
        body: dict[str, Any] = {"meta": {"sent": "2026-11-28T00:00:00.000Z", "result_count": len(found)}}
        return self._answer(({"data": found} if found else {}) | body, endpoint)

    async def _change_rules(self, request: web.Request) -> web.Response:
        endpoint = "POST /2/tweets/search/stream/rules"
        if (refusal := self._admitted(request, endpoint)) is not None:
            return refusal
        body = await request.json()
        added, errors = [], []
        for each in body.get("add", ()):
            if len(each["value"]) > 1_024 or len(self.rules) >= self.most_rules:
                errors.append({"title": "UnprocessableRule", "detail": "too long or too many", "value": each["value"]})
                continue
            number = self.next_number()
            self.rules[number] = each | {"id": number}
            added.append(self.rules[number])
        deleted = sum(self.rules.pop(each, None) is not None for each in body.get("delete", {}).get("ids", ()))
        summary = {"created": len(added), "not_created": len(errors), "deleted": deleted}
        answer: dict[str, Any] = {"meta": {"sent": "2026-11-28T00:00:00.000Z", "summary": summary}}
        answer |= {"data": added} if added else {}
        return self._answer(answer | ({"errors": errors} if errors else {}), endpoint, 201 if added else 200)

    # Timelines: the newest first, page by page.

    async def _timeline(self, request: web.Request) -> web.Response:
        endpoint = "GET /2/users/:id/tweets"
        if (refusal := self._admitted(request, endpoint)) is not None:
            return refusal
        if self.timelines_are_down:
            return self._answer({"title": "Service Unavailable"}, endpoint, 503)
        user = request.match_info.get("id") or self._id_of(request.match_info["name"])
        if user in self.unavailable or user not in self.posts.users:
            error = {"title": "Forbidden", "detail": f"User has been suspended: [{user}].", "resource_id": user}
            return self._answer({"errors": [error]}, endpoint)
        query = request.query
        size = int(query["max_results"])
        assert 5 <= size <= 100
        since = query.get("start_time", "")
        found = [each for each in reversed(self.timelines.get(user, [])) if each["created_at"] >= since.rstrip("Z")]
        begin = int(query.get("pagination_token", "0"))
        page = found[begin : begin + size]
        self.delivered += len(page)
        next_token = str(begin + size) if begin + size < len(found) else None
        return self._answer(self.posts.page(page, next_token), endpoint)

    def _id_of(self, handle: str) -> str:
        return next((key for key, each in self.posts.users.items() if each["username"].lower() == handle.lower()), "")

    # Compliance jobs, whose files are elsewhere: no token belongs there.

    async def _create_job(self, request: web.Request) -> web.Response:
        endpoint = "POST /2/compliance/jobs"
        if (refusal := self._admitted(request, endpoint)) is not None:
            return refusal
        number = self.next_number()
        signed = f"{self.url}/storage/{number}?X-Goog-Signature=ab%2Fcd%3D"
        self.jobs[number] = (await request.json()) | {
            "id": number,
            "status": "created",
            "upload_url": signed,
            "download_url": signed,
        }
        return self._answer({"data": self.jobs[number]}, endpoint)

    async def _show_job(self, request: web.Request) -> web.Response:
        endpoint = "GET /2/compliance/jobs/:id"
        if (refusal := self._admitted(request, endpoint)) is not None:
            return refusal
        job = self.jobs[request.match_info["id"]]
        if job["id"] in self.uploads:
            job["polls"] = job.get("polls", 0) + 1
            job["status"] = "complete" if job["polls"] >= self.polls_until_complete else "in_progress"
        return self._answer({"data": job}, endpoint)

    async def _upload(self, request: web.Request) -> web.Response:
        self.tokens_at_storage += "Authorization" in request.headers
        assert request.headers["Content-Type"] == "text/plain"
        self.uploads[request.match_info["id"]] = await request.read()
        return web.Response()

    async def _download(self, request: web.Request) -> web.Response:
        self.tokens_at_storage += "Authorization" in request.headers
        asked = self.uploads[request.match_info["id"]].decode().split()
        rows = [
            {
                "id": each,
                "action": "delete",
                "created_at": "2014-05-01T10:00:00+00:00",
                "reason": self.unavailable[each],
            }
            for each in asked
            if each in self.unavailable
        ]
        return web.Response(body=b"".join(json.dumps(each).encode() + b"\n" for each in rows))

    # Limits.

    def _admitted(self, request: web.Request, endpoint: str) -> web.Response | None:
        self.requests[endpoint] += 1
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"title": "Unauthorized", "type": "about:blank", "status": 401}, status=401)
        now = self.posts.now()
        asked = [each for each in self._asked_at.get(endpoint, ()) if each > now - self.window_seconds]
        self._asked_at[endpoint] = [*asked, now]
        if len(asked) >= self.limits[endpoint]:
            self.beyond[endpoint] += 1
            return self._answer({"title": "Too Many Requests", "type": "about:blank", "status": 429}, endpoint, 429)
        return None

    def _headers_for(self, endpoint: str) -> dict[str, str]:
        asked = self._asked_at[endpoint]
        return {
            "Date": formatdate(self.posts.now(), usegmt=True),
            "x-rate-limit-limit": str(self.limits[endpoint]),
            "x-rate-limit-remaining": str(max(0, self.limits[endpoint] - len(asked))),
            "x-rate-limit-reset": str(int(asked[0] + self.window_seconds) + 1),
        }

    def _answer(self, body: Any, endpoint: str, status: int = 200) -> web.Response:
        return web.json_response(body, status=status, headers=self._headers_for(endpoint))

    def next_number(self) -> str:
        """An id for whatever comes next."""
        self._next += 1
        return str(self._next)


def _names_in(rule: str) -> list[str]:
    return re.findall(r"from:(\S+)", rule)
