"""Each page as people see it who see little, use no mouse, or print: axe, contrast, zoom, narrow windows."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.console.browser.addresses import addresses_of
from tests.console.browser.conftest import OpenPage
from tests.console.web.running import Running

_WORDS = """main => {
  const copy = main.cloneNode(true);
  copy.querySelectorAll("button.copy").forEach(each => each.remove());
  return copy.textContent;
}"""

_IS_WIDER = """() => {
  const wider = (each) => each.scrollWidth > each.clientWidth;
  return wider(document.documentElement) || [...document.querySelectorAll("pre, .wide")].some(wider);
}"""


@pytest.fixture(scope="package")
def addresses(case_console: Running) -> dict[str, str]:
    """One address of each kind of page."""
    return addresses_of(case_console)


@pytest.mark.parametrize(
    "looks",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}],
    ids=["light", "dark", "forced colours"],
)
def test_axe_finds_nothing_wrong_on_any_page(
    open_page: OpenPage, addresses: dict[str, str], looks: dict[str, Any]
) -> None:
    """WCAG's rules for contrast, names, order and structure, as far as a program can judge them."""
    found: dict[str, list[str]] = {}
    with open_page(**looks) as watched:
        for name, address in addresses.items():
            watched.go(address)
            if violations := watched.violations():
                found[name] = violations
    assert found == {}


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (640, 2), (2_560, 1)], ids=["320 px", "200 % zoom", "wide"])
def test_no_page_is_wider_than_its_window(
    open_page: OpenPage, addresses: dict[str, str], width: int, scale: int
) -> None:
    """Twice the size on a window of 1,280 px is a window of 640. Wide tables scroll within themselves."""
    with open_page(viewport={"width": width, "height": 800}, device_scale_factor=scale) as watched:
        wider = {}
        for name, address in addresses.items():
            watched.go(address)
            if (pixels := watched.overflow()) > 0:
                wider[name] = pixels
    assert wider == {}


def test_on_a_narrow_screen_the_first_alert_is_in_sight_and_the_filters_are_a_click_away(open_page: OpenPage) -> None:
    with open_page(viewport={"width": 320, "height": 640}, java_script_enabled=False) as watched:
        watched.go("/alerts")
        page = watched.page
        first = page.locator(".alert .sentence").first.bounding_box()
        assert first is not None
        assert first["y"] < 640
        assert not page.get_by_role("button", name="Filter").is_visible()
        page.locator("summary", has_text="Filters").click()
        assert page.get_by_role("button", name="Filter").is_visible()
        watched.go("/alerts?severity=critical")
        assert page.get_by_role("button", name="Filter").is_visible(), "those that hold are in sight"
    with open_page(viewport={"width": 1_024, "height": 640}) as watched:
        watched.go("/alerts")
        assert watched.page.get_by_role("button", name="Filter").is_visible()
        assert not watched.page.locator("summary", has_text="Filters").is_visible()


def test_pages_say_the_same_without_scripts(open_page: OpenPage, addresses: dict[str, str]) -> None:
    """Scripts add buttons and local times: tables and figures do not depend on them."""
    with open_page() as with_scripts, open_page(java_script_enabled=False) as without:
        different = [
            name
            for name, address in addresses.items()
            if _said(with_scripts.go(address)) != _said(without.go(address)) or not _said(without.page)
        ]
    assert different == []


def test_no_page_is_wider_than_a_sheet_of_paper(open_page: OpenPage, addresses: dict[str, str]) -> None:
    """A4 with its margins: what has a scroll bar on the screen has to fit there."""
    with open_page(viewport={"width": 718, "height": 1_000}) as watched:
        watched.page.emulate_media(media="print")
        wider = [name for name, address in addresses.items() if watched.go(address).evaluate(_IS_WIDER)]
        # The texts of deleted posts are folded on the screen, and nobody can open them on paper.
        texts = watched.go(addresses["aftermath"]).locator("td.words blockquote")
        visible = [text.is_visible() for text in texts.all()]
    assert wider == []
    assert visible
    assert all(visible)


def test_the_keyboard_alone_leads_past_the_menu_and_into_a_page(open_page: OpenPage) -> None:
    """The first stop is the way to the content; from there the next ones are its links, each visibly in focus."""
    with open_page() as watched:
        page = watched.go("/accounts")
        page.keyboard.press("Tab")
        first = page.evaluate("document.activeElement.getAttribute('href')")
        assert first.startswith("#")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        inside = page.evaluate("document.querySelector('main').contains(document.activeElement)")
        assert inside
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"


def _said(page: Page) -> str:
    """The words of the page, without buttons."""
    words: str = page.locator("main").evaluate(_WORDS)
    return " ".join(words.split())
