"""The lengths and bounds of WATCH: how far back it looks, how long a watch lasts, how much a record lists."""

from msgspec import Struct

__all__ = ["WatchPolicy"]


class WatchPolicy(Struct, frozen=True, kw_only=True):
    """Lengths in days of event time, and bounds. What is beyond a bound is still counted; it is not listed or followed.

    14 days of watch: the analysis of @Khamenei_site saw deletions and silence "in the days after". 400 days for
    successors: @KhameneiSite, which followed it, was banned a year later.
    """

    ledger_days: int = 90  # a deletion is matched with posts that were made, or seen, at most so long ago
    watch_days: int = 14
    baseline_days: int = 30
    successor_days: int = 400
    successor_age_days: int = 90  # as in the bundled rules: what they call a new account
    slack_days: int = 30  # how late an event may come and still meet all it belongs to
    listed: int = 50  # deletions, references, successors and languages in a record
    listed_officials: int = 500  # in a record
    # Named in what is kept of a watch: all that TRACK keeps of a subject, which had amplified it, and more than a
    # record lists of others. With the longest ids, four times each, that is 6 MB.
    counted_officials: int = 4_608
    listed_text: int = 500  # characters of a listed text
    listed_words: int = 12  # shared words of a listed text
    listed_word: int = 64  # bytes of each
    judged_times: int = 1_000  # deletions, and references, at whose times rules are judged
    evidence: int = 32  # as in TRACK
    texts: int = 200  # of a subject's newest texts that make up its vocabulary
    shortest_text: int = 20  # characters of a subject's text
    references: int = 100  # keys of one post
    unattributed: int = 500  # quotes of one post of which is not known whose it is
    amplified_officials: int = 256  # the first officials to take an account up
    amplified_first: int = 20  # the first amplifications of an account
    successors: int = 200  # of a watch; further ones are not counted
    # Of the time from a suspension to the end of its watch: a choice. Where officials were unseen for more, nothing is
    # said of what they did not do.
    unseen_share: float = 0.05
    coverage_sources: int = 16  # of one platform
    coverage_spans: int = 500  # of one source and of everybody, seen or not: a restart a day
    coverage_officials: int = 12_000  # named in others: a gap for each that is new on a roster; at the most 6.5 MB
    seen_since_per_tick: int = 2_000  # accounts, where it is new since when their State's officials have been seen
    sketch: int = 256  # fingerprints that stand for all texts of an account
    withheld: frozenset[str] = frozenset()  # platforms of which records have no text of a deleted post

    @property
    def remembered_days(self) -> int:
        """So long after it opened nothing can change a watch any more, but what comes later than `slack_days`."""
        most = max(self.successor_days, self.successor_age_days, self.watch_days + self.ledger_days)
        return most + self.slack_days
