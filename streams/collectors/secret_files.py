"""A token from a variable or from a file, never from the command line: process lists show that to everybody."""

from pathlib import Path
from typing import Final

from streams.errors import ConfigurationError
from streams.printable import printable, why_unreadable
from streams.setting_sources import Secret

__all__ = ["token_of"]

_MOST_BYTES: Final = 65_536  # of a file that somebody names by mistake


def token_of(token: Secret, token_file: str, variable: str, least: int, example: str) -> Secret:
    """The token, of at least so many characters. `variable` is where it may stand, `example` what to put there.

    Raises `ConfigurationError`.
    """
    if token_file:
        if token:
            raise ConfigurationError("token, token_file: both are there", remedy="give one of them")
        try:
            with Path(token_file).open("rb") as file:
                token = Secret(file.read(_MOST_BYTES).decode().strip())
        except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a path with a NUL
            raise ConfigurationError(
                f"token_file: {printable(token_file)} cannot be read: {why_unreadable(error)}",
                remedy="name a file with nothing but the token",
            ) from None
    if len(token) < least:
        raise ConfigurationError(
            f"token: {'there is none' if not token else f'it has fewer than {least} characters'}",
            remedy=f"set {variable} or token_file, for example to {example}",
        )
    return token
