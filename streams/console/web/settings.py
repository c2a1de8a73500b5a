"""Settings of the console: the table `[console]` of the settings file, or variables that begin with
`ANTIPHON_CONSOLE_`.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from streams.errors import ConfigurationError
from streams.setting_sources import CONSOLE_PREFIX, CONSOLE_TABLE, Given, Secret, read_toml, secret_from, settings_from

__all__ = ["ConsoleSettings", "is_loopback", "load_console_settings"]

_SHORTEST_TOKEN: Final = 16
_HEADER: Final = re.compile("[A-Za-z][A-Za-z0-9-]{0,99}")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class ConsoleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each field is `ANTIPHON_CONSOLE_` plus its name in capitals.

    `listen` is HOST:PORT. `hosts` are the names, with commas between, by which browsers may ask for it; without any the
    loopback names. On any other address than loopback either `token` (or `token_file`) or `proxy_user_header` has to be
    set: the latter says that a proxy stands before the console, lets in whom it knows, and tells who it is in that
    header. With both, the proxy has to bring the token too. `requests_per_second` is of each client. So many
    `connections` are open at once, of which so many as `live_clients` wait for the live notice. An answer that a client
    has not taken within `page_seconds` is given up. `store` is a folder on a local disk for what was read of topics; it
    may be deleted at any time. `grafana_url` is where the dashboards are, for the page *status*.
    """

    listen: Annotated[str, Meta(min_length=1, max_length=300)] = "127.0.0.1:8081"
    hosts: Annotated[str, Meta(max_length=4_096)] = ""
    token: Secret = Secret("")
    token_file: str | None = None
    proxy_user_header: Annotated[str, Meta(max_length=100)] = ""
    requests_per_second: Annotated[float, Meta(gt=0, le=100_000)] = 50.0
    connections: Annotated[int, Meta(ge=1, le=100_000)] = 512
    live_clients: Annotated[int, Meta(ge=0, le=100_000)] = 200
    page_seconds: Annotated[float, Meta(gt=0, le=600)] = 10.0
    store: Annotated[str, Meta(min_length=1, max_length=4_096)] | None = None
    grafana_url: Annotated[str, Meta(max_length=2_048, pattern=r"^(https?://[^\s]+)?$(?!\n)")] = ""

    @property
    def host(self) -> str:
        """The address to listen on, without brackets."""
        return self.listen.rpartition(":")[0].removeprefix("[").removesuffix("]")

    @property
    def port(self) -> int:
        """0 takes a free one."""
        return int(self.listen.rpartition(":")[2])

    @property
    def host_names(self) -> frozenset[str]:
        """What a request may name as its host, in lower case and without a port."""
        named = frozenset(name.strip().lower() for name in self.hosts.split(",") if name.strip())
        return named or _LOOPBACK


def load_console_settings(
    overrides: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    config_file: str | None = None,
) -> ConsoleSettings:
    """The settings, with the token read from its file. Raises `ConfigurationError` that names the key; also where
    somebody elsewhere could read what the console shows without being asked who he is.
    """
    environ = os.environ if environ is None else environ
    path = config_file or environ.get("ANTIPHON_CONFIG")
    given: dict[str, Given] = {}
    if path:
        table = read_toml(path).get(CONSOLE_TABLE, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"{path}: {CONSOLE_TABLE} is no table", remedy=f"write [{CONSOLE_TABLE}]")
        given |= {key: Given(value, f"{path}: {CONSOLE_TABLE}.{key}") for key, value in table.items()}
    for name, value in environ.items():
        if name.startswith(CONSOLE_PREFIX):
            given[name.removeprefix(CONSOLE_PREFIX).lower()] = Given(value, name)
    for key, value in (overrides or {}).items():
        if value is not None:
            given[key] = Given(value, key)
    settings = settings_from(given, ConsoleSettings)
    settings = replace(settings, token=secret_from(settings.token, settings.token_file))
    _check(settings)
    return settings


def is_loopback(host: str) -> bool:
    """Whether nobody elsewhere can connect to the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _check(settings: ConsoleSettings) -> None:
    host, _, port = settings.listen.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal() and int(port) < 65_536):
        raise ConfigurationError(f"listen: {settings.listen!r} is not HOST:PORT", remedy="for example 127.0.0.1:8081")
    if settings.token and len(settings.token) < _SHORTEST_TOKEN:
        raise ConfigurationError(
            f"token has fewer than {_SHORTEST_TOKEN} characters",
            remedy="make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    if settings.token and not (settings.token.isascii() and settings.token.isprintable() and " " not in settings.token):
        raise ConfigurationError("token has characters that no header can carry", remedy="use letters and digits")
    if settings.proxy_user_header and not _HEADER.fullmatch(settings.proxy_user_header):
        raise ConfigurationError(
            f"proxy_user_header: {settings.proxy_user_header!r} is no name of a header",
            remedy="such as X-Forwarded-User",
        )
    if not is_loopback(settings.host):
        if not settings.token and not settings.proxy_user_header:
            raise ConfigurationError(
                f"listen: {settings.listen} can be reached from elsewhere, and nobody would be asked who he is",
                remedy="set ANTIPHON_CONSOLE_TOKEN or ANTIPHON_CONSOLE_TOKEN_FILE; or, where a proxy that "
                "authenticates stands before it, ANTIPHON_CONSOLE_PROXY_USER_HEADER; or listen on 127.0.0.1",
            )
        if not settings.hosts:
            raise ConfigurationError(
                f"listen: {settings.listen} can be reached from elsewhere, and hosts names no host",
                remedy="set ANTIPHON_CONSOLE_HOSTS to the names by which browsers ask for it: antiphon.example.org",
            )
