"""No secret is shown: in no log at any level, whoever writes it, in no error message and in no traceback."""

import asyncio
import base64
import json
import logging
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from aiokafka.protocol.admin import SaslAuthenticateRequest_v0
from hypothesis import Phase, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from streams.cli.logs import LogFormatter, Throttle
from streams.errors import ConfigurationError
from streams.redaction import redact
from streams.settings import Secret, Settings, load_settings
from streams.sinks.alertmanager import Alertmanager, AlertmanagerError

_SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40).map(lambda text: f"§{text}§")
_FORMS = st.sampled_from(["text", "json"])


def _logged(message: str, form: Literal["text", "json"], **fields: Any) -> str:
    record = logging.LogRecord("aiokafka.conn", logging.DEBUG, __file__, 1, "%s", (message,), None)
    record.created, record.msecs = 0.0, 0.0
    vars(record).update(fields)
    return LogFormatter(form, debug=True).format(record)


@effort(max_examples=20, phases=[Phase.generate])
@given(_SECRETS, _FORMS)
def test_a_password_is_in_no_log_in_any_form_that_a_library_gives_it(
    secret: str, form: Literal["text", "json"]
) -> None:
    """As text, `repr`, bytes, JSON, part of a URL and base64; in the message, in fields, and inside of fields."""
    settings = Settings(sasl_password=Secret(secret))
    for shape in (
        secret,
        repr(secret),
        repr(secret.encode()),
        json.dumps(secret),
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
    ):
        for line in (_logged(f"<{shape}>", form), _logged("", form, why=shape), _logged("", form, why=[{"x": shape}])):
            assert "***" in line
            assert secret not in line
            assert shape not in line
    assert secret not in _logged(repr(settings), form, settings=settings)


@effort(max_examples=20, phases=[Phase.generate])
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200), _FORMS)
def test_aiokafkas_request_with_a_password_is_stars_however_short_or_long(
    password: str, form: Literal["text", "json"]
) -> None:
    """This password was told to nobody here: what is hidden is the request."""
    request = SaslAuthenticateRequest_v0(f"\0user\0{password}".encode())
    assert _logged(f"Request 2: {request!r}", form) == _logged("Request 2: SaslAuthenticateRequest_v0(***)", form)


@pytest.mark.slow
@effort(max_examples=20, phases=[Phase.generate])
@given(_SECRETS.filter(lambda text: "," not in text), _FORMS)
def test_credentials_in_an_alertmanagers_url_are_in_no_log(secret: str, form: Literal["text", "json"]) -> None:
    url = f"https://ada:{quote(secret, safe='')}@example.org/path"
    Secret(f"http://other:9093, {url}")
    header = base64.b64encode(f"ada:{secret}".encode()).decode()
    for said in (url, secret, f"Authorization: Basic {header}", f'{{"headers": ["{header}"]}}'):
        line = _logged(said, form)
        assert secret not in line
        assert quote(secret, safe="") not in line
        assert header.rstrip("=") not in line


def test_a_401_that_repeats_the_request_gives_no_credentials_away() -> None:
    """What the answer says goes to logs and to /readyz."""

    async def echo(request: web.Request) -> web.Response:
        return web.json_response(status=401, data=dict(request.headers))

    async def post() -> str:
        app = web.Application()
        app.router.add_post("/api/v2/alerts", echo)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = Secret(f"http://ada:hunter-of-words@127.0.0.1:{runner.addresses[0][1]}")
        try:
            async with aiohttp.ClientSession() as session:
                with pytest.raises(AlertmanagerError) as refused:
                    await Alertmanager(str.__str__(url), session).post([], lambda: True)
        finally:
            await runner.cleanup()
        return refused.value.message

    message = asyncio.run(post())
    assert "status 401" in message
    assert "uthorization" in message
    assert "hunter" not in message
    assert base64.b64encode(b"ada:hunter-of-words").decode() not in message


@effort(max_examples=20, phases=[Phase.generate])
@given(st.text(st.characters(categories=["Lo", "Zs"]), max_size=200))
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("key", ["sasl_password", "alertmanager_urls", "sasl_username", "broker", "rules_file"])
@pytest.mark.parametrize("value", ["5", "true", "1.5", "[1]", "{a = 1}", "1979-05-27"])
def test_a_value_of_the_wrong_type_is_refused_with_its_key(key: str, value: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"{key} = {value}\n")
    with pytest.raises(ConfigurationError) as refused:
        load_settings(environ={}, config_file=str(file))
    assert key in refused.value.message


@pytest.mark.parametrize("text", ["x = " + "[" * 5_000, "x = " + "{a = " * 5_000, "metrics_port = " + "9" * 5_000])
def test_a_settings_file_beyond_every_measure_is_refused_with_its_name(text: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        load_settings(environ={}, config_file=str(file))
    assert "settings.toml" in refused.value.message


def test_messages_of_libraries_are_logged_after_the_clock_was_set_back() -> None:
    throttle = Throttle(10.0)
    record = logging.LogRecord("aiokafka.conn", logging.ERROR, __file__, 1, "away", (), None)
    record.created = 1_000_000.0
    assert throttle.filter(record)
    assert not throttle.filter(record)
    record.created -= 86_400.0
    assert throttle.filter(record)
