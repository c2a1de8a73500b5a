"""An address becomes bytes: the answer of a page as HTML, JSON, SVG or rows, a refusal as a page or as JSON.

Synchronous, and knows nothing of connections.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from streams.console.pages.page import BadRequest, NotFound, PageAnswer, PageRequest, Rows
from streams.console.store.paging import CursorError
from streams.console.store.reading import NoStoreError, Store, TooLongError
from streams.console.web.addresses import Address, Form
from streams.console.web.freshness import Freshness
from streams.console.web.headers import svg_policy
from streams.console.web.rendering import Renderer, static_file
from streams.printable import printable
from streams.sinks.table_files import csv_parts, ndjson_parts

__all__ = [
    "MEDIA_TYPES",
    "Body",
    "Parts",
    "RefusedRequest",
    "answer_of",
    "body_of",
    "parts_of",
    "query_of",
    "refusal_body",
]

_log: Final = logging.getLogger(__name__)
_MOST_FIELDS: Final = 50

MEDIA_TYPES: Final[Mapping[Form, str]] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
    "svg": "image/svg+xml",
}
Parts: TypeAlias = Iterator[bytes]


class Body(Struct, frozen=True, kw_only=True):
    """What is sent, and how often it has to be: `etag` is a hash of it."""

    content: bytes
    media_type: str
    status: int = 200
    headers: Mapping[str, str] = {}

    @property
    def etag(self) -> str:
        """Strong: the same bytes and no others."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


class RefusedRequest(Exception):  # noqa: N818  # an answer, not a failure
    """There is no answer: status, a sentence and a remedy."""

    def __init__(self, status: int, sentence: str, remedy: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.remedy, self.headers = status, sentence, remedy, headers or {}


def query_of(text: str) -> dict[str, str]:
    """The parameters of an address, without those that are empty. Raises `RefusedRequest`."""
    try:
        pairs = parse_qsl(text, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise RefusedRequest(
            400, "The parameters of this address cannot be read.", "Write them as name=value, in UTF-8."
        ) from None
    query = dict(pairs)
    if len(query) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RefusedRequest(400, f"{printable(twice, 60)} is given twice.", "Give each parameter once.")
    return query


def answer_of(store: Store, place: Address, query: Mapping[str, str], now: datetime) -> PageAnswer:
    """Ask the page. Raises `RefusedRequest`, and for a bug in a page whatever that is."""
    try:
        return place.route.page(store, PageRequest(path=place.path, query=query, now=now))
    except NotFound as refusal:
        raise RefusedRequest(404, refusal.sentence, refusal.remedy) from None
    except BadRequest as refusal:
        raise RefusedRequest(400, refusal.sentence, refusal.remedy) from None
    except CursorError as error:
        raise RefusedRequest(
            400, f"This page of the list cannot be shown: {error}.", "Begin at its first page."
        ) from None
    except TooLongError:
        raise RefusedRequest(503, "This question takes too long.", "Narrow it: fewer days, or more letters.") from None
    except NoStoreError:
        raise RefusedRequest(
            503, "The store is being built.", "Come back in a moment; /status says how far it is.", {"Retry-After": "2"}
        ) from None


def body_of(
    answer: PageAnswer, place: Address, address: str, renderer: Renderer, freshness: Freshness | None = None
) -> Body:
    """The answer in the form that is wanted, but for rows. Raises `RefusedRequest` for a figure that there is not."""
    match place.form:
        case "json":
            content = msgspec.json.encode(answer.model) + b"\n"
        case "svg":
            return _figure(answer, place)
        case _:
            page = renderer.page(answer, address, is_list=place.route.is_list, freshness=freshness)
            content = page.encode("utf-8", "backslashreplace")
    return Body(content=content, media_type=MEDIA_TYPES[place.form])


def parts_of(answer: PageAnswer, form: Form) -> Parts:
    """All rows of a list, piece by piece, as CSV or NDJSON. Read in one thread; raises what the store raises."""
    rows = answer.rows or Rows(record=type(answer.model), rows=())
    return csv_parts(rows.record, rows.rows) if form == "csv" else ndjson_parts(rows.rows)


def refusal_body(renderer: Renderer, refused: RefusedRequest, *, as_json: bool) -> Body:
    """A readable page, or the same as JSON."""
    if as_json:
        said = {"status": refused.status, "error": refused.sentence, "remedy": refused.remedy}
        content, media_type = msgspec.json.encode(said) + b"\n", MEDIA_TYPES["json"]
    else:
        page = renderer.refusal(refused.status, refused.sentence, refused.remedy)
        content, media_type = page.encode("utf-8", "backslashreplace"), MEDIA_TYPES["html"]
    return Body(content=content, media_type=media_type, status=refused.status, headers=refused.headers)


def _figure(answer: PageAnswer, place: Address) -> Body:
    svg = answer.figures.get(place.figure or "")
    if svg is None:
        known = ", ".join(sorted(answer.figures)) or "none"
        raise RefusedRequest(404, "This page has no such figure.", f"It has: {known}.")
    style = static_file("charts.css")[0].decode()
    begin, _, rest = svg.partition(">")
    content = f"{begin}><style>{style}</style>{rest}"
    return Body(
        content=content.encode("utf-8", "backslashreplace"),
        media_type=MEDIA_TYPES["svg"],
        headers={"Content-Security-Policy": svg_policy(style)},
    )
