"""Settings: one frozen object, from `ANTIPHON_*` variables and a TOML file; unknown names are errors."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from streams.errors import ConfigurationError
from streams.setting_sources import (
    COLLECT_PREFIX,
    COLLECT_TABLE,
    CONSOLE_PREFIX,
    CONSOLE_TABLE,
    PREFIX,
    Given,
    Secret,
    read_toml,
    settings_from,
)

__all__ = ["Secret", "Settings", "load_settings"]

# Variables of this prefix that are no settings: where the settings are, tracebacks of the command line, its tests.
_NOT_SETTINGS: Final = frozenset({"ANTIPHON_CONFIG", "ANTIPHON_DEBUG", "ANTIPHON_TEST_BROKER"})
_PLATFORM: Final = re.compile("[a-z][a-z0-9_-]{0,31}")
_DAYS: Final = re.compile("[0-9]{1,5}")
_MOST_DAYS: Final = 36_500
_EVIDENCE_PARTS: Final = frozenset({"{id}", "{platform}", "{subject}"})

Name: TypeAlias = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{0,100}$")]
Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
Port: TypeAlias = Annotated[int, Meta(ge=0, le=65_535)]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a process is told from outside. Each field is `ANTIPHON_` plus its name in capitals.

    `broker` is a comma-separated list of HOST:PORT. `topic_prefix` goes before every topic name, and the consumer group
    is the prefix plus `app_id`. `transactions` off is for brokers that have none (the embedded one): then a crash may
    repeat outputs. `data_dir` is where WATCH keeps its ledgers, on a local disk: `$XDG_STATE_HOME/antiphon` or
    `~/.local/state/antiphon` by default; it may be lost at any time and is rebuilt. A compressed record batch that
    unpacks to more than `unpacked_max_bytes` is refused as a whole. The ledger holds `ledger_days` of officials'
    posts, and the aftermath of a suspension is watched for `watch_days`; where officials were not seen for more than
    the share `unseen_share` of that time, nothing is said of what they did not do. These are the same for all workers
    of a group. The suspension of an account that no official engaged with is kept for `unengaged_days` of event time,
    its profile for `unengaged_profile_days`: 0 is for not at all, since a source may tell the profiles of a whole
    network.
    `evidence_days` after it came, evidence may be deleted, unless a living alert rests on it; raw events of the
    platforms in `evidence_platform_days` after other days (`twitter=30,mastodon=90`). Posts that are deleted on the
    platforms of `evidence_withhold_deleted` (names with commas between) are withheld the next day, and aftermaths have
    no text of posts that are deleted on those of `aftermath_withhold_deleted`.
    `dead_letter_run` and `dead_letter_share` are the dead-letter limits: that many refused records in a row, or that
    share of the last 10,000, stop a worker's screening until it is started again, since that is a bug or an attack and
    not data.
    `alertmanager_urls` are where NOTIFY sends alerts, separated by commas; without any nobody is notified. They may
    hold credentials. `notify_max_age_seconds` is how old an alert may be when it is published and still be told;
    `notify_rule_limit` how many alerts of a rule that fire are sent one by one. A publication that takes more than the
    share `roster_removed_share` of the accounts off the roster has to be confirmed. `evidence_url` may name `{id}`,
    `{platform}` and `{subject}`; a rule's name goes for `{rule}` in `runbook_url`, or behind it. `environment` is the
    label that tells alerts of several installations apart, the prefix of the topics unless told otherwise.
    With fewer workers than `expected_workers` Prometheus tells somebody; 0 for never.
    Every `canary_interval_seconds` a worker that screens sends canaries through the pipeline; 0 for none.
    After `stuck_after_seconds` in which it had work and did none, a worker ends itself, and so does a collector whose
    event loop stood still. A raw partition that is read to its end and brought nothing for `idle_after_seconds` holds
    event time back no longer; the same for all workers.
    """

    broker: Annotated[str, Meta(min_length=1, max_length=4_096)] = "127.0.0.1:9092"
    app_id: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,100}$")] = "antiphon"
    topic_prefix: Name = ""
    rules_file: str | None = None
    data_dir: Annotated[str, Meta(min_length=1, max_length=4_096)] | None = None
    ledger_days: Annotated[int, Meta(ge=1, le=3_650)] = 90
    unengaged_days: Annotated[int, Meta(ge=1, le=3_650)] = 30
    unengaged_profile_days: Annotated[int, Meta(ge=0, le=3_650)] = 0
    watch_days: Annotated[int, Meta(ge=1, le=365)] = 14
    evidence_days: Annotated[int, Meta(ge=1, le=_MOST_DAYS)] = 400
    evidence_platform_days: Annotated[str, Meta(max_length=1_024)] = ""
    evidence_withhold_deleted: Annotated[str, Meta(max_length=1_024)] = "twitter"
    aftermath_withhold_deleted: Annotated[str, Meta(max_length=1_024)] = "twitter"
    unseen_share: Annotated[float, Meta(ge=0, le=1)] = 0.05
    transactions: bool = True
    session_timeout_seconds: Seconds = 20.0
    commit_interval_seconds: Seconds = 1.0
    delivery_timeout_seconds: Seconds = 40.0
    fetch_max_records: Annotated[int, Meta(ge=1, le=100_000)] = 4_000
    fetch_max_bytes: Annotated[int, Meta(ge=1_024, le=268_435_456)] = 4_194_304
    unpacked_max_bytes: Annotated[int, Meta(ge=1_048_576, le=268_435_456)] = 16_777_216
    future_skew_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 300.0
    dead_letter_run: Annotated[int, Meta(ge=1)] = 10_000
    dead_letter_share: Annotated[float, Meta(gt=0, le=1)] = 0.9
    metrics_host: Annotated[str, Meta(min_length=1, max_length=255)] = "127.0.0.1"
    metrics_port: Port = 0
    alertmanager_urls: Secret = Secret("")
    notify_resend_seconds: Seconds = 60.0
    notify_max_age_seconds: Annotated[float, Meta(gt=0, le=31_536_000)] = 86_400.0
    notify_rule_limit: Annotated[int, Meta(ge=1, le=1_000_000)] = 50
    roster_removed_share: Annotated[float, Meta(ge=0, le=1)] = 0.2
    evidence_url: Annotated[str, Meta(max_length=1_000)] | None = None
    runbook_url: Annotated[str, Meta(max_length=1_000)] | None = None
    environment: Name = ""
    expected_workers: Annotated[int, Meta(ge=0, le=10_000)] = 0
    canary_interval_seconds: Annotated[float, Meta(ge=0, le=3_600)] = 10.0
    stuck_after_seconds: Seconds = 120.0
    idle_after_seconds: Seconds = 600.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: Secret | None = None
    ssl_ca_file: str | None = None
    ssl_cert_file: str | None = None
    ssl_key_file: str | None = None

    def topic(self, name: str) -> str:
        """The name of a topic on this broker."""
        return self.topic_prefix + name

    @property
    def group(self) -> str:
        """The consumer group of the workers."""
        return self.topic_prefix + self.app_id

    @property
    def environment_name(self) -> str:
        """What alerts and their messages call this installation; empty where it is the only one."""
        return self.environment or self.topic_prefix.strip("._-")

    @property
    def withheld_platforms(self) -> frozenset[str]:
        """The platforms whose deleted posts nobody may keep as evidence."""
        return frozenset(_parts(self.evidence_withhold_deleted))

    @property
    def withheld_aftermath_platforms(self) -> frozenset[str]:
        """The platforms of which aftermaths have no text of deleted posts."""
        return frozenset(_parts(self.aftermath_withhold_deleted))

    @property
    def days_by_platform(self) -> dict[str, int]:
        """For how many days raw events of some platforms are kept as evidence, in place of `evidence_days`."""
        pairs = [part.partition("=") for part in _parts(self.evidence_platform_days)]
        return {name.strip(): int(days) for name, _, days in pairs}

    @property
    def alertmanager_addresses(self) -> tuple[str, ...]:
        """The URLs of the Alertmanagers, with their credentials: never to be shown."""
        return tuple(_parts(self.alertmanager_urls))

    @property
    def state_directory(self) -> Path:
        """Where this group's ledgers are."""
        base = self.data_dir or Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state", "antiphon")
        # A group may have a name that means something to the file system.
        return Path(base, f"_{self.group}" if self.group.startswith(".") else self.group)


