"""An AppView as far as profiles and handles go (`app.bsky.actor`, `com.atproto.identity`)."""

import random
from typing import Any, Final

from aiohttp import web

from tools.servers.bluesky_accounts import Accounts, LocalAccount
from tools.servers.local_server import LocalServer, problem

__all__ = ["AppView"]

_MOST_ACTORS: Final = 25


class AppView(LocalServer):
    """Answers for `accounts`. Profiles come shuffled (`seed`); `left_out` are accounts that an answer for many lacks
    although they are there, and `misled` what handles lead to whatever the accounts say.
    """

    def __init__(self, accounts: Accounts, seed: int = 0) -> None:
        super().__init__(
            web.get("/xrpc/app.bsky.actor.getProfiles", self._profiles),
            web.get("/xrpc/app.bsky.actor.getProfile", self._profile),
            web.get("/xrpc/com.atproto.identity.resolveHandle", self._resolve),
        )
        self._accounts = accounts
        self._chance = random.Random(seed)
        self.left_out: set[str] = set()
        self.misled: dict[str, str] = {}

    async def _profiles(self, request: web.Request) -> web.Response:
        actors = request.query.getall("actors", [])
        if not 1 <= len(actors) <= _MOST_ACTORS:
            return problem(400, "InvalidRequest", "Error: actors must not have more than 25 elements")
        found = [self._accounts.named(actor) for actor in actors]
        seen = [each for each in found if each is not None and _is_shown(each) and each.did not in self.left_out]
        self._chance.shuffle(seen)
        return web.json_response({"profiles": [_view(each) for each in seen]})

    async def _profile(self, request: web.Request) -> web.Response:
        account = self._accounts.named(request.query.get("actor", ""))
        if account is not None and (account.hidden or account.status in ("takendown", "suspended")):
            return problem(400, "AccountTakedown", "Account has been suspended")
        if account is not None and account.status == "deactivated":
            return problem(400, "AccountDeactivated", "Account is deactivated")
        if account is None or account.status == "deleted":
            return problem(400, "InvalidRequest", "Profile not found")
        return web.json_response(_view(account))

    async def _resolve(self, request: web.Request) -> web.Response:
        if (did := self.misled.get(request.query.get("handle", ""))) is not None:
            return web.json_response({"did": did})
        account = self._accounts.named(request.query.get("handle", ""))
        if account is None:
            return problem(400, "InvalidRequest", "Unable to resolve handle")
        return web.json_response({"did": account.did})


def _is_shown(account: LocalAccount) -> bool:
    return account.status == "active" and not account.hidden


def _view(account: LocalAccount) -> dict[str, Any]:
    return {
        "did": account.did,
        "handle": account.handle,
        "displayName": account.name,
        "associated": {"lists": 0, "feedgens": 0, "starterPacks": 0, "labeler": False},
        "labels": [],
        "createdAt": account.profile_created_at,
        "indexedAt": "2026-11-01T00:00:00.000Z",
        "followersCount": account.followers,
        "followsCount": 3,
        "postsCount": 9,
    }
