"""Text from outside as messages, logs and terminals may show it: with escapes for what does not print."""

from typing import Final

__all__ = ["JOINERS", "printable", "printable_bytes", "quoted", "why_unreadable"]

JOINERS: Final = frozenset("\u200c\u200d")
"""Part of Persian and Indic spelling; they steer no terminal."""


def printable(text: str, limit: int | None = None) -> str:
    """The text with escapes for controls, line breaks and direction marks, in at most `limit` characters."""
    start = text if limit is None else text[: limit + 1]
    if not start.isprintable():
        start = "".join(char if char.isprintable() or char in JOINERS else repr(char)[1:-1] for char in start)
    return start if limit is None or len(start) <= limit else start[: limit - 1] + "…"


def printable_bytes(data: bytes, limit: int) -> str:
    """The first `limit` bytes as text: UTF-8 where they are that, escapes for everything else."""
    text = printable(data[:limit].decode("utf-8", "backslashreplace"))
    return text + "…" if len(data) > limit else text


def quoted(text: str, limit: int) -> str:
    """The first `limit` characters in quotes, with escapes for what does not print."""
    return repr(text if len(text) <= limit else text[:limit] + "…")


def why_unreadable(error: OSError | ValueError) -> str:
    """What is wrong with a file that could not be opened or read, without its path; `ValueError` is of a path with a
    NUL, or of what is no text.
    """
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return printable(error.strerror if isinstance(error, OSError) and error.strerror else str(error))
