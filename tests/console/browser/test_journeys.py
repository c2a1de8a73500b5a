"""What people come for, as they go about it: from an alert to a post, news, a search and back."""

import re
import time
from pathlib import Path

import msgspec
from playwright.sync_api import Page, expect

from streams.core.enriched import Alert
from tests.console.browser.conftest import OpenPage
from tests.console.growing_store import GrowingStore
from tests.console.web.running import Running, running_console

_RULE = "amplified-then-suspended"
_LIVE_SECONDS = 2.0


def _alert(case_folder: Path) -> Alert:
    lines = (case_folder / "alerts.ndjson").read_bytes().splitlines()
    return next(alert for line in lines if (alert := msgspec.json.decode(line, type=Alert)).rule == _RULE)


def test_from_the_inbox_to_the_bytes_of_a_post_in_five_clicks(open_page: OpenPage, case_folder: Path) -> None:
    """Alert, its posts, one of them, its bytes; the fifth click would open it on the platform."""
    alert = _alert(case_folder)
    with open_page() as watched:
        page = watched.go("/")
        page.get_by_role("link", name=re.compile(re.escape(alert.summary[:60]))).filter(
            has_text="suspended"
        ).first.click()
        page.wait_for_url(re.compile("/alerts/[0-9a-f]{32}$"))
        page.get_by_role("link", name="The posts").click()
        retweet = page.locator("main tr").filter(has_text="retweet").filter(has=page.locator("a", has_text="all of it"))
        first = retweet.first.locator("details").first
        first.locator("summary").first.click()
        first.get_by_role("link", name="all of it").click()
        page.wait_for_url(re.compile("/events/[0-9a-f]{64}$"))
        digest = page.url.rpartition("/")[2]
        assert digest in page.inner_text("main")
        away = page.locator("main a[rel*=noreferrer]").first
        assert (away.get_attribute("href") or "").startswith("https://")


def test_a_new_alert_is_noticed_within_two_seconds_and_nothing_moves(
    open_page: OpenPage, growing: GrowingStore
) -> None:
    """The list stays as it is until somebody asks for the new one."""
    with running_console(growing.store) as console, open_page(console) as watched:
        page = watched.go("/")
        notice = page.get_by_role("status")
        page.wait_for_function("performance.getEntriesByType('resource').length > 0")
        before = page.inner_text("main")
        growing.write_last_alert()
        written = time.monotonic()
        expect(notice).to_contain_text("1 new alert", timeout=_LIVE_SECONDS * 1_000)
        assert time.monotonic() - written < _LIVE_SECONDS
        assert page.inner_text("main") == before
        alerts = page.locator("main [id^='alert-'], main article").count()
        notice.get_by_role("link").click()
        page.wait_for_load_state()
        assert page.inner_text("main") != before or page.locator("main [id^='alert-'], main article").count() > alerts


def test_a_filter_is_its_address_and_back_and_forward_keep_it(open_page: OpenPage) -> None:
    """Whoever gets the link sees the same list."""
    with open_page() as watched:
        page = watched.go("/alerts")
        page.get_by_role("link", name=re.compile("^critical")).first.click()
        filtered = page.url
        assert "severity=critical" in filtered
        said = page.inner_text("main")
        assert "warning" not in _shown_severities(page)
        page.get_by_role("link", name=re.compile("amplified")).last.click()
        page.go_back()
        assert (page.url, page.inner_text("main")) == (filtered, said)
        page.go_back()
        page.go_forward()
        assert (page.url, page.inner_text("main")) == (filtered, said)
    with open_page() as watched:
        assert watched.go(filtered.removeprefix(watched.address)).inner_text("main") == said


def test_search_works_with_the_keyboard_alone_and_without_scripts(open_page: OpenPage) -> None:
    """A handle in part, and the account's page."""
    with open_page(java_script_enabled=False) as watched:
        page = watched.go("/")
        field = page.get_by_role("searchbox").first
        field.focus()
        page.keyboard.type("khamenei_si")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/accounts[?]q=khamenei_si"))
        link = page.get_by_role("link", name="@Khamenei_site", exact=True).first
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/accounts/twitter:"))
        assert "84" in page.inner_text("main")


def test_an_analyst_finds_the_figures_of_the_case(open_page: OpenPage, case_console: Running) -> None:
    """The 37 retweets of the first official, the two references after the suspension, and who deleted what."""
    with open_page() as watched:
        page = watched.go("/accounts?q=khamenei_site")
        page.get_by_role("link", name="@Khamenei_site", exact=True).first.click()
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name="@Khamenei_fa")).first
        assert "37" in row.inner_text().split()
        page.locator("main a[href^='/aftermaths/']").first.click()
        page.wait_for_url(re.compile("/aftermaths/"))
        said = " ".join(page.inner_text("main").split())
        assert "2 posts by officials of Iran referred to it" in said
        deleted = page.locator("main table").filter(has_text="@Khamenei_fa").filter(has_text="8").first
        assert deleted.count() == 1


def _shown_severities(page: Page) -> set[str]:
    return set(page.locator("main .severity").all_inner_texts())
