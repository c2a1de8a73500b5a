"""Text from outside stays text on every page, whatever it is and in whatever field it comes."""

from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
import pytest

from streams.core.corrections.correction import Correction
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Post
from streams.printable import printable
from streams.schemas.examples import EXAMPLES
from tests.console.pages.asked import Asked, ask
from tests.console.pages.records_made import HOSTILE, written_store

_T = TypeVar("_T")
_TEXTS: Final = frozenset(
    {"handle", "name", "text", "lang", "summary", "reason", "why", "post_id", "official_post_id", "event_id", "rule"}
)
_LISTS: Final = frozenset({"reasons", "shared_words", "accounts"})
_MAPS: Final = frozenset({"domains", "deletions_by_account", "deletions_by_language"})
_MOST: Final = 1_000
_ID: Final = 'x"><b>&?#/%:é'


def _example(name: str, record: type[_T], text: str) -> _T:
    """The example of a record with the text in every field that a stranger can fill."""
    [value] = [value for key, (_, value) in EXAMPLES.items() if key == name]
    filled = _filled(msgspec.to_builtins(value), text)
    if "subject" in filled:
        filled["subject"]["id"] = _ID
    return msgspec.convert(filled, record)


def _filled(value: Any, text: str) -> Any:
    match value:
        case dict():
            return {
                key: text[:_MOST]
                if key in _TEXTS and isinstance(each, str)
                else [text[:_MOST]]
                if key in _LISTS
                else {text[:_MOST]: 3}
                if key in _MAPS
                else _filled(each, text)
                for key, each in value.items()
            }
        case list() | tuple():
            return [_filled(each, text) for each in value]
        case _:
            return value


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_page_obeys_a_text(tmp_path: Path, text: str) -> None:
    """No element, no attribute and no address comes from it; it stands there as it is, with escapes."""
    dossier = _example("dossier", Dossier, text)
    aftermath = _example("aftermath", Aftermath, text)
    alert = _example("alert", Alert, text)
    amplification = _example("amplification", Amplification, text)
    correction = _example("correction", Correction, text)
    post = Post(platform="twitter", id="77", at=amplification.at, actor=dossier.subject, text=text, lang=text[:_MOST])
    entry = RosterEntry(
        platform="twitter", account_id="9", handle=text[:_MOST], name=text[:_MOST], country="FR", category="leader",
        source_url=f"javascript:{text}"[:_MOST],
    )  # fmt: skip
    other = msgspec.structs.replace(entry, country="IR", source_url=f"https://example.org/{text}"[:_MOST])
    before, after = Roster([entry]), Roster([other])
    store = written_store(
        tmp_path / "store", dossiers=[dossier], aftermaths=[aftermath], alerts=[alert],
        amplifications=[amplification], corrections=[correction], events=[post],
        rosters=[(before, text, False), (after, text, True)],
    )  # fmt: skip
    key = quote(f"{dossier.platform}:{_ID}", safe="")
    pages = {
        address: ask(store, address)
        for address in (
            "/accounts", f"/accounts?q={quote(text[:200])}", f"/accounts/{key}", "/aftermaths",
            f"/aftermaths/{aftermath.id}", "/officials/twitter:9", f"/countries/{aftermath.country}", "/countries",
            "/rosters", f"/rosters/{after.digest}", f"/rosters/{before.digest}...{after.digest}", "/corrections",
        )
    }  # fmt: skip
    for asked in pages.values():
        _is_ours(asked)
    shown = " ".join(printable(text[:_MOST]).split())
    for address in (f"/accounts/{key}", f"/aftermaths/{aftermath.id}", "/rosters", "/corrections"):
        assert shown[:150] in pages[address].dom.root.text, address
    store.close()


def _is_ours(asked: Asked) -> None:
    for each in asked.dom.everything():
        assert each.tag not in ("img", "iframe", "object", "embed", "style", "base", "foreignobject")
        assert not any(name.startswith("on") or name in ("style", "srcdoc") for name in each.attributes)
        if each.tag == "script":
            assert each.attributes["src"].startswith("/static/")
        for name in ("href", "src", "action"):
            target = each.attributes.get(name, "/")
            assert target.startswith(("/", "#", "https://example.org/", "https://x.com/")), target
            assert not target.startswith("//")
    assert asked.answer.title
