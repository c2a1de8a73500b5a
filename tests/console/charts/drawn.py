"""Reads a figure back, as a browser would."""

from typing import Final
from xml.etree import ElementTree as ET

__all__ = ["SVG", "drawn", "texts_of"]

SVG: Final = "{http://www.w3.org/2000/svg}"


def drawn(text: str) -> ET.Element:
    """The element that the text is; fails where it is not well-formed, or could do more than show something."""
    found = ET.fromstring(text)  # noqa: S314  # written by us a moment ago
    for each in found.iter():
        assert each.tag.removeprefix(SVG) not in ("script", "style", "foreignObject", "image", "use")
        assert not any(name == "style" or name.startswith("on") for name in each.attrib)
        assert each.attrib.get("href", "/").startswith(("/", "./", "../"))
    return found


def texts_of(svg: ET.Element, css: str | None = None) -> list[str]:
    """What is written in it, in its order; with `css` what is written in elements of that class."""
    return [
        each.text or "" for each in svg.iter(f"{SVG}text") if css is None or css in each.attrib.get("class", "").split()
    ]
