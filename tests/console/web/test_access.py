"""Who gets an answer: settings that would let in everybody are refused, and so is what comes from another site."""

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from streams.console.store.reading import Store
from streams.console.web.settings import ConsoleSettings, is_loopback, load_console_settings
from streams.errors import ConfigurationError
from streams.settings import load_settings
from tests.console.web.running import Running, running_console

_TOKEN = "a-token-of-24-characters"  # noqa: S105  # of a test


@pytest.fixture(scope="module")
def console(case_store: Store) -> Iterator[Running]:
    with running_console(case_store) as running:
        yield running


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1234", "127.0.0.1", "[::1]:80", "localhost:"])
def test_loopback_answers_for_the_names_of_loopback(console: Running, host: str) -> None:
    assert console.ask("/status", host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1", "", "localhost@evil"]
)
def test_a_foreign_host_is_refused_so_that_no_name_can_be_bent_to_loopback(console: Running, host: str) -> None:
    request = f"GET /status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    assert console.send(request.encode()).status == 421
    assert console.ask("/healthz", host="10.0.0.1").status == 200  # probes ask by address


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"])
def test_anything_but_reading_is_refused(console: Running, method: str) -> None:
    asked = console.ask("/status", method=method)
    assert asked.status in (400, 405)
    if asked.status == 405:
        assert asked.headers["allow"] == "GET, HEAD"


def test_other_sites_may_link_here_and_load_nothing(console: Running) -> None:
    linked = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert console.ask("/status", **linked).status == 200
    for other in (
        {"Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"},
        {"Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
        {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "embed"},
    ):
        for site in ("cross-site", "same-site"):
            assert console.ask("/status.json", Sec_Fetch_Site=site, **other).status == 403
    assert console.ask("/live", Origin="http://evil.example").status == 403
    assert console.ask("/status", Origin="null").status == 403
    assert console.ask("/status", Origin=f"http://127.0.0.1:{console.port}").status == 200
    post = console.ask("/status", method="POST", Origin="http://evil.example", Sec_Fetch_Site="cross-site")
    assert post.status == 405


def test_with_a_token_nothing_but_probes_answers_without_it(case_store: Store) -> None:
    with running_console(case_store, token=_TOKEN) as console:
        refused = console.ask("/status")
        assert refused.status == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert console.ask("/static/console.css").status == console.ask("/metrics.json").status == 401
        assert console.ask("/healthz").status == 200
        counts = console.ask("/metrics", host="console:8081")
        assert counts.status == 200
        assert b"amenei" not in counts.body, "names of nobody"
        assert console.ask("/status", Authorization=f"Bearer {_TOKEN}").status == 200
        password = b64encode(f"anybody:{_TOKEN}".encode()).decode()
        assert console.ask("/status", Authorization=f"Basic {password}").status == 200
        assert console.ask("/status", Authorization=f"Bearer {_TOKEN}x").status == 401


def test_who_guesses_at_the_token_has_to_wait(case_store: Store) -> None:
    with running_console(case_store, token=_TOKEN) as console:
        statuses = [console.ask("/status", Authorization=f"Bearer {number}").status for number in range(12)]
        assert statuses[0] == 401
        assert 429 in statuses


def test_behind_a_proxy_nobody_is_answered_whom_it_does_not_name(
    case_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="streams")
    with running_console(case_store, proxy_user_header="X-Forwarded-User", token=_TOKEN) as console:
        bearer = f"Bearer {_TOKEN}"
        assert console.ask("/status", Authorization=bearer).status == 401
        assert console.ask("/status", X_Forwarded_User="ana").status == 401
        assert console.ask("/status", X_Forwarded_User="ana", Authorization=bearer).status == 200


def test_a_client_that_asks_too_fast_is_told_how_long_to_wait(case_store: Store) -> None:
    with running_console(case_store, requests_per_second=1.0) as console:
        asked = [console.ask("/status.json") for _ in range(6)]
        slowed = [each for each in asked if each.status == 429]
        assert asked[0].status == 200
        assert slowed
        assert int(slowed[0].headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"listen": "0.0.0.0:8081"}, "ANTIPHON_CONSOLE_TOKEN"),
        ({"listen": "[::]:8081", "hosts": "console.example"}, "ANTIPHON_CONSOLE_PROXY_USER_HEADER"),
        ({"listen": "192.0.2.1:8081", "token": _TOKEN}, "ANTIPHON_CONSOLE_HOSTS"),
        ({"token": "short"}, "16 characters"),
        ({"token": "zwölf Zeichen und mehr"}, "no header can carry"),
        ({"token": _TOKEN, "token_file": "x"}, "both"),
        ({"token_file": "/nowhere/at/all"}, "token_file"),
        ({"proxy_user_header": "a b"}, "no name of a header"),
        ({"listen": "8081"}, "HOST:PORT"),
        ({"listne": "127.0.0.1:1"}, "no such setting"),
    ],
)
def test_settings_that_cannot_be_right_are_refused_with_a_remedy(settings: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_console_settings(settings, environ={})
    assert named in f"{refused.value.message} {refused.value.remedy}"
    assert refused.value.remedy


def test_settings_come_from_file_and_variables_and_other_commands_pass_over_them(tmp_path: Path) -> None:
    token, config = tmp_path / "token", tmp_path / "antiphon.toml"
    token.write_text(f"{_TOKEN}\n", encoding="utf-8")
    config.write_text(f'[console]\nlisten = "0.0.0.0:80"\ntoken_file = "{token}"\n', encoding="utf-8")
    environ = {"ANTIPHON_CONSOLE_HOSTS": "Console.example, other.example", "ANTIPHON_CONSOLE_CONNECTIONS": "9"}
    settings = load_console_settings(environ=environ, config_file=str(config))
    assert (settings.host, settings.port, settings.connections) == ("0.0.0.0", 80, 9)  # noqa: S104
    assert settings.host_names == {"console.example", "other.example"}
    assert settings.token == _TOKEN
    assert _TOKEN not in repr(settings)
    load_settings(environ=environ, config_file=str(config))


def test_only_addresses_that_nobody_elsewhere_reaches_are_loopback() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1", "localhost.example", ""))  # noqa: S104


def test_the_table_of_settings_is_what_the_code_has() -> None:
    page = (Path(__file__).parents[3] / "docs" / "console.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `ANTIPHON_CONSOLE_([A-Z_]+)` \| `?([^|`]+)`? \|", page, re.MULTILINE)
    fields = {field.name.upper(): field.default for field in msgspec.structs.fields(ConsoleSettings)}
    assert {name for name, _ in rows} == fields.keys()
    for name, shown in rows:
        if isinstance(fields[name], int | float):
            assert float(shown) == fields[name], name
