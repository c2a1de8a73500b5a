"""The page of an alert: what was published, by which rule, what it rests on, and what became of it."""

import shlex
from typing import Final

from streams.console.pages.alert_acceptances import acceptance_words, written_words
from streams.console.pages.alert_charts import figures_of, moments_of
from streams.console.pages.alert_events import MOST_OFFICIALS, AlertEvents, events_of, is_on_aftermath
from streams.console.pages.alert_model import AftermathSummary, AlertPage, Caution, EventLine, ProofLine, VersionLine
from streams.console.pages.alert_states import STATE_MEANINGS, ShownState, shown_state
from streams.console.pages.alert_versions import version_lines
from streams.console.pages.kept_rules import parsed_rules
from streams.console.pages.page import BadRequest, NotFound, PageAnswer, PageRequest, Rows
from streams.console.pages.recounting import recount_at
from streams.console.pages.rule_lines import other_figures, rule_lines
from streams.console.proofs import proof_file_name
from streams.console.store.reading import Store
from streams.console.store.results import StoredAlert, StoreStatus
from streams.core.corrections.correction import Correction
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import Rule
from streams.core.subject_event import subject_key
from streams.printable import quoted
from streams.proofs.readme_text import DOES_NOT_SAY

__all__ = ["alert_page"]

_MOST_AFTERMATHS: Final = 20
_OUTCOMES: Final = {
    "would_not_have_fired": "by the corrected roster it would not have fired",
    "would_have_fired_anew": "it fired by the corrected roster, and not by the one before",
    "severity": "by the corrected roster its severity is another one",
    "another_state_leads": "by the corrected roster another State leads",
    "fires_earlier": "by the corrected roster it fires earlier",
    "fires_later": "by the corrected roster it fires later",
    "figures_change": "by the corrected roster its figures are others",
}


