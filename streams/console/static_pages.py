"""The whole case as static pages: files that open from disk, with links from one to the other, without scripts.

Every page that a link leads to from the inbox and the lists is written, with its data and its figures. The same store
gives the same bytes. What a page can only answer when it is asked, filters and moments, is left out: the words stay,
the link goes.
"""

import hashlib
import posixpath
import re
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape, unescape
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct

from streams import __version__
from streams.console.pages.page import PageAnswer
from streams.console.store.reading import Store
from streams.console.web.addresses import Address, find_place
from streams.console.web.answers import RefusedRequest, answer_of, body_of, parts_of
from streams.console.web.freshness import freshness_of
from streams.console.web.rendering import STATIC, Renderer
from streams.console.web.routes import ROUTES, Route
from streams.errors import InputError
from streams.printable import printable

__all__ = ["MARK", "StaticPages", "write_static_pages"]

MARK: Final = "antiphon-console.json"
_CAUTION: Final = "CAUTION.txt"
"""The file that says that a folder is one of ours, and what in it is."""
_MOST: Final = 20_000  # files
_KEPT_ANSWERS: Final = 300
_NAME: Final = 100  # characters of a part of a file's name
_FOLLOWED: Final = frozenset({"v", "after", "older"})  # versions of an alert, further pages of a list
_BACK: Final = {"before": "after", "newer": "older"}
"""What leads back, by the parameter of the further page that it leads back from."""
_LEFT_OUT: Final = frozenset({"status", "inbox"})  # of the machine that reads; the same as the page of alerts
_INBOX: Final = "/alerts"
_LINK: Final = re.compile(r'\s(href|src)="(/[^"]*)"')
_FORM: Final = re.compile(r"<form\b.*?</form>", re.DOTALL)
_HEAD: Final = '<meta charset="utf-8">\n'
# `self` is nothing on a disk, where each file is an origin of its own.
_POLICY: Final = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'self' file:; "
    "img-src 'self' file:; base-uri 'none'; form-action 'none'\">\n"
)


class StaticPages(Struct, frozen=True, kw_only=True):
    """What was written. `left_out` is how many addresses were not, because there are too many."""

    pages: int
    files: int
    left_out: int


class _Mark(Struct, frozen=True):
    antiphon: str
    files: tuple[str, ...]


