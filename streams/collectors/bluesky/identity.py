"""Who an account is, by the identity directory: its document, its age, and where its records are.

Sources: the specifications of DIDs and handles of the AT protocol, and of the directory (did:plc).
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from msgspec import Struct, field
from yarl import URL

from streams.collectors.http_client import AnswerError, HttpClient
from streams.core.platforms import names_of
from streams.events import Utc

__all__ = ["APPVIEW", "DIRECTORY", "Identities", "Identity"]

APPVIEW: Final = "https://public.api.bsky.app"
DIRECTORY: Final = "https://plc.directory"

_names = names_of("bluesky")
assert _names is not None  # noqa: S101  # it stands in a table of ours
_HANDLE: Final = _names.handle
_DID: Final = _names.id
_PLC: Final = "did:plc:"
_WEB: Final = "did:web:"
_ABSENT: Final = frozenset({404, 410})


class Identity(Struct, frozen=True):
    """What a document says: the handles an account claims, the first one first, and its server (`None`: none)."""

    did: str
    handles: tuple[str, ...]
    server: str | None


class _Service(Struct):
    id: str = ""
    type: str = ""
    endpoint: str | None = field(default=None, name="serviceEndpoint")


class _Document(Struct):
    id: str
    names: list[str] = field(default_factory=list, name="alsoKnownAs")
    services: list[_Service] = field(default_factory=list, name="service")


class _Operation(Struct):
    did: str
    created_at: Utc = field(name="createdAt")


class _Resolved(Struct):
    did: str


class Identities:
    """Asks the directory and, for handles, an AppView (their base URLs) through a client."""

    def __init__(self, client: HttpClient, directory: str, appview: str = APPVIEW) -> None:
        self._client = client
        self._directory = URL(directory)
        self._appview = URL(appview)

    async def of(self, did: str) -> Identity | None:
        """The identity of a DID, `None` where there is none (any more). Raises `HttpClientError`."""
        try:
            document = await self._client.json(self._document_url(did), _Document)
        except AnswerError as error:
            if error.status in _ABSENT:
                return None
            raise
        if document.id != did:
            raise AnswerError(did, "the document is of another account", 200)
        handles = (name.removeprefix("at://") for name in document.names if name.startswith("at://"))
        server = next((each.endpoint for each in document.services if each.id.endswith("#atproto_pds")), None)
        return Identity(did, tuple(name for name in handles if _HANDLE.fullmatch(name)), server)

    async def created_at(self, did: str) -> datetime | None:
        """When the directory first wrote of a `did:plc`; `None` for any other, and for one that it does not know.

        Raises `HttpClientError`.
        """
        if not did.startswith(_PLC):
            return None
        try:
            log = await self._client.json(self._directory / did / "log" / "audit", list[_Operation])
        except AnswerError as error:
            if error.status in _ABSENT:
                return None
            raise
        if not log or log[0].did != did:
            return None
        return log[0].created_at.astimezone(UTC)

    async def did_of(self, handle: str) -> str | None:
        """To which DID a handle leads, `None` where to none. Raises `HttpClientError`."""
        url = self._appview / "xrpc" / "com.atproto.identity.resolveHandle"
        try:
            did = (await self._client.json(url, _Resolved, [("handle", handle.lower())])).did
        except AnswerError as error:
            if error.status in (400, 404):
                return None
            raise
        return did if _DID.fullmatch(did) else None

    def _document_url(self, did: str) -> URL:
        if did.startswith(_PLC):
            return self._directory / did
        # did:web:example.org%3A8443:users:1 has its path behind colons; the protocol allows a bare host alone.
        host = unquote(did.removeprefix(_WEB))
        if not did.startswith(_WEB) or not _HANDLE.fullmatch(host):
            raise AnswerError(did, "no DID with a document that can be asked for", 0)
        return URL.build(scheme="https", host=host, path="/.well-known/did.json")
