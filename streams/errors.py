"""Errors that people are meant to read: one sentence that names the place, one that names the remedy."""

from collections.abc import Iterator

__all__ = ["AntiphonError", "ConfigurationError", "InputError", "causes_of"]


class AntiphonError(Exception):
    """Something a person can put right. `message` names the place, `remedy` says what to do.

    The command line prints both without a traceback and exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class ConfigurationError(AntiphonError):
    """A setting, rule file or roster that Antiphon refuses to start with."""

    exit_code = 2


class InputError(AntiphonError):
    """An input that cannot be read at all (a missing file, an unknown format)."""

    exit_code = 2


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """What went wrong: a task group wraps it, and where several of its tasks failed, each has something to say."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from causes_of(inner)
    else:
        yield error
