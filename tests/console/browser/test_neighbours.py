"""Hostile text beside harmless text in a browser: what stands next to it keeps its place and its pixels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page

from streams.console.store.reading import Store
from tests.console.browser.conftest import OpenPage
from tests.console.case_records import in_file
from tests.console.hostile import HOSTILE, with_hostile_texts
from tests.console.pages.made_stores import store_of
from tests.console.web.running import running_console

# Whole pixels, so that a row is drawn the same wherever it stands; and rows a little nearer to one another than usual.
_WHOLE: Final = (
    "* { font-size: 16px !important; line-height: 24px !important; letter-spacing: 0 !important; gap: 8px !important; }"
    "li, p, a, span, bdi { margin: 0 !important; padding: 0 !important; border-width: 0 !important; }"
    "li.alert { padding-block: 12px !important; }"
)


@pytest.fixture(scope="module")
def mixed(case_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The same harmless alert again and again, and between every two of them one with a hostile text."""
    harmless = replace(in_file(case_folder, "alerts")[0], rule="a-rule", summary="@voice was amplified 5 times.")
    alerts = [replace(harmless, id=f"{0:032x}")]
    for place, text in enumerate(HOSTILE):
        kept = frozenset({"id", "platform", "countries"})
        alerts.append(replace(with_hostile_texts(harmless, text, but=kept), id=f"{2 * place + 1:032x}"))
        alerts.append(replace(harmless, id=f"{2 * place + 2:032x}"))
    with store_of(tmp_path_factory.mktemp("mixed"), alerts=alerts) as store:
        yield store


@pytest.fixture
def inbox(mixed: Store, open_page: OpenPage) -> Iterator[Page]:
    with (
        running_console(mixed) as console,
        open_page(console, viewport={"width": 1000, "height": 800}, bypass_csp=True) as watched,
    ):
        yield watched.go("/alerts")


def test_the_rows_beside_a_hostile_text_have_the_pixels_that_they_have_anywhere(inbox: Page) -> None:
    """No mark reaches into them, no direction turns them around, nothing covers them."""
    inbox.add_style_tag(content=_WHOLE)
    rows = {f"{2 * place:032x}" for place in range(len(HOSTILE) + 1)}
    pictures = {row: inbox.locator(f"#alert-{row}").screenshot() for row in sorted(rows)}
    (usual,) = {pictures[f"{0:032x}"]}
    different = {HOSTILE[int(row, 16) // 2 - 1] for row, picture in pictures.items() if picture != usual}
    assert different == set()


def test_no_row_is_wider_than_the_page_or_stands_on_another(inbox: Page) -> None:
    """Boxes follow one another, and none makes people scroll sideways."""
    boxes = [each.bounding_box() for each in inbox.locator("li.alert").all()]
    assert len(boxes) == 2 * len(HOSTILE) + 1
    bottom = 0.0
    for box in boxes:
        assert box is not None
        assert box["y"] >= bottom - 0.5
        assert box["x"] + box["width"] <= 1_000
        bottom = box["y"] + box["height"]
    assert inbox.evaluate("document.documentElement.scrollWidth") <= 1_000
