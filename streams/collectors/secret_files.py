"""A token from a variable or from a file, never from the command line: process lists show that to everybody."""

from pathlib import Path

from streams.errors import ConfigurationError
from streams.setting_sources import Secret

__all__ = ["token_of"]


def token_of(token: Secret, token_file: str, variable: str, least: int, example: str) -> Secret:
    """The token, of at least so many characters. `variable` is where it may stand, `example` what to put there.

    Raises `ConfigurationError`.
    """
    if token_file:
        if token:
            raise ConfigurationError("token, token_file: both are there", remedy="give one of them")
        try:
            token = Secret(Path(token_file).read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"token_file: {token_file} cannot be read: {type(error).__name__}",
                remedy="name a file with nothing but the token",
            ) from None
    if len(token) < least:
        raise ConfigurationError(
            f"token: {'there is none' if not token else f'it has fewer than {least} characters'}",
            remedy=f"set {variable} or token_file, for example to {example}",
        )
    return token
