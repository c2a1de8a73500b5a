"""`README.txt` of a proof: what it is, how to check it, and what it can never show."""

from datetime import datetime
from textwrap import wrap
from typing import Final

from streams.core.clock import from_us, to_us
from streams.core.enriched import Alert
from streams.printable import printable
from streams.proofs.material import ProofMaterial

__all__ = ["CANNOT_SHOW", "DOES_NOT_SAY", "readme_of", "sentences_of", "standing_of"]

_WIDTH: Final = 79
_WHO: Final = "who runs an account, or why anybody did anything: an alert is a count of public acts, and no verdict"
_SEEN: Final = "that everything was seen"
_ROSTER: Final = "that the roster is right"
_BYTES: Final = "that the platform served these very bytes: whoever collected them could have written others"

DOES_NOT_SAY: Final = (_WHO, _SEEN, _ROSTER, _BYTES)
"""What follows from no alert, wherever one is shown."""

CANNOT_SHOW: Final = (
    _BYTES,
    f"{_SEEN}: coverage.json says what the sources said about that",
    _WHO,
    f"{_ROSTER}: it is here whole, with the source of each entry, so that you can judge it",
)
"""What no proof can show. The page and the documentation say the same."""

_CHECK: Final = """\
How to check it
---------------
With Antiphon, offline (it trusts nothing in this file and counts everything again):

    antiphon proof verify FILE.zip

Without Antiphon, that nothing was changed since it was made:

    unzip FILE.zip -d proof && cd proof && sha256sum -c manifest-sha256.txt

Each line of events.ndjson is one event as it was received; the same line of
events-index.ndjson names it and its SHA-256. The proof's id is the SHA-256 of
manifest.json.
"""

_FILES: Final = """\
What is in it
-------------
page.html            all of this to read; it has no scripts and loads nothing
alert.json           the alert as it was published (or alerts/, for a whole subject)
dossier.json         everything counted about the subject
aftermath.json       what officials did after its suspension, where there is one
events.ndjson        the events, as received; events-index.ndjson: which they are
roster.csv           who is an official, when, and by which source
rules.toml           the rules
coverage.json        what was not seen
expected.json        what the recount must come to
environment.json     the version and the bounds that decide
signature.dsse.json  who vouches for it, where somebody does; check it with
                     antiphon proof verify --key PUBKEY FILE.zip
                     and a key that you have from elsewhere: anybody can sign
timestamp.tsr        when it existed, by the word of an authority, where one was
                     asked (RFC 3161); check it with --tsa-ca FILE
"""


def sentences_of(material: ProofMaterial) -> tuple[str, ...]:
    """What the alerts say, in their own words."""
    return tuple(printable(alert.summary) for alert, _ in material.published.alerts)


def standing_of(alert: Alert) -> str:
    """The status as it was published, true at whatever time it is read: a proof has no clock."""
    return f"firing until {_utc(alert.expires_at)}" if alert.status == "firing" else alert.status


def _utc(at: datetime) -> str:
    """A moment for people, in UTC: `2021-01-18 12:03:09`, with what is less than a second where it is not nought."""
    return from_us(to_us(at)).isoformat(" ").removesuffix("+00:00")


def readme_of(material: ProofMaterial, *, redacted: bool, note: str) -> bytes:
    """The text, with line feeds."""
    about = material.about
    lines = [f"Proof of {'the alert' if about.kind == 'alert' else 'all records about'} {printable(about.id)}", ""]
    if note:
        lines += [*wrap(note, _WIDTH), ""]
    for alert, _ in material.published.alerts:
        fired = f"fired {_utc(alert.fired_at)}, {standing_of(alert)}; times are UTC"
        lines += [f"{printable(alert.rule)} ({alert.severity}), {fired}"]
        lines += [f"    {printable(alert.summary)}", ""]
    if redacted:
        lines += ["The texts of posts are left out of this copy; the hashes of the originals are kept.", ""]
    lines += [_CHECK, _FILES, "What it cannot show", "-------------------"]
    lines += [f"- {sentence}" for sentence in CANNOT_SHOW]
    return ("\n".join(lines) + "\n").encode()
