"""Collecting what a run wrote to the enriched topics: each amplification once, the last of everything else."""

from msgspec import json

from streams.core.backtest import Results
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.watching.aftermath_records import Aftermath
from streams.deadletters import DeadLetter, LetterSample
from streams.kafka.dead_letter_record import read_dead_letter
from streams.kafka.reading import read_topic
from streams.settings import Settings

__all__ = ["collect", "collect_results", "sample_letters"]


async def collect(settings: Settings) -> tuple[Results, list[DeadLetter]]:
    """The results and every dead letter, in memory: for runs whose input is known."""
    results = await collect_results(settings)
    return results, [read_dead_letter(r.value, r.headers) async for r in read_topic(settings, "dead-letters")]


async def sample_letters(settings: Settings) -> LetterSample:
    """The dead letters, counted and sampled."""
    sample = LetterSample()
    async for record in read_topic(settings, "dead-letters"):
        letter = read_dead_letter(record.value, record.headers)
        sample.add_letter(letter)
    return sample


async def collect_results(settings: Settings) -> Results:
    """Everything on the enriched topics now. By id the last; no retracted alerts, no void aftermaths."""
    amplifications: dict[tuple[bytes | None, str], Amplification] = {}
    decode_amplification = json.Decoder(Amplification).decode
    async for record in read_topic(settings, "amplifications"):
        amplification = decode_amplification(record.value or b"")
        amplifications[(record.key, amplification.id)] = amplification
    dossiers: dict[str, Dossier] = {}
    decode_dossier = json.Decoder(Dossier).decode
    async for record in read_topic(settings, "dossiers"):
        dossiers[(record.key or b"").decode()] = decode_dossier(record.value or b"")
    alerts: dict[str, Alert] = {}
    decode_alert = json.Decoder(Alert).decode
    async for record in read_topic(settings, "alerts"):
        alert = decode_alert(record.value or b"")
        alerts[alert.id] = alert
    aftermaths: dict[str, Aftermath] = {}
    decode_aftermath = json.Decoder(Aftermath).decode
    async for record in read_topic(settings, "aftermaths"):
        aftermath = decode_aftermath(record.value or b"")
        aftermaths[aftermath.id] = aftermath
    return Results(
        amplifications=list(amplifications.values()),
        dossiers=dossiers,
        alerts={alert.id: alert for alert in alerts.values() if alert.status != "retracted"},
        aftermaths={each.id: each for each in aftermaths.values() if each.status != "void"},
    )
