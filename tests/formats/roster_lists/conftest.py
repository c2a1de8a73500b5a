"""Lists are files: each test writes its own."""

from pathlib import Path
from typing import Any

import pytest

from streams.formats.roster_lists.roster_import import Imported
from tests.formats.roster_lists.importing import Import, imported_from


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """What is made of the bytes or the text of a list."""

    def of(text: str | bytes, **options: Any) -> Imported:
        path = tmp_path / "list"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return imported_from(path, **options)

    return of