def load_settings(
    overrides: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    config_file: str | None = None,
) -> Settings:
    """Settings from a TOML file (`config_file` or `ANTIPHON_CONFIG`), then the environment, then `overrides`.

    An override of `None` is as good as absent. Raises `ConfigurationError` that names the key.
    """
    environ = os.environ if environ is None else environ
    path = config_file or environ.get("ANTIPHON_CONFIG")
    given: dict[str, Given] = {}
    if path:
        table = read_toml(path)
        for others in (COLLECT_TABLE, CONSOLE_TABLE):
            table.pop(others, None)
        given |= {key: Given(value, f"{path}: {key}") for key, value in table.items()}
    for name, value in environ.items():
        if name.startswith((COLLECT_PREFIX, CONSOLE_PREFIX)):
            continue
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS:
            given[name.removeprefix(PREFIX).lower()] = Given(value, name)
    for key, value in (overrides or {}).items():
        if value is not None:
            given[key] = Given(value, key)
    settings = settings_from(given, Settings)
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    _check_platforms(settings)
    if settings.security_protocol.startswith("SASL") and not (
        settings.sasl_mechanism and settings.sasl_username and settings.sasl_password
    ):
        raise ConfigurationError(
            f"security_protocol is {settings.security_protocol}, but a credential is missing",
            remedy="set sasl_mechanism, sasl_username and sasl_password (ANTIPHON_SASL_MECHANISM and so on)",
        )
    _check_urls(settings)
    for address in settings.broker.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
            raise ConfigurationError(f"broker: {address!r} is not HOST:PORT", remedy="for example 127.0.0.1:9092")


