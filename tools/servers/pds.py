"""A personal data server: the records of its accounts (`com.atproto.repo.listRecords`)."""

from typing import Final

from aiohttp import web

from tools.servers.bluesky_accounts import Accounts
from tools.servers.local_server import LocalServer, problem

__all__ = ["PersonalDataServer"]

_MOST: Final = 100
_USUAL: Final = 50


class PersonalDataServer(LocalServer):
    """Answers for `accounts`: the newest record first unless asked for the reverse, 100 a page, the last key as the
    cursor.
    """

    def __init__(self, accounts: Accounts) -> None:
        super().__init__(web.get("/xrpc/com.atproto.repo.listRecords", self.records))
        self._accounts = accounts

    async def records(self, request: web.Request) -> web.Response:
        """A page of an account's records."""
        query = request.query
        account = self._accounts.by_did.get(query.get("repo", ""))
        if account is None or account.status == "deleted":
            return problem(400, "InvalidRequest", f"Could not find repo: {query.get('repo', '')}")
        if account.status in ("takendown", "deactivated", "suspended"):
            return problem(400, f"Repo{account.status.capitalize()}", f"Repo has been {account.status}")
        limit = int(query.get("limit", _USUAL))
        if not 1 <= limit <= _MOST:
            return problem(400, "InvalidRequest", "Error: limit can not be greater than 100")
        collection, cursor, oldest_first = query["collection"], query.get("cursor"), query.get("reverse") == "true"
        records = account.records.get(collection, {})
        keys = sorted(records, reverse=not oldest_first)
        if cursor is not None:
            keys = [key for key in keys if (key > cursor if oldest_first else key < cursor)]
        page = keys[:limit]
        answer: dict[str, object] = {
            "records": [
                {"uri": f"at://{account.did}/{collection}/{key}", "cid": "bafyreirecord", "value": records[key]}
                for key in page
            ]
        }
        if page:
            answer["cursor"] = page[-1]
        return web.json_response(answer)
