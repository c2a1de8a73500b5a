"""Makes the files of a proof from its material; the same material is the same bytes everywhere."""

from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable

import msgspec

from streams import __version__
from streams.cases import note_on
from streams.core.clock import from_us
from streams.core.rosters.roster_file import parse_roster
from streams.core.rule_files.rule_file import parse_rules
from streams.core.rulebook.rules import RuleSet
from streams.core.screening.screen_policy import ScreenPolicy
from streams.core.subject_event import Coordinates, subject_key
from streams.core.tracking.subject import TrackPolicy
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account, Coverage, Event, decode_event
from streams.proofs import layout
from streams.proofs.archive import pack
from streams.proofs.crate import crate_of
from streams.proofs.layout import CoverageSummary, Environment, Expected, IndexedEvent, ProofGap, event_name, pretty
from streams.proofs.material import KeptEvent, ProofMaterial, PublishedRecords, line_of
from streams.proofs.page import page_of
from streams.proofs.readme_text import readme_of
from streams.proofs.recount import Recount, SourcedEvent, counts_as, recount
from streams.proofs.redacting import without_texts

__all__ = [
    "actor_key",
    "code_sha256",
    "counted_in",
    "coverage_of_events",
    "environment",
    "is_on_aftermath",
    "proof_file",
    "source_of",
    "taken_as_counted",
]


def proof_file(material: ProofMaterial, *, redact: bool = False) -> bytes:
    """The ZIP file of a proof. Raises `RosterError` or `RulesError` where those files are wrong, and `ValueError` where
    it would be larger than a proof may be.
    """
    roster = parse_roster(material.roster_csv, layout.ROSTER)
    rules = parse_rules(material.rules_toml.decode("utf-8-sig"), layout.RULES)
    kept = _in_order(without_texts(event) if redact else event for event in material.events)
    events = [(decode_event(each.value), source_of(each.index)) for each in kept if each.value is not None]
    found = recount(roster, rules, lambda: events, material.read_up_to_us)
    files = _records(material.published, material.about)
    on_aftermath = any(is_on_aftermath(alert.rule, rules) for alert, _ in material.published.alerts)
    proved = tuple(
        name for name in files if name != layout.VERSIONS and (on_aftermath or not name.startswith("aftermath"))
    )
    expected = Expected(
        records=proved,
        counted=counted_in(kept, events, found, material),
        read_up_to=from_us(material.read_up_to_us),
        taken_as_counted=taken_as_counted(material.published),
    )
    coverage = coverage_of_events(material.platform, [event for event, _ in events])
    note = note_on(actor for event, _ in events if (actor := actor_key(event)) is not None)
    files |= {
        layout.EVENTS: b"".join(line_of(each) + b"\n" for each in kept),
        layout.INDEX: b"".join(msgspec.json.encode(each.index) + b"\n" for each in kept),
        layout.ROSTER: material.roster_csv,
        layout.RULES: material.rules_toml,
        layout.COVERAGE: pretty(coverage),
        layout.EXPECTED: pretty(expected),
        layout.ENVIRONMENT: pretty(environment()),
        layout.README: readme_of(material, redacted=redact, note=note),
    }
    files |= {layout.other_roster(digest): csv for digest, csv in material.other_rosters.items()}
    files[layout.PAGE] = page_of(material, kept, events, found, roster, rules, coverage, expected, note)
    files[layout.CRATE] = crate_of(material, files, redacted=redact, note=note)
    manifest = layout.manifest_of(material.about, files, redacted=redact, note=note)
    files[layout.SUMS] = layout.sums_of(msgspec.json.decode(manifest, type=layout.ProofManifest), manifest)
    return pack(files | {layout.MANIFEST: manifest})


def _in_order(events: Iterable[KeptEvent]) -> list[KeptEvent]:
    """By time, each content of an event once: the first place where it stood is the one that is named."""
    once: dict[tuple[int, str, str, str, str], KeptEvent] = {}
    for event in events:
        known = once.get(event.order)
        if known is None or _place(event.index) < _place(known.index):
            once[event.order] = event
    return [once[order] for order in sorted(once)]


def _place(index: IndexedEvent) -> tuple[str, int, int]:
    return index.source or ("", -1, -1)


def actor_key(event: Event) -> str | None:
    """Who did it, as `platform:id`; `None` where the event names nobody."""
    actor: Account | None = getattr(event, "actor", None)
    return None if actor is None else subject_key(event.platform, actor.id)


