"""The record of a correction: what became of a subject, and of each alert that does not stand as it was told."""

from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.backtest import Results
from streams.core.clock import from_us
from streams.core.corrections.outcomes import Outcome, compare
from streams.core.dossier_parts import Count
from streams.core.enriched import Alert, Dossier
from streams.core.recounts import RecountOrder
from streams.core.rulebook.rules import Severity
from streams.core.subject_event import subject_key
from streams.core.tracking.recounting import Recounted
from streams.core.watching.country_recount_state import CountryRecounted
from streams.events import Utc

__all__ = [
    "Correction",
    "CorrectionOutcome",
    "FigureChange",
    "correction_key",
    "corrections_of",
    "corrections_of_country",
    "decode_correction",
    "encode_correction",
]


CorrectionOutcome: TypeAlias = Literal[
    "begun",
    "finished",
    "recounted",
    "taken_as_counted",
    "cannot_be_known",
    "given_up",
    "would_not_have_fired",
    "would_have_fired_anew",
    "severity",
    "another_state_leads",
    "fires_earlier",
    "fires_later",
    "figures_change",
]
_MOST_ACCOUNTS: Final = 100


class FigureChange(Struct, frozen=True, kw_only=True):
    """A figure of an alert before and after a correction; null where it is unknown, or there is no alert."""

    figure: str
    """The figure's name."""
    before: float | int | bool | None = None
    """What was told."""
    after: float | int | bool | None = None
    """What stands now."""


class Correction(Struct, frozen=True, kw_only=True):
    """One record of `corrections`. `about` says of what:

    - `roster`: the correction as a whole has `begun`, or is `finished`; `subjects` were recounted by then.
    - `subject`: all of one subject was `recounted`; or as far as the evidence goes, with `taken` events
      `taken_as_counted`; or `cannot_be_known`, or was `given_up`, as `why` says: then nothing of it has changed.
    - `alert`: an alert that was told, or is new by the correction, and what became of it. `figures` are those of the
      last version and of the one that takes its place. What was told before is in `evidence`, unchanged.

    - `country`: the ledger of the State `country` was put right and its aftermaths were recounted; or as far as the
      evidence goes (`taken_as_counted`, with `taken` posts), or it was `given_up`.
    - `aftermath`: an aftermath that does not stand as it was told, is new by the correction, or `cannot_be_known`, as
      `why` says. It fires when it opens. An alert on one is told as any other, with its `country`.

    `correction` is the id, `cause` what was wrong, `reason` what the person who corrected it said, `accounts` are the
    changed entries of the roster that touched the subject (at most 100).

    Key in Kafka: the id, `/` and the subject's `platform:id` or the State's code, and `/` and the id of the aftermath
    and of the alert, as far as there are any.
    """

    correction: str
    """Id of the correction."""
    about: Literal["roster", "subject", "alert", "country", "aftermath"]
    """What the record is of."""
    outcome: CorrectionOutcome
    """What became of it."""
    cause: Literal["roster"]
    """What was wrong."""
    reason: str
    """Why, in the words of whoever corrected it."""
    old_digest: str
    """Digest of the roster that was wrong."""
    new_digest: str
    """Digest of the roster that took its place."""
    at: Utc
    """When it was ordered."""
    platform: str | None = None
    """The platform of the subject."""
    subject_id: str | None = None
    """The id of the subject."""
    alert_id: str | None = None
    """The id of the alert."""
    country: str | None = None
    """The State whose ledger or aftermath it is."""
    aftermath_id: str | None = None
    """The id of the aftermath."""
    rule: str | None = None
    """The rule of the alert."""
    accounts: tuple[str, ...] = ()
    """The changed entries of the roster that touched the subject, at most 100."""
    severity_before: Severity | None = None
    """The severity that was told; null where nothing was."""
    severity_after: Severity | None = None
    """The severity that stands now; null where nothing does."""
    figures: tuple[FigureChange, ...] = ()
    """The alert's figures, as they were told and as they stand now."""
    superseded_by: str | None = None
    """The id of the alert that takes its place, where that is another one."""
    taken: Count = 0
    """Events of the subject that are not in the evidence any more, and count as they were counted."""
    subjects: Count = 0
    """Of a correction that is finished: the subjects that it touched."""
    why: str = ""
    """Why the subject could not be recounted."""


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Correction)


