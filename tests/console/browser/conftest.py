"""A real Chromium, and a console over the bundled case for it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, sync_playwright

from streams.console.store.reading import Store
from tests.console.browser.watched_page import WatchedPage
from tests.console.web.running import Running, running_console

OpenPage: TypeAlias = Callable[..., AbstractContextManager[WatchedPage]]

# Without these it looks for hosts of its maker, which is no business of a test.
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all; each test has a context of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def case_console(case_store: Store) -> Iterator[Running]:
    """A console that shows the bundled case, to nobody else."""
    with running_console(case_store, requests_per_second=100_000) as running:
        yield running


@pytest.fixture
def open_page(browser: Browser, case_console: Running) -> OpenPage:
    """Opens a page of the case; options are those of a browser context, such as `color_scheme`. At its end nothing may
    have been asked of another host, refused by the policy, or broken.
    """

    @contextmanager
    def opened(running: Running = case_console, **options: Any) -> Iterator[WatchedPage]:
        context = browser.new_context(**options)
        try:
            watched = WatchedPage(context.new_page(), f"http://127.0.0.1:{running.port}")
            yield watched
            assert watched.complaints == []
        finally:
            context.close()

    return opened
