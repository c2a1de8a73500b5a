"""Reads the records of an account from its own server, page by page, the newest first."""

from collections.abc import AsyncGenerator
from typing import Final

from msgspec import Raw, Struct
from yarl import URL

from streams.collectors.http_client import AnswerError, HttpClient

__all__ = ["RecordPage", "RepositoryRecord", "pages_of"]

_PAGE: Final = 100  # the most that a server gives
_MOST_PAGES: Final = 5_000


class RepositoryRecord(Struct):
    """A record and its at-uri."""

    uri: str
    value: Raw

    @property
    def key(self) -> str:
        """The record key."""
        return self.uri.rpartition("/")[2]


class RecordPage(Struct):
    """Up to 100 records. `cursor` leads to the next page; `None`: there is none."""

    records: list[RepositoryRecord]
    cursor: str | None = None


async def pages_of(
    client: HttpClient, server: str, did: str, collection: str, cursor: str | None
) -> AsyncGenerator[RecordPage, None]:
    """The pages of a collection after `cursor`. A server that leads in circles is not followed for ever.

    Raises `HttpClientError`.
    """
    try:
        url = URL(server) / "xrpc" / "com.atproto.repo.listRecords"
    except ValueError:
        raise AnswerError(did, "its server has no address that can be asked", 0) from None
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        query = [("repo", did), ("collection", collection), ("limit", str(_PAGE))]
        page = await client.json(url, RecordPage, query if cursor is None else [*query, ("cursor", cursor)])
        if page.cursor in seen:
            page.cursor = None
        yield page
        if not page.records or page.cursor is None:
            return
        cursor = page.cursor
        seen.add(cursor)
