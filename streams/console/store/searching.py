"""How text is looked for: folded as the core folds it, three characters and more anywhere, fewer at the beginning.

A question may meet a million rows of a common word: the first thousands of them are looked at, and the answer says so.
"""

from typing import Final

import msgspec

from streams.console.store.connections import StoreConnections
from streams.core.texts.text import MOST_CHARACTERS, folded

__all__ = ["MOST_HITS", "Hits", "folded_name", "folded_text", "hits_of", "phrases"]

MOST_HITS: Final = 2_000
"""Rows with a text that are looked at."""

_TRIGRAM: Final = 3
_MOST_ASKED: Final = 200  # characters of a question
_HIGHEST: Final = "\U0010ffff"


class Hits:
    """The rows in which a text was found. `where` and `values` are a condition on the column `id`."""

    def __init__(self, ids: list[int]) -> None:
        self.cut = len(ids) > MOST_HITS
        self.ids = ids[:MOST_HITS]
        self.where = "id IN (SELECT value FROM json_each(?))"
        self.values = (msgspec.json.encode(self.ids).decode(),)


def folded_text(text: str) -> str:
    """A text as it is kept to be found, and as it is asked for."""
    return folded(text[:MOST_CHARACTERS])


def folded_name(*parts: str | None) -> str:
    """Handle, name and id of an account as they are kept to be found."""
    return folded_text(" ".join(filter(None, parts)))


def phrases(text: str) -> str:
    """A question to FTS5: every word, each as it is, whatever signs are in it."""
    return " ".join('"' + word.replace('"', '""') + '"' for word in text.split())


def hits_of(ask: StoreConnections, table: str, text: str) -> Hits | None:
    """The rows of `subjects` or `alerts` with every word of the text; `None` where it has no letter to look for."""
    wanted = folded_text(text[:_MOST_ASKED]).split()
    if not wanted:
        return None
    long = [word for word in wanted if len(word) >= _TRIGRAM]
    short = [word for word in wanted if len(word) < _TRIGRAM]
    limit = MOST_HITS + 1
    if not long:
        first, *others = short
        also = "".join(" AND instr(folded, ?)" for _ in others)
        question = f"SELECT id FROM {table} WHERE folded >= ? AND folded < ?{also} LIMIT {limit}"  # noqa: S608  # own
        return Hits([number for (number,) in ask.rows(question, (first, first + _HIGHEST, *others))])
    words = {"subjects": "subject_words", "alerts": "alert_words"}[table]
    matching = f"SELECT rowid AS id FROM {words} WHERE {words} MATCH ?"  # noqa: S608  # own names
    if short:
        also = " AND ".join("instr(folded, ?)" for _ in short)
        matching = f"SELECT id FROM ({matching}) JOIN {table} USING (id) WHERE {also}"  # noqa: S608  # own names
    rows = ask.rows(f"{matching} LIMIT {limit}", (phrases(" ".join(long)), *short))
    return Hits([number for (number,) in rows])
