"""Files read into events: the one loop of `backtest`, `demo` and `ingest`, and the account of each file."""

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct, field

from streams.deadletters import Reason, Rejection
from streams.events import Event
from streams.formats.inputs.files import InputFile, open_inputs
from streams.formats.inputs.lines import Line
from streams.formats.other_tools import advice_on
from streams.formats.reader import FolderReader, FormatReader, Skipped
from streams.formats.recognition import recognised
from streams.formats.tally import Tally, read_lines

__all__ = ["FileAccount", "Progress", "Refuse", "read_events", "total_tally"]

_ADVICE_LINES: Final = 5  # lines of a file that no reader takes
_PROGRESS_LINES: Final = 1_000

Progress = Callable[[str, int, int | None, int], None]
"""Called now and then with the path, its bytes read, its size in bytes (or `None`), and the lines so far."""

Refuse = Callable[[Line, Rejection, str], None]
"""Is told each line that was refused, why, and the file it stands in."""


class FileAccount(Struct, kw_only=True):
    """What became of one input. `within` is the folder or archive that it is one file of.

    `format` is empty where it was not recognised, and `why` says then what was seen instead, `advice` what to do where
    the layout is another tool's; else `why` says why it is that format, where nobody named it. `problem` is why it
    could not be read at all, and `is_media` that it is a picture or the like beside the data. `breaks_off` is the line
    at which damage ended it, from 1. `refused_events` were read, and refused afterwards: `tally` has them as events.
    """

    path: str
    within: str | None = None
    format: str = ""
    why: str = ""
    advice: str | None = None
    encoding: str = ""
    shape: str = ""
    problem: str | None = None
    is_empty: bool = False
    is_media: bool = False
    tally: Tally = field(default_factory=Tally)
    breaks_off: int | None = None
    refused_events: Counter[Reason] = field(default_factory=Counter)


def read_events(
    paths: Sequence[str],
    readers: Sequence[FormatReader],
    files: list[FileAccount],
    refuse: Refuse,
    progress: Progress | None = None,
) -> Iterator[tuple[Event, str, Line]]:
    """Every event of the inputs with its input's path and its line; refused lines go to `refuse`, the account of each
    input to `files`. Of several readers each input has the one that its first lines tell; where none does it is not
    read. What an input says of the others in its folder (see `FolderReader`) holds for those that come after it.

    Raises `InputError` for what cannot be opened, or whose ids are no ids any more; inputs before it are read.
    """
    lines_before = 0
    in_folder: dict[str, Sequence[FormatReader]] = {}
    for path in paths:
        for opened in open_inputs(path):
            account = FileAccount(
                path=opened.path,
                within=opened.within,
                encoding=opened.encoding,
                shape=opened.shape,
                problem=opened.problem,
                is_empty=opened.is_empty,
                is_media=opened.is_media,
            )
            files.append(account)
            folder = os.path.dirname(opened.path)
            known = in_folder.get(folder, readers)
            for_folder = yield from _events_of(opened, known, account, refuse, progress, lines_before)
            if for_folder is not None:
                in_folder[folder] = [for_folder if reader.name == for_folder.name else reader for reader in known]
            lines_before += account.tally.lines


def _events_of(
    opened: InputFile,
    readers: Sequence[FormatReader],
    account: FileAccount,
    refuse: Refuse,
    progress: Progress | None,
    lines_before: int,
) -> Generator[tuple[Event, str, Line], None, FormatReader | None]:
    """The events of one input, and in the end the reader for the others in its folder, where this one says more."""
    for_folder: FolderReader | None = None
    recognition, lines = recognised(opened, readers)
    account.why, account.breaks_off = recognition.why, recognition.breaks_off
    reader, tally, path = recognition.reader, account.tally, opened.path
    if opened.problem is not None or opened.is_media:
        return None
    if reader is None:
        account.advice = advice_on(line.data for line in islice(lines, _ADVICE_LINES) if line.refusal is None)
        return None
    account.format = reader.name
    folder_reader = reader if isinstance(reader, FolderReader) else None
    for line, reading in read_lines(lines, reader, tally, origin=path):
        if isinstance(reading, tuple):
            for event in reading:
                yield event, path, line
        elif isinstance(reading, Rejection):
            if reading.reason is Reason.BAD_FILE:
                account.breaks_off = line.number
            refuse(line, reading, path)
        elif folder_reader is not None and isinstance(reading, Skipped):
            for_folder = (for_folder or folder_reader).beside(line.data) or for_folder
        if progress is not None and line.number % _PROGRESS_LINES == 0:
            progress(path, opened.consumed_bytes, opened.total_bytes, lines_before + tally.lines)
    if progress is not None:
        progress(path, opened.consumed_bytes, opened.total_bytes, lines_before + tally.lines)
    return for_folder


def total_tally(files: Sequence[FileAccount]) -> Tally:
    """The account of all files together."""
    total = Tally()
    for tally in (file.tally for file in files):
        total.lines += tally.lines
        total.event_lines += tally.event_lines
        total.events += tally.events
        total.skipped.update(tally.skipped)
        total.rejected.update(tally.rejected)
    return total
