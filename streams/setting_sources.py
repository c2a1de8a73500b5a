"""Where settings come from: TOML files, variables and overrides, and how what stands there becomes one typed object.

Owns the error messages, which name the key and its origin; knows no setting by name.
"""

import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec
from msgspec import Struct

from streams.errors import ConfigurationError
from streams.printable import printable, why_unreadable
from streams.redaction import hide

__all__ = [
    "COLLECT_PREFIX",
    "COLLECT_TABLE",
    "CONSOLE_PREFIX",
    "CONSOLE_TABLE",
    "PREFIX",
    "Given",
    "Secret",
    "convert_settings",
    "read_toml",
    "secret_from",
    "settings_from",
]

PREFIX: Final = "ANTIPHON_"
COLLECT_TABLE: Final = "collect"
"""The table of a settings file that has the settings of collectors, which other commands pass over."""
COLLECT_PREFIX: Final = "ANTIPHON_COLLECT_"
CONSOLE_TABLE: Final = "console"
"""The same for the console."""
CONSOLE_PREFIX: Final = "ANTIPHON_CONSOLE_"

_S = TypeVar("_S", bound=Struct)
_MOST_SECRET_BYTES: Final = 65_536  # of a file that somebody names by mistake


class Secret(str):
    """A string that does not show itself: `repr` has stars, and so have logs, error messages and tracebacks, in any
    form they would have it.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """From now on `streams.redaction` hides it."""
        hide(value)
        return super().__new__(cls, value)

    def __repr__(self) -> str:
        return "'***'"


class Given(Struct, frozen=True):
    """A value that somebody set, and where: the name of a variable, a file and its key, or an option."""

    value: Any
    origin: str


def settings_from(given: Mapping[str, Given], wanted: type[_S]) -> _S:
    """The settings object of these values by name. Raises `ConfigurationError` that names the key."""
    known = {field.name for field in msgspec.structs.fields(wanted)}
    for key, each in given.items():
        if key not in known:
            raise ConfigurationError(f"{each.origin}: there is no such setting", remedy=_hint(key, each.origin, known))
    for key, each in given.items():
        convert_settings({key: each.value}, wanted, each.origin)
    return convert_settings({key: each.value for key, each in given.items()}, wanted, "settings")


def secret_from(token: Secret, token_file: str | None) -> Secret:
    """The token, read from the file where one is named. It comes from no command line: process lists show those.

    Raises `ConfigurationError` where both are given, or the file cannot be read.
    """
    if not token_file:
        return token
    if token:
        raise ConfigurationError("token, token_file: both are there", remedy="give one of them")
    try:
        with Path(token_file).open("rb") as file:
            return Secret(file.read(_MOST_SECRET_BYTES).decode().strip())
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a path with a NUL
        raise ConfigurationError(
            f"token_file: {printable(token_file)} cannot be read: {why_unreadable(error)}",
            remedy="name a file with nothing but the token",
        ) from None


def read_toml(path: str) -> dict[str, Any]:
    """The settings file. Raises `ConfigurationError`."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror}",
            remedy="name a settings file that can be read: --config FILE, ANTIPHON_CONFIG",
        ) from error
    except RecursionError:
        raise ConfigurationError(
            f"{path}: arrays or tables are nested too deeply", remedy="write the settings as TOML: name = value"
        ) from None
    except ValueError as error:  # of TOML, of UTF-8, and of a number with more digits than Python reads
        raise ConfigurationError(f"{path}: {error}", remedy="write the settings as TOML: name = value") from error


def convert_settings(values: dict[str, Any], wanted: type[_S], origin: str) -> _S:
    """The values as that type; text is read as what the field wants. Raises `ConfigurationError`."""
    try:
        return msgspec.convert(values, wanted, strict=False, dec_hook=_decode_secret)
    except (msgspec.ValidationError, NotImplementedError) as error:
        reason = str(error).partition(" - at ")[0]
        raise ConfigurationError(
            f"{origin}: {reason}", remedy="see the settings in the README for what it may be"
        ) from None


def _hint(key: str, origin: str, known: Collection[str]) -> str:
    close = get_close_matches(key, known, n=1)
    if not close:
        return f"known settings: {', '.join(sorted(known))}"
    # Whoever set a variable is told of a variable.
    before = origin.removesuffix(key.upper())
    meant = f"{before}{close[0].upper()}" if before != origin and before.startswith(PREFIX) else close[0]
    return f"did you mean {meant!r}?"


def _decode_secret(wanted: type, value: Any) -> Any:
    if wanted is not Secret:
        raise NotImplementedError(f"no way to make {wanted.__name__} of a setting")
    if isinstance(value, str):
        return Secret(value)
    raise msgspec.ValidationError(f"Expected `str`, got `{type(value).__name__}`: put it in quotes")
