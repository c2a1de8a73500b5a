"""A collector of the tests: reads the lines of `tests.collectors.lines_server`. Child processes find it by its entry
point, as they find one of any package that is installed.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.source import Chunk, Source, SourceError
from streams.deadletters import Reason
from streams.events import Account, Post
from streams.jobs.workers import environment_of
from streams.kafka.dead_letter_record import letter_of
from streams.refusal import rejection
from streams.setting_sources import Secret
from streams.settings import Settings

__all__ = ["LINES", "LinesSettings", "LinesSource", "collector_environment"]

_ROOT: Final = Path(__file__).parents[2]


class LinesSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server is."""

    port: Annotated[int, Meta(ge=0, le=65_535, description="Port of the server of lines.")] = 0
    key: Annotated[Secret, Meta(description="What the server wants to know.")] = Secret("")
    with_cursor: Annotated[bool, Meta(description="Whether to go on after what is there.")] = True


class LinesSource:
    """Numbered lines; the cursor is the number of the next one."""

    platform = "lines"
    covers_officials = True

    def __init__(self, settings: LinesSettings, name: str = "lines") -> None:
        self.name = name
        self._settings = settings

    async def chunks(self, cursor: bytes | None) -> AsyncGenerator[Chunk, None]:
        asked = 0 if cursor is None else int(json.loads(cursor)["next"])
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._settings.port, limit=65_536)
        except OSError as error:
            raise SourceError("refused", f"{error.strerror}") from error
        try:
            writer.write(f"{asked}\n".encode())
            rest, resumed = b"", None
            while data := await reader.read(65_536):
                *lines, rest = (rest + data).split(b"\n")
                chunk = _chunk(lines, len(data), with_cursor=self._settings.with_cursor)
                if resumed is None and chunk.received:
                    chunk.resumed = resumed = json.loads(next(filter(None, lines)))["n"] <= asked
                yield chunk
        finally:
            writer.close()
        raise SourceError("closed", "the server hung up")


def _chunk(lines: Sequence[bytes], size: int, *, with_cursor: bool) -> Chunk:
    chunk = Chunk(size=size)
    number = None
    for line in filter(None, lines):
        chunk.received += 1
        fields = json.loads(line)
        number = fields["n"]
        if "keep" in fields:
            time.sleep(fields["keep"])  # keeps the event loop: the fault
        if "skip" in fields:
            chunk.skipped[fields["skip"]] += 1
        elif "bad" in fields:
            chunk.letters.append(letter_of(rejection(Reason.NOT_AN_EVENT, "bad"), line, "lines", 0, number))
        else:
            at = datetime.fromtimestamp(fields["at_us"] / 1e6, UTC)
            actor = Account(id=str(number % 97))
            chunk.events.append(Post(platform="lines", id=str(number), at=at, actor=actor, text=fields["text"]))
            chunk.newest_us = max(chunk.newest_us, fields["at_us"])
    if number is not None and with_cursor:
        chunk.cursor = json.dumps({"next": number + 1}).encode()
    return chunk


@asynccontextmanager
async def _open(settings: LinesSettings, _context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    yield [LinesSource(settings)]


LINES: Final = Collector(
    name="lines",
    platform="lines",
    summary="Numbered lines of a server on this machine",
    teaches="Reads numbered lines of a server on this machine.",
    settings=LinesSettings,
    open=_open,
)


def collector_environment(settings: Settings, directory: Path, **own: object) -> dict[str, str]:
    """The environment of a child process in which the collector `lines` is installed, with variables that begin with
    `ANTIPHON_COLLECT_`.
    """
    installed = directory / "installed"
    about = installed / "antiphon_lines-1.0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: antiphon-lines\nVersion: 1.0\n", encoding="utf-8")
    points = "[antiphon.collectors]\nlines = tests.collectors.lines_collector:LINES\n"
    (about / "entry_points.txt").write_text(points, encoding="utf-8")
    environment = environment_of(settings)
    environment["PYTHONPATH"] = os.pathsep.join([str(installed), str(_ROOT), environment["PYTHONPATH"]])
    return environment | {f"ANTIPHON_COLLECT_{name.upper()}": str(value).lower() for name, value in own.items()}
