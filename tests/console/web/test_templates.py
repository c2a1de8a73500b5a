"""Rules of templates: everything is escaped, attributes are quoted, nothing is inline that the policy forbids."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.console.web.rendering import STATIC, TEMPLATES, Renderer
from streams.console.web.routes import ROUTES

_TEMPLATES = sorted(TEMPLATES.rglob("*.html"))
_SOURCES = sorted((TEMPLATES.parent).rglob("*.py"))
_HOSTILE = "<script>alert(1)</script>\u202eabc\" onload=x '&{{ 7 * 7 }}"

# What may not stand in a template, and why.
_FORBIDDEN = {
    r"\|\s*safe\b": "escape everything",
    r"Markup": "escape everything",
    r"autoescape": "everything is escaped",
    r"<script(?! type=\"module\" src=)": "no inline script",
    r"<style": "no inline style",
    r"\sstyle\s*=": "no inline style",
    r"\son[a-z]+\s*=": "no inline handler",
    r"javascript:": "no script in a link",
    r"\s[a-z-]+=\{": "quote attributes",
    r"\s[a-z-]+='": "quote attributes with double quotes",
    r"<(?:iframe|object|embed|base|img|video|audio)\b": "nothing is loaded",
    r"(?:src|href|action)=\"(?:https?:)?//": "no other host",
    r"\btojson\b": "no data in scripts",
}


@pytest.mark.parametrize("template", _TEMPLATES, ids=lambda path: str(path.name))
def test_a_template_keeps_the_rules(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [why for pattern, why in _FORBIDDEN.items() if re.search(pattern, text)] == []


def test_mark_up_is_trusted_in_one_place_only() -> None:
    trusting = [path.name for path in _SOURCES if "Markup(" in path.read_text(encoding="utf-8")]
    assert trusting == ["rendering.py"]


def test_the_script_writes_text_and_never_mark_up() -> None:
    script = (STATIC / "console.js").read_text(encoding="utf-8")
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "srcdoc"):
        assert forbidden not in script
    assert "http:" not in script
    assert "https:" not in script
    assert len(script.encode()) < 8_192


def test_the_style_sheets_load_nothing_from_elsewhere() -> None:
    for path in STATIC.glob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert "@import" not in text
        assert set(re.findall(r"url\(([^)]*)\)", text)) <= {'"icon.svg"'}


@pytest.mark.parametrize(
    "macro",
    [
        "m.text(hostile)",
        "m.post_text(hostile, hostile)",
        "m.account(hostile, hostile)",
        "m.account(hostile, none)",
        "m.severity(hostile)",
        "m.state(hostile)",
        "m.identifier(hostile, 5)",
        "m.outside(hostile)",
        "m.outside('https://example.org/' ~ hostile, hostile)",
        "m.outside('javascript:' ~ hostile, hostile)",
    ],
)
def test_hostile_text_stays_text_in_every_macro(macro: str) -> None:
    source = f'{{% import "macros.html" as m with context %}}{{{{ {macro} }}}}'
    page = Renderer(ROUTES).environment.from_string(source).render(hostile=_HOSTILE, here="/x", query="")
    assert "<script" not in page
    assert "49" not in page
    assert "\u202e" not in re.sub(r'data-copy="[^"]*"', "", page)  # what is copied is exact
    for attributes in re.findall(r"<[a-z]+([^>]*)>", page):
        assert re.fullmatch(r'(?:\s+[a-z-]+(?:="[^"]*")?)*\s*', attributes), attributes
        assert not re.search(r"\sonload=", re.sub(r'"[^"]*"', "", attributes))
        assert 'href="javascript' not in attributes


def test_times_and_numbers_read_well_and_the_unknown_is_a_word() -> None:
    environment = Renderer(ROUTES).environment
    at = datetime(2021, 1, 18, 12, 3, 9, 500_000, tzinfo=UTC)

    def shown(expression: str) -> str:
        source = f'{{% import "macros.html" as m with context %}}{{{{ {expression} }}}}'
        return environment.from_string(source).render(at=at, here="/x", query="")

    assert shown("m.time(at)") == '<time datetime="2021-01-18T12:03:09.500Z">2021-01-18 12:03:09</time>'
    assert shown("m.time(none)") == '<span class="unknown">unknown</span>'
    assert shown("m.count(none)") == '<span class="unknown">unknown</span>'
    assert shown("m.count(1234567)") == '<data class="number" value="1234567">1,234,567</data>'
    assert ">0.1235<" in shown("m.count(0.12345)")
    assert shown("0.125|share") == "12.5\N{NO-BREAK SPACE}%"
    assert shown("-3|signed") == "−3"
    assert shown("m.severity('critical')") == (
        '<span class="severity critical"><span aria-hidden="true">■</span> critical</span>'
    )
