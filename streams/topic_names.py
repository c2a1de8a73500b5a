"""The name of each topic, without the prefix of a deployment. Code names topics by these constants."""

from typing import Final

__all__ = [
    "AFTERMATHS",
    "ALERTS",
    "AMPLIFICATIONS",
    "CANARIES",
    "COLLECTOR_CURSORS",
    "CORRECTIONS",
    "COUNTRY_EVENTS",
    "COUNTRY_LEDGER",
    "COVERAGE",
    "DEAD_LETTERS",
    "DELETIONS",
    "DOSSIERS",
    "EVIDENCE",
    "FOLLOWS",
    "NOTIFICATIONS",
    "OFFICIALS",
    "POSTS",
    "PROFILES",
    "RETWEETS",
    "SUBJECT_EVENTS",
    "SUBJECT_STATES",
    "SUSPENSIONS",
    "TRACKED_ACCOUNTS",
]

POSTS: Final = "posts"
RETWEETS: Final = "retweets"
SUSPENSIONS: Final = "suspensions"
DELETIONS: Final = "deletions"
FOLLOWS: Final = "follows"
PROFILES: Final = "profiles"
COVERAGE: Final = "coverage"
OFFICIALS: Final = "officials"
COLLECTOR_CURSORS: Final = "collector-cursors"
SUBJECT_EVENTS: Final = "subject-events"
SUBJECT_STATES: Final = "subject-states"
COUNTRY_EVENTS: Final = "country-events"
COUNTRY_LEDGER: Final = "country-ledger"
TRACKED_ACCOUNTS: Final = "tracked-accounts"
AMPLIFICATIONS: Final = "amplifications"
DOSSIERS: Final = "dossiers"
AFTERMATHS: Final = "aftermaths"
ALERTS: Final = "alerts"
NOTIFICATIONS: Final = "notifications"
EVIDENCE: Final = "evidence"
CORRECTIONS: Final = "corrections"
CANARIES: Final = "canaries"
DEAD_LETTERS: Final = "dead-letters"
