"""A notice: what an Alertmanager is sent about one alert. Labels are identity, what may change goes into annotations.

Knows no Alertmanager and no clock. Parts of an alert may come from strangers: sizes are bounded here.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, TypeAlias, cast
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from streams.core.clock import SECOND_US
from streams.core.enriched import AlertOfficial, AlertStatus
from streams.core.notifications import NotifiedState
from streams.core.rulebook.rules import Mode, Rule, Severity
from streams.events import Account, Utc

__all__ = [
    "MAX_LABEL",
    "AlertHead",
    "Notice",
    "NotifyPolicy",
    "alert_name",
    "clean",
    "countries_of",
    "evidence_link",
    "labels_of",
    "runbook_link",
]

_NO_ENVIRONMENT: Final = "default"
MAX_LABEL: Final = 200  # characters; a handle has at most 100, a State two
_MAX_COUNTRIES: Final = 32
_MAX_LINK: Final = 2_000  # what browsers and chat programs take
# Controls, line and paragraph separators, what turns the direction of text (it makes one handle look like another),
# halves of surrogate pairs (no UTF-8 has them), and non-characters. Joiners are part of Persian spelling and stay.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_PLACEHOLDER: Final = re.compile(r"\{(id|platform|subject)\}")
# To whoever works with Alertmanager a silence is a pause that somebody has set.
_NAMES: Final = {"Silence": "OfficialsSilent"}


_Id: TypeAlias = Annotated[str, Meta(pattern="^[!-~]{1,128}$")]


class NotifyPolicy(Struct, frozen=True, kw_only=True):
    """How alerts are sent. `limit` is how many alerts of a rule are sent one by one, see `incidents`. `evidence_url` is
    a template with `{id}`, `{platform}` and `{subject}`; a rule's name is put for `{rule}` in `runbook_url`, or behind
    it. `environment` is a label of all that is sent: several may share a cluster and an Alertmanager; without a name it
    is `default`. `rules` are those in force here: by their digests an alert finds the sentence of its own.
    """

    resend_us: int = 60 * SECOND_US
    max_age_us: int = 86_400 * SECOND_US
    limit: int = 50
    evidence_url: str | None = None
    runbook_url: str | None = None
    environment: str = ""
    rules: tuple[Rule, ...] = ()

    @property
    def environment_label(self) -> str:
        """As a label value, which must not be empty."""
        return clean(self.environment or _NO_ENVIRONMENT, MAX_LABEL)

    @property
    def shortest_us(self) -> int:
        """How long an alert fires at least: Alertmanager waits for more of a group before it tells people."""
        return 3 * self.resend_us

    @property
    def linger_us(self) -> int:
        """How long an end is sent, and how long an Alertmanager that is sent nothing keeps an alert firing. The two are
        the same, so that each end arrives by the one or the other. Prometheus sends ends for 15 minutes, too.
        """
        return max(900 * SECOND_US, 3 * self.resend_us)


class AlertHead(Struct, frozen=True, kw_only=True):
    """What NOTIFY reads of an alert: all but the evidence, which may be long, and the roster's digest."""

    id: _Id
    dedup_key: _Id
    superseded_by: _Id | None = None
    rule: Annotated[str, Meta(max_length=200)]
    severity: Severity
    mode: Mode
    status: AlertStatus
    platform: str
    subject: Account
    countries: tuple[str, ...]
    fired_at: Utc
    as_of: Utc
    expires_at: Utc
    figures: dict[str, float | int | bool | None]
    fired_figures: dict[str, float | int | bool | None] = {}
    evidence_total: int
    summary: str
    rule_digest: str = ""
    dropped_amplifications: int = 0
    officials: tuple[AlertOfficial, ...] = ()
    officials_total: int = 0
    retracted_at: Utc | None = None
    retracted_because: str | None = None


class Notice(Struct, frozen=True, kw_only=True):
    """One alert as it is sent: it fires until `ends_us` if it is not `is_over`. Times in µs since 1970 UTC;
    `published_us` is when its record was written to the topic, 0 where no record stands for it. `alert_id` is that of
    the alert for the notice of its own severity, which inhibits the lesser ones; `state` says how it ended.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_us: int = 0
    ends_us: int
    is_over: bool = False
    link: str = ""
    published_us: int = 0
    alert_id: str = ""
    state: NotifiedState = "firing"

    @property
    def severity(self) -> Severity:
        """That of its label."""
        return cast("Severity", self.labels["severity"])

    def sent_at(self, now_us: int, policy: NotifyPolicy) -> "Notice":
        """As it is sent at a time: an Alertmanager that is sent nothing more ends it by itself.

        It starts when it is sent, and Alertmanager keeps the earliest time. With `fired_at`, of long ago, it would tell
        people without waiting for `group_wait`, perhaps before it knows of the higher severity that inhibits this one.
        """
        ends_us = min(self.ends_us, now_us + policy.linger_us)
        return msgspec.structs.replace(self, starts_us=min(now_us, ends_us - SECOND_US), ends_us=ends_us)


def clean(text: str, limit: int) -> str:
    """The text without what steers terminals and displays, in at most `limit` characters, and not blank."""
    text = _UNFIT.sub(" ", text).strip()
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return text or "-"  # to an Alertmanager an empty label is one that is not there


def alert_name(rule: str) -> str:
    """A rule's name as Alertmanager's users write names: `new-account-burst` is `NewAccountBurst`."""
    name = "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_. ]+", rule))
    return clean(_NAMES.get(name, name), MAX_LABEL)


def labels_of(alert: AlertHead, policy: NotifyPolicy) -> dict[str, str]:
    """What an incident is known by: the same for all of its alerts, whatever late events make of its severity and its
    States, and whatever its subject calls itself. `severity` and `country` are added to these where it is sent.

    Two environments that read the same events give them the same `dedup_key`: `antiphon_id` names the environment, too.
    """
    prefix = f"{policy.environment}:" if policy.environment else ""
    return {
        "alertname": alert_name(alert.rule),
        "antiphon_id": clean(prefix + alert.dedup_key, 2 * MAX_LABEL),
        "environment": policy.environment_label,
        "platform": clean(alert.platform, MAX_LABEL),
        "rule": clean(alert.rule, MAX_LABEL),
        "subject": clean(alert.subject.id, MAX_LABEL),
    }


def countries_of(alert: AlertHead) -> list[str]:
    """The codes of its States as label values, in order."""
    return sorted({clean(country, MAX_LABEL) for country in alert.countries})[:_MAX_COUNTRIES]


def evidence_link(alert: AlertHead, policy: NotifyPolicy) -> str:
    """Where the evidence is to be seen; empty where the policy has no template, or the link would be too long."""
    if not policy.evidence_url:
        return ""
    parts = {"id": alert.id, "platform": alert.platform, "subject": alert.subject.id}
    link = _PLACEHOLDER.sub(lambda found: _quoted(parts[found[1]]), policy.evidence_url)
    return link if len(link) <= _MAX_LINK else ""


def runbook_link(rule: str, policy: NotifyPolicy) -> dict[str, str]:
    """The annotation `runbook_url`, where the policy has one."""
    base, name = policy.runbook_url, _quoted(rule)
    if not base:
        return {}
    return {"runbook_url": base.replace("{rule}", name) if "{rule}" in base else base + name}


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe="")
