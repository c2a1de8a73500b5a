"""What lies in the topic of dead letters."""

from streams.kafka.dead_letter_topic import StoredLetter, stored_letters
from streams.settings import Settings

__all__ = ["letters_in_topic"]


async def letters_in_topic(settings: Settings) -> list[StoredLetter]:
    """Those that are letters, as they lie there."""
    return [stored async for stored in stored_letters(settings) if stored is not None]