def alert_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/alerts/ID`, `?v=` a version from 1, the oldest; `?at=` a moment of which the figures are wanted."""
    request.only("v", "at")
    alert_id = request.path["id"]
    valid, versions = store.alert(alert_id), store.alert_versions(alert_id)
    if valid is None and not versions:
        raise NotFound(
            f"There is no alert {quoted(alert_id, 40)} here.",
            remedy="Look for it in the list of alerts; an id has 32 hex digits.",
        )
    if not versions and valid is not None:
        versions = (valid,)
    number = request.whole("v", least=1, most=10_000) or _number_of(valid, versions)
    if number > len(versions):
        raise BadRequest(
            f"This alert has {len(versions)} version{'' if len(versions) == 1 else 's'}, and v is {number}.",
            remedy=f"It is a number from 1 to {len(versions)}.",
        )
    stored = versions[number - 1]
    alert = stored.alert
    if alert is None:
        raise NotFound(
            f"Version {number} of this alert cannot be shown: {stored.withheld or stored.problem}.",
            remedy="Its other versions may be there: leave v out of the address.",
        )
    return _answer(store, request, alert, stored, versions, number, is_newest=_is_newest(valid, stored))


def _number_of(valid: StoredAlert | None, versions: tuple[StoredAlert, ...]) -> int:
    """The place of the valid record among the versions; without one, the last that can be read."""
    same = [place for place, each in enumerate(versions, 1) if valid is not None and each.sha256 == valid.sha256]
    readable = [place for place, each in enumerate(versions, 1) if each.alert is not None]
    return (same or readable or [len(versions)])[-1]


def _is_newest(valid: StoredAlert | None, stored: StoredAlert) -> bool:
    return valid is None or valid.sha256 == stored.sha256


def _answer(
    store: Store,
    request: PageRequest,
    alert: Alert,
    stored: StoredAlert,
    versions: tuple[StoredAlert, ...],
    number: int,
    *,
    is_newest: bool,
) -> PageAnswer:
    key = subject_key(alert.platform, alert.subject.id)
    dossier = store.dossier(key)
    file = store.rule_file_of(alert.rule_digest)
    rules = None if file is None or file.text is None else parsed_rules(file.text)
    rule = next((each for each in rules.rules if each.digest == alert.rule_digest), None) if rules else None
    roster = _roster_of(store, alert)
    events = events_of(store, alert, roster)
    at = request.moment("at")
    recounted = None if at is None else recount_at(store, alert, dossier, at, roster, rules, rule)
    asked = None if recounted is None or not recounted.figures else recounted.figures
    state = shown_state(alert, request.now)
    corrections = store.corrections_of(alert_id=alert.id)
    lines = version_lines(versions)
    status = store.status()
    notification = store.notification(alert.id)
    acceptances = () if notification is None else notification.accepted
    model = AlertPage(
        alert=alert,
        state=state,
        state_words=STATE_MEANINGS[state],
        cautions=_cautions(alert, state, corrections, events, lines, number, rule, roster, is_newest=is_newest),
        next_step=_next_step(alert, state),
        does_not_say=DOES_NOT_SAY,
        rule=None
        if rule is None
        else rule_lines(rule, alert.fired_figures, alert.figures, asked, _leading(alert), alert.countries),
        rule_file=None if file is None else file.digest,
        roster_kept=roster is not None,
        figures=() if rule is not None else other_figures(frozenset(), alert.fired_figures, alert.figures, asked),
        officials=events.officials[:MOST_OFFICIALS],
        officials_total=len(events.officials),
        events=events.events,
        events_total=alert.evidence_total,
        events_words=_events_words(alert, events),
        versions=lines,
        version=number,
        acceptances=acceptances,
        acceptance_words=acceptance_words(alert, acceptances, status),
        written_words=written_words(alert, stored),
        corrections=corrections,
        aftermaths=tuple(
            AftermathSummary(
                id=each.id,
                country=each.country,
                status=each.status,
                opened_at=each.opened_at,
                deletions=each.deletions,
                references=each.references,
            )
            for each in store.aftermaths_of(key)[:_MOST_AFTERMATHS]
        ),
        proof=_proof(alert, events, status),
        recount=recounted,
    )
    name = f"@{alert.subject.handle}" if alert.subject.handle else key
    return PageAnswer(
        title=f"{alert.rule}: {name}",
        template="alert.html",
        model=model,
        figures=figures_of(alert, events, moments_of(alert, dossier, at), rule),
        rows=Rows(record=EventLine, rows=events.all_events),
    )


def _roster_of(store: Store, alert: Alert) -> Roster | None:
    published = store.roster(alert.roster_digest)
    return None if published is None else published.roster


def _leading(alert: Alert) -> str | None:
    """The State that leads, where only one can."""
    return alert.countries[0] if len(alert.countries) == 1 else None


def _cautions(
    alert: Alert,
    state: ShownState,
    corrections: tuple[Correction, ...],
    events: AlertEvents,
    versions: tuple[VersionLine, ...],
    number: int,
    rule: Rule | None,
    roster: Roster | None,
    *,
    is_newest: bool,
) -> tuple[Caution, ...]:
    """What does not stand first, then what is not known."""
    found: list[Caution] = []
    if state == "superseded":
        words = "This alert was taken back: later events made it part of another alert."
        found.append(Caution(kind="caution", words=words, alert_id=alert.superseded_by))
    elif alert.retracted_because is not None:
        when = "" if alert.retracted_at is None else f" on {alert.retracted_at:%Y-%m-%d %H:%M} UTC"
        words = f"A person took this alert back{when}. The reason given: {alert.retracted_because}"
        found.append(Caution(kind="caution", words=words))
    elif state == "retracted":
        words = "This alert was taken back: with what came later the rule does not hold any more."
        found.append(Caution(kind="caution", words=words))
    if not is_newest:
        words = f"This is version {number} of {len(versions)}, as it was published then; a later one is valid."
        found.append(Caution(kind="caution", words=words, alert_id=alert.id))
    for each in corrections[:3]:
        what = _OUTCOMES.get(each.outcome, "it was looked at again")
        reason = f" The reason given: {each.reason}" if each.reason else ""
        words = f"The roster was corrected on {each.at:%Y-%m-%d}: {what}.{reason}"
        found.append(Caution(kind="caution", words=words, alert_id=each.superseded_by))
    if alert.dropped_amplifications:
        words = (
            f"{alert.dropped_amplifications:,} reports of amplifications came too late, or by too many, to be counted: "
            "the figures are lower bounds."
        )
        found.append(Caution(kind="caution", words=words))
    if alert.mode == "shadow":
        found.append(Caution(kind="note", words="The rule is on trial: its alerts are sent to nobody."))
    lacking = []
    if rule is None:
        lacking.append("the rule file behind the alert's digest, so that figures are shown without their bounds")
    if roster is None:
        lacking.append("the roster by which it was judged, so that officials are shown without their terms and sources")
    if events.events and not events.kept:
        lacking.append("the bytes of its events, which are shown as the records name them")
    if lacking:
        found.append(Caution(kind="note", words=f"Not kept here: {'; '.join(lacking)}."))
    return tuple(found)


def _next_step(alert: Alert, state: ShownState) -> str:
    match state:
        case "superseded":
            return "Go on with the alert that it became part of."
        case "retracted":
            return "Nothing is to be done. Whoever was notified of it should hear that it was taken back."
        case "firing" | "expired":
            watched = " What officials did afterwards is in the aftermath." if is_on_aftermath(alert) else ""
            return (
                "Open some of the posts below and see for yourself, then look at the account's page. Whatever you pass "
                f"on, pass on the sentence above as it is, with the proof.{watched}"
            )


def _events_words(alert: Alert, events: AlertEvents) -> str:
    shown, known, total = len(events.events), events.known, alert.evidence_total
    if known >= total and shown == known:
        all_of_them = "The event that it rests on is" if known == 1 else f"All {known:,} events that it rests on are"
        words = f"{all_of_them} below, newest first."
    else:
        words = f"The newest {shown:,} of the {total:,} events that it rests on are below."
    if shown < known:
        words += f" The tables to download have {known:,}."
    if known < total:
        words += f" {total - known:,} are counted, and their records are not kept here."
    missing = shown - events.kept
    if missing and events.kept:
        words += f" Of {missing:,} the bytes are not kept here."
    return words


def _proof(alert: Alert, events: AlertEvents, status: StoreStatus) -> ProofLine:
    file = proof_file_name(alert.id)
    if status.kind == "folder":
        command = (
            f"antiphon proof export {shlex.quote(alert.id)} FILE… --roster ROSTER.csv "
            f"--results {shlex.quote(status.origin)} --out {shlex.quote(file)}"
        )
    else:
        broker = f" --broker {shlex.quote(status.origin)}" if status.origin else ""
        command = f"antiphon proof export {shlex.quote(alert.id)}{broker} --out {shlex.quote(file)}"
    return ProofLine(
        command=command,
        verify=f"antiphon proof verify {shlex.quote(file)}",
        kept=events.kept,
        missing=len(events.events) - events.kept,
    )
