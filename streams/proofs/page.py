"""`page.html` of a proof: all that it holds for people, without scripts, and without loading anything.

Every text is escaped, and what steers the direction of writing or does not print is shown as an escape. Links are to
`http` and `https` only and send no referrer.
"""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from streams.core.clock import from_us, to_us
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster, handle_key
from streams.core.rule_files.rule_words import condition_words
from streams.core.rulebook.rules import Rule, RuleSet
from streams.events import Event, Follow, Post, Retweet
from streams.printable import printable
from streams.proofs.layout import CoverageSummary, Expected, event_name
from streams.proofs.material import KeptEvent, ProofMaterial
from streams.proofs.readme_text import CANNOT_SHOW, standing_of
from streams.proofs.recount import Recount, SourcedEvent

__all__ = ["page_of"]

_MOST_EVENTS: Final = 2_000  # rows; the file has all of them
_TEXT: Final = 280  # characters of a post that are shown
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { text-align: start; padding-bottom: .4rem; }
th, td { text-align: start; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #8886; }
.number { text-align: end; white-space: nowrap; } td.time { white-space: nowrap; }
code { overflow-wrap: anywhere; font-size: .85em; }
.said { font-size: 1.15rem; border-inline-start: .3rem solid #888; padding-inline-start: 1rem; }
.wide { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; } a { color: inherit; } }
"""
_CHECK: Final = (
    "<p><code>antiphon proof verify FILE.zip</code> counts all of it again, offline. Without Antiphon, "
    "<code>sha256sum -c manifest-sha256.txt</code> in the unpacked folder shows that nothing was changed.</p>"
)
_SEVERITY: Final = {"critical": "■ critical", "warning": "▲ warning", "info": "● info"}


def page_of(
    material: ProofMaterial,
    kept: Sequence[KeptEvent],
    events: Sequence[SourcedEvent],
    found: Recount,
    roster: Roster,
    rules: RuleSet,
    coverage: CoverageSummary,
    expected: Expected,
    note: str,
) -> bytes:
    """The page as UTF-8."""
    about = material.about
    title = f"Proof of {about.kind} {about.id}"
    with_bytes = [each for each in kept if each.value is not None]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_safe(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_safe(title)}</h1>",
    ]
    if note:
        parts.append(f"<p><strong>{_safe(note)}</strong></p>")
    for alert, _ in material.published.alerts:
        parts.append(_alert(alert, rules))
    parts += [
        "<h2>What this cannot show</h2><ul>",
        *(f"<li>{_safe(sentence)}</li>" for sentence in CANNOT_SHOW),
        "</ul>",
        "<h2>How to check it</h2>",
        _CHECK,
        f"<h2>What was not seen</h2><p>{_safe(coverage.sentence)}</p>",
    ]
    if expected.taken_as_counted:
        parts.append(
            f"<p><strong>Partial:</strong> {expected.taken_as_counted:,} engagements are taken as counted; "
            "only the newest are retained.</p>"
        )
    withheld = [each for each in kept if each.value is None]
    if withheld:
        parts.append(f"<p><strong>Withheld:</strong> {len(withheld):,} events; their hashes are in the index.</p>")
    if any(each.index.sha256_here is not None for each in kept):
        parts.append("<p><strong>Texts are left out of this copy.</strong> The hashes of the originals are kept.</p>")
    parts += [_officials(events, found, roster), _events(with_bytes, events, expected), "</body></html>"]
    return "\n".join(parts).encode() + b"\n"


def _alert(alert: Alert, rules: RuleSet) -> str:
    rule = next((each for each in rules.rules if each.name == alert.rule), None)
    figures = "".join(
        f"<tr><td><code>{_safe(name)}</code></td><td class=number>{_figure(alert.fired_figures.get(name))}</td>"
        f"<td class=number>{_figure(value)}</td></tr>"
        for name, value in sorted(alert.figures.items())
    )
    return (
        f"<section><h2>{_safe(alert.rule)} · {_SEVERITY[alert.severity]} · {_safe(standing_of(alert))}</h2>"
        f'<p class="said" dir="auto">{_safe(alert.summary)}</p>'
        f"{_conditions(rule) if rule is not None else ''}"
        f"<p>Fired {_time(alert.fired_at)}, as of {_time(alert.as_of)}, until {_time(alert.expires_at)}. "
        f"States: {_safe(', '.join(alert.countries))}.</p>"
        '<div class="wide"><table><caption>Figures when it fired and as of its last event; '
        "— is unknown</caption><thead><tr><th scope=col>figure</th><th scope=col class=number>fired</th>"
        f"<th scope=col class=number>as of</th></tr></thead><tbody>{figures}</tbody></table></div>"
        f"<p>Alert <code>{_safe(alert.id)}</code>, rule <code>{_safe(alert.rule_digest)}</code>, "
        f"roster <code>{_safe(alert.roster_digest)}</code></p></section>"
    )


def _conditions(rule: Rule) -> str:
    parts = [f"<p>{_safe(rule.description)} It fires while all of this holds:</p><ul>"]
    parts += [f"<li>{_safe(condition_words(condition))}</li>" for condition in rule.when]
    parts.append("</ul>")
    for country, conditions in sorted(rule.countries.items()):
        words = "; ".join(condition_words(condition) for condition in conditions)
        parts.append(f"<p>For {_safe(country)} instead: {_safe(words)}.</p>")
    for escalation in rule.escalations:
        words = "; ".join(condition_words(condition) for condition in escalation.when)
        parts.append(f"<p>It is {_safe(escalation.severity)} while also: {_safe(words)}.</p>")
    return "".join(parts)


def _officials(events: Sequence[SourcedEvent], found: Recount, roster: Roster) -> str:
    seen: dict[tuple[str, str], str] = {}
    sources = {
        (entry.platform, entry.account_id or handle_key(entry.handle or "")): entry.source_url
        for entry in roster.entries
    }
    for event, _source in events:
        if not isinstance(event, Post | Retweet | Follow):
            continue
        official = found.known.author(event.platform, event.actor, to_us(event.at))
        if official is not None:
            by_handle = sources.get((event.platform, handle_key(official.handle or "")), "")
            url = sources.get((event.platform, official.id), by_handle)
            seen[event.platform, official.id] = (
                f"<tr><td>{_name(official.handle, official.id)}</td><td dir=auto>{_safe(official.name or '')}</td>"
                f"<td>{_safe(official.country)}</td><td>{_safe(official.category)}</td>"
                f"<td>{_link(url)}</td></tr>"
            )
    rows = "".join(seen[key] for key in sorted(seen))
    return (
        "<h2>The officials, and the source that says so</h2>"
        '<div class="wide"><table><thead><tr><th scope=col>account</th><th scope=col>name</th><th scope=col>State</th>'
        f"<th scope=col>category</th><th scope=col>source</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _events(kept: Sequence[KeptEvent], events: Sequence[SourcedEvent], expected: Expected) -> str:
    rows: list[str] = []
    for each, (event, source) in list(zip(kept, events, strict=True))[:_MOST_EVENTS]:
        counted = expected.counted.get(event_name(each.index), ())
        rows.append(
            f"<tr><td class=time>{_time(event.at)}</td><td>{_safe(each.index.kind)}</td>"
            f"<td>{_who(event)}</td><td>{_text(event)}</td><td>{_safe('; '.join(counted) or 'nothing')}</td>"
            f"<td><code>{_safe(event.id)}</code><br><small>{_safe(source.topic)} {source.partition}/{source.offset}"
            f"<br>SHA-256 {_safe(each.index.sha256[:16])}…</small></td></tr>"
        )
    more = len(kept) - len(rows)
    caption = f"{len(kept):,} events, oldest first" + (f"; the first {len(rows):,} are shown" if more > 0 else "")
    return (
        f'<h2>The events</h2><div class="wide"><table><caption>{caption}</caption><thead><tr><th scope=col>time (UTC)'
        "</th><th scope=col>kind</th><th scope=col>who</th><th scope=col>text</th><th scope=col>counts as</th>"
        f"<th scope=col>id, where, hash</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _who(event: Event) -> str:
    actor = getattr(event, "actor", None)
    subject = getattr(event, "subject", None)
    shown = "" if actor is None else _name(actor.handle, actor.id)
    return shown if subject is None else f"{shown} → {_name(subject.handle, subject.id)}"


def _text(event: Event) -> str:
    text = event.text if isinstance(event, Post | Retweet) else None
    return "" if not text else f'<span dir="auto">{_safe(printable(text, _TEXT))}</span>'


def _name(handle: str | None, account_id: str) -> str:
    return f"<bdi>{_safe('@' + handle if handle else account_id)}</bdi>"


def _link(url: str) -> str:
    shown = _safe(url)
    if not url.startswith(("https://", "http://")):
        return shown
    return f'<a rel="noopener noreferrer nofollow" href="{escape(url, quote=True)}">{shown}</a>'


def _time(at: datetime) -> str:
    utc = from_us(to_us(at))
    return f'<time datetime="{utc.isoformat()}">{utc.isoformat(" ", "seconds").removesuffix("+00:00")}</time>'


def _figure(value: float | int | bool | None) -> str:
    match value:
        case None:
            return "—"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.3f}".rstrip("0").rstrip(".")
        case _:
            return f"{value:,}"


def _safe(text: str) -> str:
    """Escaped for HTML, with escapes for what does not print or steers the direction of writing."""
    return escape(printable(text), quote=True)
