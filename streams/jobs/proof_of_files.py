"""A proof from files: a backtest over them says what is to be proved, and then which events it rests on.

Owns what stands in for a broker's evidence: the files' own events, and the coordinates that an earlier run wrote down.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from streams.core.backtest import Results
from streams.core.clock import to_us
from streams.core.rosters.roster_file import parse_roster
from streams.core.rule_files.rule_file import parse_rules
from streams.core.screening.account_index import AccountIndex
from streams.core.subject_event import Coordinates
from streams.events import encode_event
from streams.formats.reader import FormatReader
from streams.jobs.backtest import backtest_files
from streams.jobs.event_spool import EventSpool, Spooled
from streams.jobs.file_names import FileNames
from streams.jobs.reading import Progress
from streams.proofs.building import is_on_aftermath
from streams.proofs.closure import Closure, Reach, events_needed
from streams.proofs.finding import Proof, smallest_proof
from streams.proofs.material import KeptEvent, ProofMaterial
from streams.proofs.proof_target import ProofTarget, RecordsByTopic, records_by_topic, target_in

__all__ = ["ProofInputs", "proof_of_files", "proofs_of_files"]


class ProofInputs(Struct, frozen=True, kw_only=True):
    """Files of events with their readers, the roster and the rules as bytes, and the results of an earlier run, if any
    but the backtest's own results is to be proved.
    """

    paths: Sequence[str]
    readers: Sequence[FormatReader]
    roster_csv: bytes
    roster_path: str
    rules_toml: bytes
    rules_path: str
    published: RecordsByTopic | None = None


def proof_of_files(inputs: ProofInputs, what: str, *, redact: bool = False, progress: Progress | None = None) -> Proof:
    """The proof of an alert (its id or the beginning of one) or a subject (`platform:id` or `@handle`).

    Raises `InputError` where nothing of it was published or a file cannot be read, `RosterError` and `RulesError`.
    """
    return proofs_of_files(inputs, lambda _records: (what,), redact=redact, progress=progress)[0]


def proofs_of_files(
    inputs: ProofInputs,
    choose: Callable[[RecordsByTopic], Iterable[str]],
    *,
    redact: bool = False,
    progress: Progress | None = None,
) -> list[Proof]:
    """Proofs of all that is chosen from the results, after one backtest. Raises as `proof_of_files` does."""
    roster = parse_roster(inputs.roster_csv, inputs.roster_path)
    rules = parse_rules(inputs.rules_toml.decode("utf-8-sig"), inputs.rules_path)
    found: list[Proof] = []

    def prove(results: Results, spool: EventSpool, known: AccountIndex) -> None:
        records = records_by_topic(results) if inputs.published is None else inputs.published
        found.extend(prove_one(target_in(records, what), records, spool, known) for what in choose(records))

    def prove_one(wanted: ProofTarget, records: RecordsByTopic, spool: EventSpool, known: AccountIndex) -> Proof:
        on_aftermath = any(is_on_aftermath(alert.rule, rules) for alert, _ in wanted.published.alerts)
        places = _places(records, wanted)
        newest_us = max((spooled.at_us for spooled in spool), default=0)

        def material(reach: Reach) -> ProofMaterial:
            events = _closure(wanted, known, reach, spool, places)
            last_us = max((to_us(each.index.at) for each in events if each.index.at is not None), default=0)
            return ProofMaterial(
                about=wanted.about,
                platform=wanted.platform,
                subject_id=wanted.subject_id,
                published=wanted.published,
                events=events,
                roster_csv=inputs.roster_csv,
                rules_toml=inputs.rules_toml,
                read_up_to_us=newest_us if on_aftermath else last_us,
            )

        least = Reach.COUNTRIES if on_aftermath else Reach.SUBJECT
        return smallest_proof(material, least=least, redact=redact)

    names = FileNames(inputs.paths)
    backtest_files(inputs.paths, inputs.readers, roster, rules, progress=progress, named=names.of, afterwards=prove)
    return found


_Places = Callable[[Spooled], Coordinates]


def _places(records: RecordsByTopic, wanted: ProofTarget) -> _Places:
    """Where each event stood: as the records say, where they say it, else its file and line."""
    said: dict[tuple[str, str], Coordinates] = {}
    for amplification, _ in records["amplifications"]:
        if (amplification.platform, amplification.subject.id) == (wanted.platform, wanted.subject_id):
            said[amplification.kind, amplification.id] = amplification.source
    for alert, _ in wanted.published.alerts:
        for evidence in alert.evidence:
            said[evidence.kind, evidence.event_id] = evidence.source

    def place(spooled: Spooled) -> Coordinates:
        kind = spooled.event.__struct_config__.tag
        kinds = ("quote", "retweet") if kind == "post" else (kind, "quote")
        for each in kinds:
            if spooled.event.platform == wanted.platform and (each, spooled.event.id) in said:
                return said[str(each), spooled.event.id]
        return Coordinates(spooled.path, 0, spooled.line)

    return place


def _closure(
    wanted: ProofTarget, known: AccountIndex, reach: Reach, spool: Iterable[Spooled], place: _Places
) -> list[KeptEvent]:
    closure = Closure(
        platform=wanted.platform,
        subject_id=wanted.subject_id,
        countries=frozenset(country for alert, _ in wanted.published.alerts for country in alert.countries),
        known=known,
        reach=reach,
    )
    return events_needed(closure, lambda: ((each.event, encode_event(each.event), place(each), None) for each in spool))
