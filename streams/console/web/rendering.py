"""Answers as HTML: Jinja2 that escapes everything and refuses what a template names wrongly.

The only mark-up that is not escaped is SVG of our own `charts`, in `figures`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from streams.console.pages.page import PageAnswer
from streams.console.shown import shown as shown_text
from streams.console.web.addresses import address_of
from streams.console.web.freshness import Freshness
from streams.console.web.routes import Route
from streams.core.rosters.hosts import link_host

__all__ = ["STATIC", "TEMPLATES", "Renderer", "static_file"]

_CONSOLE: Final = Path(__file__).parents[1]
TEMPLATES: Final = _CONSOLE / "templates"
STATIC: Final = _CONSOLE / "static"
_MOST: Final = 10_000  # characters of one text on a page
_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Renderer:
    """Makes HTML of answers. `is_static` is for pages that open from disk: no forms, no live notice. `dashboards` is
    the address of Grafana, or empty.
    """

    def __init__(self, routes: Sequence[Route], *, is_static: bool = False, dashboards: str = "") -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

        def address(name: str, query: Mapping[str, object] | None = None, /, **parts: object) -> str:
            return address_of(routes, name, query, **parts)

        self._environment.globals.update(
            address=address,
            asset=_asset,
            is_static=is_static,
            dashboards=dashboards,
            names={route.name for route in routes},
        )
        self._environment.filters.update(
            shown=shown,
            number=number,
            signed=signed,
            share=share,
            iso=iso,
            moment=moment,
            day=day,
            web_link=web_link,
            host=link_host,
        )

    def page(
        self, answer: PageAnswer, address: str, *, is_list: bool = False, freshness: Freshness | None = None
    ) -> str:
        """The whole page. `address` is its own, with the query."""
        path, _, query = address.partition("?")
        return self._environment.get_template(answer.template).render(
            title=answer.title,
            page=answer.model,
            figures={name: Markup(svg) for name, svg in answer.figures.items()},  # noqa: S704  # of our own charts
            here=path,
            query=query,
            is_list=is_list,
            freshness=freshness,
        )

    def refusal(self, status: int, sentence: str, remedy: str) -> str:
        """The page of an error."""
        return self._environment.get_template("refusal.html").render(
            title=sentence,
            status=status,
            sentence=sentence,
            remedy=remedy,
            here="",
            query="",
            is_list=False,
            freshness=None,
        )

    @property
    def environment(self) -> Environment:
        """For tests of macros."""
        return self._environment


@cache
def static_file(name: str) -> tuple[bytes, str, str]:
    """Bytes, media type and a digest of a file in `static/`. Raises `KeyError` for any other name."""
    if name not in {path.name for path in STATIC.iterdir() if path.suffix in _KINDS}:
        raise KeyError(name)
    content = (STATIC / name).read_bytes()
    return content, _KINDS[Path(name).suffix], hashlib.sha256(content).hexdigest()[:16]


def _asset(name: str) -> str:
    return f"/static/{name}?{static_file(name)[2]}"


def shown(text: str | None) -> str:
    """A text from outside, see `streams.console.shown`; nothing for `None`."""
    return "" if text is None else shown_text(text, _MOST)


def number(value: float | None, places: int | None = None) -> str:
    """`1,234` or `0.15`; a truth value as a word; the unknown as `unknown`."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case _:
            if places is None:
                return f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
            return f"{value:,.{places}f}"


def signed(value: float | None) -> str:
    """A difference: `+3`, `−2`, `±0`."""
    if value is None:
        return "unknown"
    return "±0" if value == 0 else f"{'+' if value > 0 else '−'}{number(abs(value))}"


def share(value: float | None) -> str:
    """A part of one as per cent: `12 %`."""
    return "unknown" if value is None else f"{value:.1%}".replace(".0%", "%").replace("%", "\N{NO-BREAK SPACE}%")


def iso(at: datetime) -> str:
    """For `datetime=`: to the second where that is exact."""
    at = at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")


def moment(at: datetime) -> str:
    """For people: `2021-01-18 12:03:09`. Each page says once that all times are UTC."""
    return at.astimezone(UTC).isoformat(" ", "seconds")[:19]


def day(at: datetime) -> str:
    """`2021-01-18`."""
    return at.astimezone(UTC).date().isoformat()


def web_link(address: str | None) -> str | None:
    """The address, if it is one that a page may link to: http or https with a host name; anything else `None`."""
    if address is None or not address.isprintable() or not address.lower().startswith(("http://", "https://")):
        return None
    return address if link_host(address) is not None else None
