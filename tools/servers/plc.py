"""The identity directory: documents and audit logs (web.plc.directory)."""

from typing import Any

from aiohttp import web

from tools.servers.bluesky_accounts import Accounts, LocalAccount
from tools.servers.local_server import LocalServer

__all__ = ["Directory"]


class Directory(LocalServer):
    """Answers for the `did:plc` of `accounts`; `also` are further handles in the document of one with a handle.

    `others` are routes that the same host has besides.
    """

    def __init__(self, accounts: Accounts, *others: web.RouteDef) -> None:
        super().__init__(*others, web.get("/{did}", self._document), web.get("/{did}/log/audit", self._log))
        self._accounts = accounts
        self.also: dict[str, list[str]] = {}

    async def _document(self, request: web.Request) -> web.Response:
        did = request.match_info["did"]
        account = self._accounts.by_did.get(did)
        if account is None:
            return web.json_response({"message": f"DID not registered: {did}"}, status=404)
        if account.status == "deleted":
            return web.json_response({"message": f"DID not available: {did}"}, status=410)
        found = document(account)
        found["alsoKnownAs"] += [f"at://{handle}" for handle in self.also.get(account.handle, ())]
        return web.json_response(found)

    async def _log(self, request: web.Request) -> web.Response:
        did = request.match_info["did"]
        account = self._accounts.by_did.get(did)
        if account is None:
            return web.json_response({"message": f"DID not registered: {did}"}, status=404)
        first = {
            "did": did,
            "operation": {
                "sig": "c2ln",
                "prev": None,
                "type": "plc_operation",
                "services": {"atproto_pds": {"type": "AtprotoPersonalDataServer", "endpoint": account.pds}},
                "alsoKnownAs": [f"at://{account.handle}"],
                "rotationKeys": ["did:key:zQ3sh"],
                "verificationMethods": {"atproto": "did:key:zQ3sh"},
            },
            "cid": "bafyreifirst",
            "nullified": False,
            "createdAt": account.created_at,
        }
        later = first | {"cid": "bafyreilater", "createdAt": "2026-10-10T10:10:10.101Z"}
        return web.json_response([first, later])


def document(account: LocalAccount) -> dict[str, Any]:
    """The DID document of an account."""
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": account.did,
        "alsoKnownAs": [f"at://{account.handle}"],
        "verificationMethod": [
            {"id": f"{account.did}#atproto", "type": "Multikey", "controller": account.did, "publicKeyMultibase": "zQ"}
        ],
        "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": account.pds}],
    }