def _check_platforms(settings: Settings) -> None:
    for key in ("evidence_withhold_deleted", "aftermath_withhold_deleted"):
        if wrong := [name for name in _parts(getattr(settings, key)) if not _PLATFORM.fullmatch(name)]:
            raise ConfigurationError(f"{key}: {wrong[0]!r} is no platform", remedy="name some, as in twitter,mastodon")
    named = set[str]()
    for part in _parts(settings.evidence_platform_days):
        name, _, days = (each.strip() for each in part.partition("="))
        if (
            not _PLATFORM.fullmatch(name)
            or name in named
            or not _DAYS.fullmatch(days)
            or not 1 <= int(days) <= _MOST_DAYS
        ):
            raise ConfigurationError(
                f"evidence_platform_days: {part!r} is no PLATFORM=DAYS",
                remedy=f"each platform once, with 1 to {_MOST_DAYS:,} days, as in twitter=30,mastodon=90",
            )
        named.add(name)


def _parts(text: str) -> list[str]:
    """What stands between commas."""
    return [part for each in text.split(",") if (part := each.strip())]


def _check_urls(settings: Settings) -> None:
    for number, url in enumerate(settings.alertmanager_addresses, start=1):
        # The address itself may hold a password: it is named by its number.
        # So is the example none that somebody may have meant: what they set is hidden in it, too.
        example = "http://alertmanager.example.org:9093, and more with commas between (ANTIPHON_ALERTMANAGER_URLS)"
        _check_url(url, f"alertmanager_urls: address {number}", example)
    if settings.runbook_url:
        _check_url(settings.runbook_url, "runbook_url", "https://example.org/runbooks/")
    if settings.evidence_url:
        example = "https://example.org/alerts/{id}"
        _check_url(settings.evidence_url, "evidence_url", example)
        if unknown := sorted(set(re.findall(r"\{[^}]*\}?", settings.evidence_url)) - _EVIDENCE_PARTS):
            raise ConfigurationError(
                f"evidence_url: {unknown[0]!r} is none of {', '.join(sorted(_EVIDENCE_PARTS))}",
                remedy=f"for example {example}",
            )


def _check_url(url: str, what: str, example: str) -> None:
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong or not url.isprintable() or " " in url:
        raise ConfigurationError(f"{what} is not an http or https URL", remedy=f"for example {example}")