def source_of(index: IndexedEvent) -> Coordinates:
    """Where an event stood; of one of which nobody knows, its kind stands for the topic."""
    return Coordinates(index.kind, 0, 0) if index.source is None else Coordinates(*index.source)


def _records(published: PublishedRecords, about: layout.About) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for alert, value in published.alerts:
        files[layout.ALERT if about.kind == "alert" else f"{layout.ALERT_FOLDER}{alert.id}.json"] = value + b"\n"
    if published.versions:
        files[layout.VERSIONS] = b"".join(version + b"\n" for version in published.versions)
    if published.dossier is not None:
        files[layout.DOSSIER] = published.dossier[1] + b"\n"
    for aftermath, value in published.aftermaths:
        single = len(published.aftermaths) == 1
        files[layout.AFTERMATH if single else f"aftermaths/{aftermath.id}.json"] = value + b"\n"
    return files


def is_on_aftermath(rule_name: str, rules: RuleSet) -> bool:
    """Whether a rule is one on an aftermath, which WATCH judges."""
    return any(rule.name == rule_name and rule.on == "aftermath" for rule in rules.rules)


def counted_in(
    kept: Sequence[KeptEvent], events: Sequence[SourcedEvent], found: Recount, material: ProofMaterial
) -> dict[str, tuple[str, ...]]:
    """As what each event counts, by its name."""
    countries = sorted({country for alert, _ in material.published.alerts for country in alert.countries})
    names = [event_name(each.index) for each in kept if each.value is not None]
    return {
        name: counts_as(event, source, found.known, material.platform, material.subject_id, countries)
        for name, (event, source) in zip(names, events, strict=True)
    }


def taken_as_counted(published: PublishedRecords) -> int:
    """How many engagements by officials rest on counts alone: what is beyond those retained for a subject."""
    totals = [alert.evidence_total for alert, _ in published.alerts]
    if published.dossier is not None:
        dossier = published.dossier[0]
        totals += [dossier.totals.retweet + dossier.totals.quote + dossier.withdrawn]
    return max(0, max(totals, default=0) - TrackPolicy().amplifications)


def coverage_of_events(platform: str, events: Iterable[Event]) -> CoverageSummary:
    """What was not seen, as the sources said; the last word on a span is the valid one."""
    last: dict[str, Coverage] = {}
    for event in events:
        if isinstance(event, Coverage) and event.platform == platform:
            last[event.id] = event
    gaps = tuple(
        ProofGap(
            source=each.source,
            since=each.since,
            until=each.until,
            reason=each.reason,
            closed_by=each.closed_by,
            officials=None if each.officials is None else len(each.officials),
        )
        for _, each in sorted(last.items())
        if not each.seen
    )
    sources = tuple(sorted({each.source for each in last.values()}))
    if not sources:
        sentence = f"No source said what it saw of {platform}: nobody knows what was not seen."
    elif not gaps:
        sentence = "The sources named no gap in what they saw."
    else:
        sentence = f"The sources named {len(gaps)} gap{'' if len(gaps) == 1 else 's'} in what they saw."
    return CoverageSummary(platform=platform, reported=bool(sources), sources=sources, gaps=gaps, sentence=sentence)


def environment() -> Environment:
    """This version and its policies. Nothing of the machine: a proof is the same bytes wherever it is made."""
    policies = layout.Policies(screen=ScreenPolicy(), track=TrackPolicy(unengaged_profile_days=1), watch=WatchPolicy())
    return Environment(antiphon=__version__, code_sha256=code_sha256(), policies=msgspec.to_builtins(policies))


@cache
def code_sha256() -> str:
    """A SHA-256 over the source code that decides: the core and the canonical events."""
    package = package_files("streams")
    sources = dict(_python(package.joinpath("core"), "core"))
    sources["events.py"] = package.joinpath("events.py").read_bytes()
    lines = (f"{sha256(code).hexdigest()}  {name}\n" for name, code in sorted(sources.items()))
    return sha256("".join(lines).encode()).hexdigest()


def _python(folder: Traversable, path: str) -> Iterable[tuple[str, bytes]]:
    for each in folder.iterdir():
        name = f"{path}/{each.name}"
        if each.is_dir():
            yield from _python(each, name)
        elif each.name.endswith(".py"):
            yield name, each.read_bytes()