def write_static_pages(
    store: Store,
    folder: Path,
    *,
    routes: Sequence[Route] = ROUTES,
    most: int = _MOST,
    progress: Callable[[int], None] = lambda _files: None,
) -> StaticPages:
    """Write all pages to a folder: a new or empty one, or one that was written so before, in which the files of that
    time are replaced. It has the new ones at once, after all of them are made.

    Raises `InputError` for a folder that has something else in it, or cannot be written to.
    """
    before = _files_of(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as made:
            export = _Export(store, Path(made), [each for each in routes if each.name not in _LEFT_OUT], most, progress)
            done = export.write()
            folder.mkdir(exist_ok=True)
            shutil.copymode(folder, made)  # a temporary folder is for its owner alone
            for name in before:
                (folder / name).unlink(missing_ok=True)
            shutil.copytree(made, folder, dirs_exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{printable(str(folder))}: cannot be written: {error.strerror}", remedy="make room, or name another folder"
        ) from error
    return done


def _files_of(folder: Path) -> tuple[str, ...]:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return ()
    try:
        mark = msgspec.json.decode((folder / MARK).read_bytes(), type=_Mark)
    except (OSError, msgspec.DecodeError):
        raise InputError(
            f"{printable(str(folder))} has something in it that `antiphon console export` did not write",
            remedy="name a new folder",
        ) from None
    return tuple(name for name in mark.files if not Path(name).is_absolute() and ".." not in Path(name).parts)


class _Export:
    def __init__(
        self, store: Store, folder: Path, routes: Sequence[Route], most: int, progress: Callable[[int], None]
    ) -> None:
        self._store = store
        self._folder = folder
        self._routes = routes
        self._most = most
        self._progress = progress
        self._renderer = Renderer(routes, is_static=True)
        status = store.status()
        # The clock of the case, not of the day on which it is written.
        self._now = status.event_time or datetime(1970, 1, 1, tzinfo=UTC)
        self._freshness = freshness_of(status, None)
        self._names: dict[str, str | None] = {}  # by address: its file, `None` where nothing can be written
        self._taken: set[str] = {MARK.lower(), _CAUTION.lower()}
        self._before: dict[str, str] = {}  # by the address of a further page: that of the page before it
        self._answers: dict[tuple[str, ...], PageAnswer] = {}
        self._left_out = 0

    def write(self) -> StaticPages:
        waiting = deque(each.path for each in self._routes if "{" not in each.path)
        wanted = set(waiting)
        pages: list[tuple[str, str]] = []
        while waiting:
            address = waiting.popleft()
            if len(self._names) >= self._most:
                self._left_out += 1
                continue
            name = self._make(address)
            self._names[address] = name
            if name is None or not name.endswith(".html"):
                continue
            pages.append((address, name))
            self._progress(len(self._names))
            for _attribute, link in _LINK.findall((self._folder / name).read_text(encoding="utf-8")):
                other = self._followed(unescape(link))
                if other is not None and other not in wanted:
                    wanted.add(other)
                    waiting.append(other)
                    if _path(other) == _path(address) and any(f"{name}=" in other for name in _BACK.values()):
                        self._before[other] = address
        for address, name in pages:
            self._lay_links(address, name)
        for path in sorted(STATIC.iterdir()):
            if path.suffix in (".css", ".svg"):
                self._put(f"static/{path.name}", path.read_bytes())
        if self._freshness.note:  # pages say it themselves; tables and NDJSON have no place for it
            self._put(_CAUTION, f"{self._freshness.note}\n".encode())
        files = sorted(each.relative_to(self._folder).as_posix() for each in self._folder.rglob("*") if each.is_file())
        mark = _Mark(__version__, (*files, MARK))
        self._put(MARK, msgspec.json.format(msgspec.json.encode(mark), indent=1) + b"\n")
        return StaticPages(pages=len(pages), files=len(files) + 1, left_out=self._left_out)

    def _followed(self, link: str) -> str | None:
        """The address that is written for a link, without what names a place on the page; `None` for none."""
        address = link.partition("#")[0]
        path, _, query = address.partition("?")
        place = find_place(self._routes, _INBOX if path == "/" else path)
        parameters = dict(parse_qsl(query))
        if place is None or not parameters.keys() <= _FOLLOWED or (parameters and place.form != "html"):
            return None
        return _INBOX + address[1:] if path == "/" else address

    def _make(self, address: str) -> str | None:
        path, _, query = address.partition("?")
        place = find_place(self._routes, path)
        assert place is not None  # noqa: S101  # it was found before
        name = self._name(address, place)
        try:
            if place.form in ("csv", "ndjson"):
                answer = answer_of(self._store, place, {}, self._now)  # rows can be read once
                content = b"".join(parts_of(answer, place.form))
            else:
                answer = self._answer(place, query)
                content = body_of(answer, place, address, self._renderer, self._freshness).content
        except RefusedRequest:
            return None
        self._put(name, content)
        return name

    def _answer(self, place: Address, query: str) -> PageAnswer:
        """Asked once for the page, its data and its figures, unless they are too far apart."""
        key = (place.route.name, *place.path.values(), query)
        answer = self._answers.pop(key, None)
        if answer is None:
            answer = answer_of(self._store, place, dict(parse_qsl(query)), self._now)
            if len(self._answers) >= _KEPT_ANSWERS:
                del self._answers[next(iter(self._answers))]
        self._answers[key] = answer
        return answer

    def _name(self, address: str, place: Address) -> str:
        path, _, query = address.partition("?")
        if path == _INBOX and not query:
            return "index.html"
        parts = [unquote(part) for part in path.split("/")[1:]]
        if query:
            parts[-1] += "-" + query.replace("=", "-").replace("&", "-")
        ending = ".html" if place.form == "html" else ""
        safe = [_safe(part) for part in parts]
        name = posixpath.join(*safe) + ending
        if name.lower() in self._taken:
            root, dot, rest = name.rpartition(".")
            name = f"{root}-{hashlib.sha256(address.encode()).hexdigest()[:8]}{dot}{rest}"
        self._taken.add(name.lower())
        return name

    def _lay_links(self, address: str, name: str) -> None:
        """Put in the place of each address the file that it has, or take the link away."""
        here = posixpath.dirname(name)

        def laid(found: re.Match[str]) -> str:
            link = unescape(found[2])
            target, hash_, fragment = link.partition("#")
            if target.startswith("/static/"):
                return f' {found[1]}="{posixpath.relpath(target[1:].partition("?")[0], here or ".")}"'
            other = self._followed(target)
            if other is None and _path(target) == _path(address) and any(f"{name}=" in target for name in _BACK):
                other = self._before.get(address)
            file = self._names.get(other) if other is not None else None
            if file is None:
                return ""
            return f' {found[1]}="{escape(posixpath.relpath(file, here or ".") + hash_ + fragment)}"'

        path = self._folder / name
        page = _FORM.sub("", path.read_text(encoding="utf-8")).replace(_HEAD, _HEAD + _POLICY, 1)
        path.write_text(_LINK.sub(laid, page), encoding="utf-8", newline="")

    def _put(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _path(address: str) -> str:
    return address.partition("?")[0]


def _safe(part: str) -> str:
    """A part of a file's name that every system takes."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", part).strip(".")
    if len(name) > _NAME or not name:
        name = f"{name[:_NAME]}-{hashlib.sha256(part.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"
    return name
