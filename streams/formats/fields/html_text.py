"""The text of HTML as servers of the fediverse send it, and where it links to. In a time that grows with its length."""

import html
import re
from itertools import islice
from typing import Final

__all__ = ["text_and_links"]

_MAX_HTML: Final = 1_048_576  # characters; what is beyond is not looked at
_MAX_TEXT: Final = 100_000  # characters, as in a canonical event
_MAX_LINK: Final = 8_192
_MAX_LINKS: Final = 100

# No part of a tag has an angle bracket: servers escape them. So each character is looked at once.
_TAG: Final = re.compile(r"<(?:(/?)([A-Za-z][A-Za-z0-9]*+)([^<>]*+)|[!?][^<>]*+)>")
_ATTRIBUTE: Final = re.compile(r"""(?<![A-Za-z-])(href|class)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""", re.IGNORECASE)
_LONG_NUMBER: Final = re.compile(r"&#[0-9]{8,}+;?|&#[xX][0-9A-Fa-f]{8,}+;?")
_MANY_BREAKS: Final = re.compile(r"(?<![ \t])[ \t]*+\n[ \t]*+\n\s*+")
_BREAKS: Final = {
    **dict.fromkeys(("blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "ul"), "\n\n"),
    **dict.fromkeys(("br", "li"), "\n"),
}
_NO_LINKS: Final = frozenset({"hashtag", "mention"})  # of the platform's own making
_WEB: Final = ("http://", "https://")


def text_and_links(source: str) -> tuple[str, tuple[str, ...]]:
    """The text, with line breaks and paragraphs as breaks, and the addresses that it links to, each once.

    Links of mentions and hashtags are none. What a server hides of a long address is part of the text.
    """
    source = source[:_MAX_HTML]
    if "<" not in source:
        return _unescaped(source).strip()[:_MAX_TEXT], ()
    between = _TAG.split(source)  # text, slash, name, attributes, text, and so on
    pieces = between[:1]
    links: dict[str, None] = {}
    for slash, name, attributes, text in zip(between[1::4], between[2::4], between[3::4], between[4::4], strict=True):
        if name is not None and (name := name.lower()) != "span":
            if (mark := _BREAKS.get(name)) is not None:
                pieces.append(mark)
            elif name == "a" and not slash and (link := _link(attributes)) is not None:
                links[link] = None
        pieces.append(text)
    text = _MANY_BREAKS.sub("\n\n", "".join(pieces)).strip()
    return _unescaped(text)[:_MAX_TEXT], tuple(islice(links, _MAX_LINKS))


def _link(attributes: str) -> str | None:
    found: dict[str, str] = {}
    for name, double, single in _ATTRIBUTE.findall(attributes):
        found.setdefault(name.lower(), double or single)
    link = _unescaped(found.get("href", ""))
    if not link.startswith(_WEB) or len(link) > _MAX_LINK:
        return None
    return None if _NO_LINKS.intersection(found.get("class", "").split()) else link


def _unescaped(text: str) -> str:
    """With characters in place of `&amp;` and the like. A number too large for a character is none (U+FFFD)."""
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text
