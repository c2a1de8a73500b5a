"""The collector `tail`: a file that another program writes, line by line and rotated as it likes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.source import Source
from streams.collectors.tail.follower import TailPolicy
from streams.collectors.tail.tail_source import TailSource
from streams.errors import ConfigurationError
from streams.formats.registry import reader_named

__all__ = ["TAIL", "TailSettings"]


class TailSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which file, and what is in it."""

    path: Annotated[str, Meta(max_length=4_096, description="the file that grows")] = ""
    format: Annotated[
        str, Meta(max_length=4_200, description="what its lines are: a name of `antiphon formats`, or mapped:FILE")
    ] = "canonical"
    source: Annotated[
        str,
        Meta(pattern="^[a-z][a-z0-9-]{0,31}$", description="name of the cursor: another one for each file"),
    ] = "tail"
    platform: Annotated[
        str,
        Meta(
            pattern="^([a-z][a-z0-9_-]{0,31})?$",
            description="the file has all that the officials of this platform do: its coverage is published",
        ),
    ] = ""
    from_end: Annotated[bool, Meta(description="without a cursor: begin at the end of the file")] = False
    poll_seconds: Annotated[float, Meta(ge=0.05, le=60, description="how often the file is looked at")] = 0.5
    quiet_seconds: Annotated[
        float, Meta(ge=0, le=3_600, description="a rotated file is left when nothing was written to it for so long")
    ] = 5.0


@asynccontextmanager
async def _open(own: TailSettings, _context: CollectorContext) -> AsyncIterator[Sequence[Source]]:
    if not own.path:
        raise ConfigurationError("path: there is none", remedy="name the file: antiphon collect tail --path FILE")
    yield [TailSource(_policy_of(own), reader_named(own.format))]


def _policy_of(own: TailSettings) -> TailPolicy:
    return TailPolicy(
        path=Path(own.path).absolute(),
        name=own.source,
        platform=own.platform,
        from_end=own.from_end,
        poll_seconds=own.poll_seconds,
        quiet_seconds=own.quiet_seconds,
    )


TAIL: Final = Collector(
    name="tail",
    platform="any",
    summary="lines that another program writes to a file, in any format, through every rotation",
    teaches=(
        "Follow a file to which another program appends: lines of any format of `antiphon formats`, or rows of a table "
        "under a header. It goes on where Kafka is, also where the file was renamed, copied and truncated, or "
        "compressed meanwhile: rotated files are known by their content, and looked for beside it under its name with "
        "a number or a date.\n\n"
        "A line is taken when its newline is there. What was truncated or deleted before it was read is a gap. With "
        "`--platform` the coverage of that platform is published: say it only of a file that has all that its "
        "officials do.\n\n"
        "It cannot see whether the program that writes the file runs, nor what it writes to a file that is left "
        "already (`--quiet-seconds`). Each file has a collector of its own, with another `--source`."
    ),
    settings=TailSettings,
    open=_open,
)
