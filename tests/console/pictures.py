"""`python -m tests.console.pictures [DIR]`: a picture of each kind of page of the bundled case, to look at."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import sync_playwright

from streams.cases import KHAMENEI_SITE
from streams.console.feed.from_folder import fill_from_folder
from streams.console.store.reading import Store
from tests.console.browser.addresses import addresses_of
from tests.console.web.running import running_console

__all__ = ["main"]

_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": {"width": 1_200, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1_200, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 700}, "color_scheme": "light"},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Takes a picture of each page of the console: light, dark, and 320 pixels wide."""
    parser = argparse.ArgumentParser(prog="python -m tests.console.pictures", description=main.__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=Path("out/pictures"), help="default: out/pictures")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="default: Debian's")
    wanted = parser.parse_args(arguments)
    wanted.directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="antiphon-pictures-") as scratch:
        results, place = Path(scratch) / "results", Path(scratch) / "store"
        place.mkdir()
        case = [str(KHAMENEI_SITE.events), "--roster", str(KHAMENEI_SITE.roster)]
        command = [sys.executable, "-m", "streams.cli.main", "backtest", *case, "--out", str(results), "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        fill_from_folder(str(results), place)
        store = Store(place)
        with running_console(store, requests_per_second=100_000) as running:
            _take(f"http://127.0.0.1:{running.port}", addresses_of(running), wanted.directory, wanted.chromium)
        store.close()
    return 0


def _take(address: str, pages: dict[str, str], directory: Path, chromium: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for looks, options in _LOOKS.items():
            context = browser.new_context(**options)
            page = context.new_page()
            for name, path in pages.items():
                page.goto(address + path)
                picture = directory / f"{name}-{looks}.png"
                page.screenshot(path=picture, full_page=True)
                sys.stdout.write(f"{picture}\n")
            context.close()
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