def encode_correction(correction: Correction) -> bytes:
    """The record as JSON."""
    return _encoder.encode(correction)


def decode_correction(payload: bytes) -> Correction:
    """The record of its bytes. Raises `msgspec.DecodeError`."""
    return _decoder.decode(payload)


def correction_key(correction: Correction) -> str:
    """The record's key."""
    parts = [correction.correction]
    if correction.platform is not None and correction.subject_id is not None:
        parts.append(subject_key(correction.platform, correction.subject_id))
    elif correction.country is not None:
        parts.append(correction.country)
    return "/".join([*parts, *filter(None, [correction.aftermath_id, correction.alert_id])])


def corrections_of_country(answer: CountryRecounted) -> Iterator[Correction]:
    """What is to be told of a State's ledger that was put right: of each aftermath of which nothing could be known
    first, of the whole last.
    """
    for aftermath_id, (platform, subject_id) in sorted(answer.unknown.items()):
        yield Correction(
            **_common(answer),
            country=answer.country,
            about="aftermath",
            outcome="cannot_be_known",
            platform=platform,
            subject_id=subject_id,
            aftermath_id=aftermath_id,
            why="the ledger has no more all posts of its time",
        )
    outcome: CorrectionOutcome = "taken_as_counted" if answer.taken else "recounted"
    yield Correction(
        **_common(answer),
        country=answer.country,
        about="country",
        outcome="given_up" if answer.why else outcome,
        taken=answer.taken,
        why=answer.why,
    )


def corrections_of(recounted: Recounted) -> Iterator[Correction]:
    """What is to be told of a subject that was recounted: of each alert first, of the subject last."""
    order = recounted.order
    before, after = recounted.alerts_before, recounted.alerts_after
    if before or after:  # nearly never
        compared = compare(
            _results(recounted, before, recounted.dossier_before), _results(recounted, after, recounted.dossier_after)
        )
        for outcome in compared.alerts:
            if outcome.kind not in ("stands", "cannot_be_known"):
                yield _of_alert(recounted, outcome, before.get(outcome.id), _successor(outcome, after))
    yield Correction(
        **_common(order),
        about="subject",
        outcome=recounted.outcome,
        platform=recounted.platform,
        subject_id=recounted.subject_id,
        accounts=order.accounts[:_MOST_ACCOUNTS],
        taken=recounted.taken,
        why=recounted.why,
    )


def _of_alert(recounted: Recounted, outcome: Outcome, before: Alert | None, after: Alert | None) -> Correction:
    return Correction(
        **_common(recounted.order),
        about="alert",
        outcome=outcome.kind,  # type: ignore[arg-type]  # the two others have no record
        platform=recounted.platform,
        subject_id=recounted.subject_id,
        alert_id=outcome.id,
        rule=outcome.rule,
        accounts=recounted.order.accounts[:_MOST_ACCOUNTS],
        severity_before=None if before is None else before.severity,
        severity_after=None if after is None else after.severity,
        figures=_figures(before, after),
        superseded_by=None if after is None or after.id == outcome.id else after.id,
    )


def _figures(before: Alert | None, after: Alert | None) -> tuple[FigureChange, ...]:
    one, other = ({} if alert is None else alert.figures for alert in (before, after))
    return tuple(
        FigureChange(figure=name, before=one.get(name), after=other.get(name)) for name in dict.fromkeys((*one, *other))
    )


def _successor(outcome: Outcome, after: dict[str, Alert]) -> Alert | None:
    """The alert that takes the place of one: of the same id, or the one that the comparison found to be the same."""
    if outcome.id in after:
        return after[outcome.id]
    if outcome.kind == "would_not_have_fired":
        return None
    of_rule = (each for each in after.values() if each.rule == outcome.rule and each.fired_at == outcome.fired_at[1])
    return next(of_rule, None)


def _common(order: RecountOrder | CountryRecounted) -> dict[str, Any]:
    return {
        "correction": order.correction,
        "cause": "roster",
        "reason": order.reason,
        "old_digest": order.old_digest,
        "new_digest": order.new_digest,
        "at": from_us(order.at_us),
    }


def _results(recounted: Recounted, alerts: dict[str, Alert], dossier: Dossier | None) -> Results:
    key = subject_key(recounted.platform, recounted.subject_id)
    dossiers = {} if dossier is None else {key: dossier}
    return Results(dossiers=dossiers, alerts=alerts)
