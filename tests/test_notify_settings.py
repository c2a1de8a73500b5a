"""The settings of NOTIFY: addresses are checked before anything runs, and passwords in them are never shown."""

import pytest

from streams.errors import ConfigurationError
from streams.jobs.workers import environment_of
from streams.settings import Settings, load_settings


def _load(**values: str) -> Settings:
    return load_settings(environ={f"ANTIPHON_{name.upper()}": value for name, value in values.items()})


def test_addresses_are_a_list_with_commas_and_none_means_that_nobody_is_notified() -> None:
    urls = "http://alertmanager-1:9093, https://ada:secret@example.org/alerts/ ,"
    assert _load(alertmanager_urls=urls).alertmanager_addresses == (
        "http://alertmanager-1:9093",
        "https://ada:secret@example.org/alerts/",
    )
    assert load_settings(environ={}).alertmanager_addresses == ()


def test_a_password_in_an_address_reaches_workers_and_never_a_log() -> None:
    settings = _load(alertmanager_urls="https://ada:secret@example.org")
    assert "secret" not in repr(settings)
    assert environment_of(settings)["ANTIPHON_ALERTMANAGER_URLS"] == "https://ada:secret@example.org"


@pytest.mark.parametrize(
    "wrong",
    ["alertmanager:9093", "ftp://h/", "http://", "http://h:0", "http://h:99999", "http://[::1", "http://ada:secret@"],
)
def test_a_wrong_address_is_named_by_its_number(wrong: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        _load(alertmanager_urls=f"http://good:9093,{wrong}")
    assert raised.value.message == "alertmanager_urls: address 2 is not an http or https URL"
    assert "secret" not in raised.value.message + raised.value.remedy
    assert "ANTIPHON_ALERTMANAGER_URLS" in raised.value.remedy


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("evidence_url", "https://example.org/{alert}", "'{alert}' is none of {id}, {platform}, {subject}"),
        ("evidence_url", "https://example.org/{id", "'{id' is none of"),
        ("evidence_url", "javascript:alert(1)", "not an http or https URL"),
        ("runbook_url", "runbooks/", "not an http or https URL"),
        ("notify_rule_limit", "0", "`int` >= 1"),
        ("notify_resend_seconds", "0", "> 0"),
    ],
)
def test_other_wrong_values_are_said(name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        _load(**{name: value})
    assert said in raised.value.message


def test_a_template_with_its_placeholders_is_right() -> None:
    url = "https://example.org/{platform}/{subject}?alert={id}"
    assert _load(evidence_url=url).evidence_url == url
