"""The token of a collector, from a variable or a file, and whether it is long enough."""

from streams.errors import ConfigurationError
from streams.setting_sources import Secret, secret_from

__all__ = ["token_of"]


def token_of(token: Secret, token_file: str, variable: str, least: int, example: str) -> Secret:
    """The token, of at least so many characters. `variable` is where it may stand, `example` what to put there.

    Raises `ConfigurationError`.
    """
    token = secret_from(token, token_file)
    if len(token) < least:
        raise ConfigurationError(
            f"token: {'there is none' if not token else f'it has fewer than {least} characters'}",
            remedy=f"set {variable} or token_file, for example to {example}",
        )
    return token
