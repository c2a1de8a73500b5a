"""Elements of SVG as text, and the frame around a figure: its title, its description and what stands below it.

Every text and every attribute is escaped here and nowhere else. Colours are presentation attributes, which the style
sheet of the pages overrides by class: so a figure is right on a dark page, in print and as a file of its own. Text
without a colour of its own has that of the page around it.
"""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, TypeAlias

from streams.console.shown import shown

__all__ = ["TEXT", "Attribute", "drawing", "element", "label", "number", "shortened", "tooltip", "width_of"]

Attribute: TypeAlias = str | int | float

TEXT: Final = 12
"""Height of ordinary text, in units of the drawing; a character is about 0.6 of it wide."""
_TITLE: Final = 14
_NOTE: Final = 11
_LINE: Final = 16
_MARGIN: Final = 8
_CHARACTER: Final = 0.56
_WIDE: Final = frozenset("WF")
_FONT: Final = "system-ui, sans-serif"


def element(name: str, *children: str, **attributes: Attribute | None) -> str:
    """One element. `children` are elements already; `None` leaves an attribute out, `_` in a name is a hyphen, and a
    last one is dropped (`class_`). A text becomes an element by `label`.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def number(value: float) -> str:
    """A coordinate to the tenth, as short as it goes."""
    written = f"{value:.1f}".removesuffix(".0")
    return "0" if written == "-0" else written


def label(x: float, y: float, words: str, **attributes: Attribute | None) -> str:
    """A text of one line, as far as it prints: what steers the direction of writing is shown as an escape."""
    given: dict[str, Attribute | None] = {"class_": "label", "font_size": TEXT, "fill": "currentColor", **attributes}
    return element("text", escape(shown(words), quote=False), x=x, y=y, **given)


def tooltip(words: str) -> str:
    """What a browser shows while one points at the mark that it is the first child of."""
    return element("title", escape(shown(words), quote=False))


def width_of(words: str, size: float = TEXT) -> float:
    """About how wide a text is; nobody measures it, and a system's fonts differ."""
    columns = sum(2 if unicodedata.east_asian_width(char) in _WIDE else 1 for char in words)
    return columns * size * _CHARACTER


def shortened(words: str, most: float, size: float = TEXT) -> str:
    """The text as far as it prints, cut with an ellipsis where it would be wider than `most`."""
    words = shown(words)
    if width_of(words, size) <= most:
        return words
    kept, left = "", most - width_of("…", size)
    for char in words:
        left -= width_of(char, size)
        if left < 0:
            break
        kept += char
    return kept + "…"


def drawing(
    name: str, *, width: float, height: float, title: str, description: str, body: Iterable[str], notes: Sequence[str]
) -> str:
    """A whole figure: `body` in a space of `width` × `height`, its title above, and `notes` below (source, date, what
    it does not say), so that a copy of the picture alone has them too.

    `name` is that of the figure on its page; `description` says in a sentence or two what is to be seen.
    """
    columns = max(20, int((width - 2 * _MARGIN) / (_NOTE * _CHARACTER)))
    headings = textwrap.wrap(shown(title), max(20, int((width - 2 * _MARGIN) / (_TITLE * _CHARACTER)))) or [""]
    lines = [line for note in notes for line in textwrap.wrap(shown(note), columns)]
    above = _MARGIN + len(headings) * _LINE + _MARGIN
    whole = above + height + (_MARGIN + len(lines) * _LINE if lines else 0) + _MARGIN
    heads = [
        label(_MARGIN, _MARGIN + (row + 0.75) * _LINE, line, class_="figure-title", font_size=_TITLE, font_weight=600)
        for row, line in enumerate(headings)
    ]
    feet = [
        label(
            _MARGIN, above + height + _MARGIN + (row + 0.75) * _LINE, line, class_="figure-note", font_size=_NOTE,
            fill_opacity=0.75,
        )
        for row, line in enumerate(lines)
    ]  # fmt: skip
    has_links = any("<a " in part for part in body)
    return element(
        "svg",
        element("title", escape(shown(title), quote=False), id=f"{name}-title"),
        element("desc", escape(shown(description), quote=False), id=f"{name}-description"),
        *heads,
        element("g", *body, transform=f"translate(0 {number(above)})"),
        *feet,
        xmlns="http://www.w3.org/2000/svg",
        class_=f"figure figure-{name}",
        role="group" if has_links else "img",  # what is in an image is no link for a screen reader
        aria_labelledby=f"{name}-title {name}-description",
        viewBox=f"0 0 {number(width)} {number(whole)}",
        width=width,
        height=whole,
        font_family=_FONT,
    )


def _attribute(value: Attribute) -> str:
    return escape(shown(value)) if isinstance(value, str) else number(value)
