"""What an order would take out of a State's ledger and put back the same: it stays where it is.

Nearly all that officials did about a touched subject was done by others than the changed accounts. Taking it out and
putting it back costs WATCH more than all else that an order asks for. What stays is said to its subject again all the
same: TRACK recounts the subject, and knows it from there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from streams.core.country_event import CountryEvent
from streams.core.subject_event import SubjectEvent, subject_key
from streams.core.watching.deletion_step import withdrawals
from streams.core.watching.keys import entry_key
from streams.core.watching.ledger import Ledger, record_key
from streams.core.watching.post_step import is_report_of
from streams.core.watching.records import Entry, SubjectText
from streams.core.watching.text_matches import has_subject_text, match_event, post_of, said_of, with_report
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["Unchanged"]


class Unchanged:
    """Of one order: `events` are its events, bounded; `changed` has the keys of all changed accounts."""

    def __init__(
        self,
        ledger: Ledger,
        events: Iterable[CountryEvent],
        changed: Mapping[str, bool],
        digest: str,
        policy: WatchPolicy,
    ) -> None:
        self._ledger = ledger
        self._changed = changed
        self._digest = digest
        self._policy = policy
        self._reports: defaultdict[tuple[str, str], list[CountryEvent]] = defaultdict(list)
        self._texts: dict[tuple[str, str], SubjectText] = {}
        self._entries: list[bytes] = []
        self._matches: list[bytes] = []
        for event in events:
            if event.kind == "post" and event.official is not None:
                self._reports[event.platform, event.event_id].append(event)
            self._note_text(event)

    def stays(self, entry: Entry) -> bool:
        """Whether a post about a touched subject is what the order says of it; it has the new roster's digest then."""
        if (
            entry.named_otherwise
            or subject_key(entry.platform, entry.official) in self._changed
            or subject_key(entry.platform, entry.subject or "") in self._changed
        ):
            return False
        for event in self._reports.get((entry.platform, entry.post_id), ()):
            if event.official is not None and is_report_of(entry, event, event.official, self._policy):
                self._ledger.put(replace(entry, digest=self._digest))
                self._entries.append(record_key(entry))
                return True
        return False

    def text_stays(self, text: SubjectText) -> bool:
        """Whether the reports of the order make the same text, and it matches no post that goes. To be asked once all
        posts that go are gone.
        """
        new = self._texts.get((text.platform, text.post_id))
        if new is None or said_of(new) != said_of(text) or subject_key(text.platform, text.subject) in self._changed:
            return False
        if text.match is not None:
            match = self._match_of(text)
            if match is None or subject_key(match.platform, match.official) in self._changed:
                return False
            self._matches.append(record_key(text))
        return True

    def leave(self, entries: Iterable[Entry], texts: Iterable[SubjectText]) -> None:
        """These are about accounts of which the order says that nothing changes."""
        self._entries += [record_key(entry) for entry in entries if entry.noticed is not None]
        self._matches += [record_key(text) for text in texts if text.match is not None]

    def said(self) -> list[SubjectEvent]:
        """What follows for subjects from what stayed, as it is now."""
        found: list[SubjectEvent] = []
        for key in self._entries:
            entry = self._ledger.get(key)
            if isinstance(entry, Entry):
                found += withdrawals(self._ledger, entry)
        for key in self._matches:
            text = self._ledger.get(key)
            if isinstance(text, SubjectText) and (match := self._match_of(text)) is not None:
                found.append(match_event(text, match))
        return found

    def _match_of(self, text: SubjectText) -> Entry | None:
        match = None if text.match is None else self._ledger.get(entry_key(text.platform, text.match))
        return match if isinstance(match, Entry) else None

    def _note_text(self, event: CountryEvent) -> None:
        """As WATCH learns the texts of subjects: from their own posts, and from retweets."""
        subject, post_id = event.subject, post_of(event)
        if subject is None or post_id is None or not has_subject_text(event, self._policy):
            return
        known = self._texts.get((event.platform, post_id))
        self._texts[event.platform, post_id] = with_report(known, event, subject.id, post_id, ())
