"""A notice: what an Alertmanager is sent about one alert. Labels are identity, what may change goes into annotations.

Knows no Alertmanager and no clock. Parts of an alert may come from strangers: sizes are bounded here.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, TypeAlias
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from streams.core.clock import SECOND_US
from streams.core.enriched import AlertStatus
from streams.core.rulebook.rules import Mode, Severity
from streams.core.subject_event import subject_key
from streams.events import Account, Utc

__all__ = [
    "FLOOD_ALERT",
    "AlertHead",
    "Notice",
    "NoticePolicy",
    "alert_name",
    "annotations_of",
    "clean",
    "countries_of",
    "evidence_link",
    "flood_annotations",
    "flood_labels",
    "labels_of",
]

FLOOD_ALERT: Final = "AntiphonAlertFlood"

_MAX_LABEL: Final = 200  # characters; a handle has at most 100, a State two
_MAX_COUNTRIES: Final = 32
_MAX_SUMMARY: Final = 1_000
_MAX_FIGURES: Final = 50
_MAX_LINK: Final = 2_000  # what browsers and chat programs take
# Controls, line and paragraph separators, what turns the direction of text (it makes one handle look like another),
# halves of surrogate pairs (no UTF-8 has them), and non-characters. Joiners are part of Persian spelling and stay.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_PLACEHOLDER: Final = re.compile(r"\{(id|platform|subject)\}")


_Id: TypeAlias = Annotated[str, Meta(pattern="^[!-~]{1,128}$")]


class NoticePolicy(Struct, frozen=True, kw_only=True):
    """How alerts are sent. `limit` is how many alerts of a rule are sent one by one, see `incidents`. `evidence_url` is
    a template with `{id}`, `{platform}` and `{subject}`; a rule's name is put behind `runbook_url`.
    """

    resend_us: int = 60 * SECOND_US
    max_age_us: int = 86_400 * SECOND_US
    limit: int = 50
    evidence_url: str | None = None
    runbook_url: str | None = None

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
    """What NOTIFY reads of an alert: all but the evidence, which may be long."""

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
    evidence_total: int
    summary: str


class Notice(Struct, frozen=True, kw_only=True):
    """One alert as it is sent: it fires until `ends_us` if it is not `is_over`. Times in µs since 1970 UTC;
    `published_us` is when its record was written to the topic, 0 where no record stands for it.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_us: int = 0
    ends_us: int
    is_over: bool = False
    link: str = ""
    published_us: int = 0

    def sent_at(self, now_us: int, policy: NoticePolicy) -> "Notice":
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
    return clean("".join(part[:1].upper() + part[1:] for part in re.split(r"[-_. ]+", rule)), _MAX_LABEL)


def labels_of(alert: AlertHead) -> dict[str, str]:
    """What an incident is known by: the same for all of its alerts, whatever late events make of its severity and its
    States, and whatever its subject calls itself. `severity` and `country` are added to these where it is sent.
    """
    return {
        "alertname": alert_name(alert.rule),
        "antiphon_id": clean(alert.dedup_key, _MAX_LABEL),
        "platform": clean(alert.platform, _MAX_LABEL),
        "rule": clean(alert.rule, _MAX_LABEL),
        "subject": clean(alert.subject.id, _MAX_LABEL),
    }


def countries_of(alert: AlertHead) -> list[str]:
    """The codes of its States as label values, in order."""
    return sorted({clean(country, _MAX_LABEL) for country in alert.countries})[:_MAX_COUNTRIES]


def annotations_of(alert: AlertHead, policy: NoticePolicy) -> dict[str, str]:
    """What an alert says: the factual summary, its figures one to a line, names, dates, links."""
    figures = list(alert.figures.items())[:_MAX_FIGURES]
    lines = "\n".join(f"{clean(name, 60)}: {_figure(value)}" for name, value in figures)
    annotations = {
        "summary": clean(alert.summary, _MAX_SUMMARY),
        "figures": lines or "none",
        "account": clean(subject_key(alert.platform, alert.subject.id), _MAX_LABEL),
        "handle": clean(alert.subject.handle or alert.subject.id, _MAX_LABEL),
        "alert_id": clean(alert.id, _MAX_LABEL),
        "countries": clean(",".join(countries_of(alert)), _MAX_LABEL),
        "fired_at": alert.fired_at.isoformat(),
        "as_of": alert.as_of.isoformat(),
        "evidence_total": str(alert.evidence_total),
    }
    if link := evidence_link(alert, policy):
        annotations["evidence_url"] = link
    return annotations | _runbook(alert.rule, policy)


def _figure(value: float | int | bool | None) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case int():
            return clean(str(value), 30)  # a stranger's may have thousands of digits
        case _:
            return f"{value:.12g}"


def evidence_link(alert: AlertHead, policy: NoticePolicy) -> str:
    """Where the evidence is to be seen; empty where the policy has no template, or the link would be too long."""
    if not policy.evidence_url:
        return ""
    parts = {"id": alert.id, "platform": alert.platform, "subject": alert.subject.id}
    link = _PLACEHOLDER.sub(lambda found: _quoted(parts[found[1]]), policy.evidence_url)
    return link if len(link) <= _MAX_LINK else ""


def _runbook(rule: str, policy: NoticePolicy) -> dict[str, str]:
    return {"runbook_url": policy.runbook_url + _quoted(rule)} if policy.runbook_url else {}


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe="")


def flood_labels(rule: str) -> dict[str, str]:
    """The labels of the one alert that stands for all of a rule that are not sent one by one."""
    return {"alertname": FLOOD_ALERT, "rule": clean(rule, _MAX_LABEL), "severity": "warning"}


def flood_annotations(rule: str, held_back: int, policy: NoticePolicy) -> dict[str, str]:
    """How many are not sent one by one, and where to find them."""
    count = "1 alert" if held_back == 1 else f"{held_back} alerts"
    return {
        "summary": f"{count} of the rule {clean(rule, _MAX_LABEL)} beyond the {policy.limit} that are sent one by one: "
        "see the topic alerts.",
        "held_back": str(held_back),
    } | _runbook(rule, policy)
