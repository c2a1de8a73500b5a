"""A page in a browser that hears of everything that must not happen on it."""

from importlib.resources import files
from typing import Any, Final

from playwright.sync_api import ConsoleMessage, Page, Request

__all__ = ["WatchedPage"]

_AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_RUN: Final = "() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"
_LOUD: Final = frozenset({"error", "warning"})
_REFUSED: Final = "Failed to load resource: the server responded with a status of 4"  # said by the browser itself


class WatchedPage:
    """`complaints`: requests to another host, what the policy refused, errors of scripts, warnings of the browser."""

    def __init__(self, page: Page, address: str) -> None:
        self.page: Final = page
        self.address: Final = address
        self.complaints: list[str] = []
        page.on("request", self._asked)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def go(self, path: str) -> Page:
        """Open an address of the console; it must answer."""
        answer = self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        return self.page

    def violations(self) -> list[str]:
        """What axe finds wrong on the page that is open, a line each: rule, how bad, and where."""
        self.page.evaluate(_AXE)  # from outside the page: its policy stays on
        found: list[dict[str, Any]] = self.page.evaluate(_RUN)
        return [
            f"{each['id']} ({each['impact']}): {node['target']} {node['html'][:200]}"
            for each in found
            for node in each["nodes"][:3]
        ]

    def overflow(self) -> int:
        """CSS pixels by which the page is wider than its window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.address}/", "data:")):
            self.complaints.append(f"asked another host: {request.url[:200]}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in _LOUD and not message.text.startswith(_REFUSED):
            self.complaints.append(f"{message.type}: {message.text[:300]}")
