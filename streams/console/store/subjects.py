"""What is asked of accounts: dossiers, lists and search, amplifications, officials and what they amplified."""

from collections import Counter
from typing import Any, Final

import msgspec

from streams.console.store.filters import PageOf, SubjectFilter, SubjectSort
from streams.console.store.paging import Keyset, page_rows
from streams.console.store.results import AmplifiedAccountRow, Found, KnownOfficial, Matrix, MatrixCell, SubjectRow
from streams.console.store.rosters import RosterQueries
from streams.console.store.searching import hits_of
from streams.console.store.tables import NEVER_US, unpack
from streams.core.clock import from_us
from streams.core.enriched import Amplification, Dossier
from streams.events import Account

__all__ = ["SubjectQueries"]

_decode_dossier: Final = msgspec.json.Decoder(Dossier).decode
_decode_amplification: Final = msgspec.json.Decoder(Amplification).decode
_BY: Final[dict[SubjectSort, str]] = {"score": "score", "last": "last_us", "amplifications": "amplifications"}
_NAMES: Final = (
    "key, platform, account, handle, name, followers, countries, score, amplifications, officials, first_us, last_us, "
    "suspension, is_official"  # as `_row` takes them
)
_COLUMNS: Final = ", ".join(f"s.{name}" for name in _NAMES.split(", "))


class SubjectQueries(RosterQueries):
    """Questions about subjects and officials."""

    def dossier(self, key: str) -> Dossier | None:
        """Everything counted about a subject (`platform:id`)."""
        found = self.dossier_bytes(key)
        return None if found is None else _decode_dossier(found)

    def dossier_bytes(self, key: str) -> bytes | None:
        """The record of a dossier as it was written."""
        row = self.row("SELECT body FROM subjects JOIN subject_bodies USING (id) WHERE key = ?", (key,))
        return None if row is None else unpack(row[0])

    def subject(self, key: str) -> SubjectRow | None:
        """The row of a subject, as lists have it."""
        row = self.row(f"SELECT {_COLUMNS} FROM subjects AS s WHERE key = ?", (key,))  # noqa: S608  # own names
        return None if row is None else _row(row)

    def subjects(self, wanted: SubjectFilter, page: PageOf) -> Found[SubjectRow]:
        """A page of the subjects of a filter. Raises `CursorError`."""
        by = _BY[wanted.sort]
        where: list[str] = []
        values: list[object] = []
        cut = False
        source, place = "subjects AS s", "s.id"
        if wanted.text.strip():
            hits = hits_of(self, "subjects", wanted.text)
            if hits is None:
                return Found(rows=())
            where.append(f"s.{hits.where}")
            values += hits.values
            cut = hits.cut
        if len(wanted.countries) == 1:
            source = "subject_countries AS c JOIN subjects AS s ON s.id = c.subject"
            by, place = f"c.{by}", "c.subject"
            where.append("c.country = ?")
            values.append(wanted.countries[0])
        elif wanted.countries:
            by = f"s.{by}"
            where.append(f"({' OR '.join(['instr(s.countries, ?)'] * len(wanted.countries))})")
            values += wanted.countries
        else:
            by = f"s.{by}"
        for condition, value in (
            ("s.score >= ?", None if wanted.least_score is None else round(wanted.least_score * 1_000)),
            ("s.is_official = ?", wanted.official),
        ):
            if value is not None:
                where.append(condition)
                values.append(value)
        if wanted.suspended is not None:
            where.append(f"coalesce(s.suspension, 'reinstated') {'<>' if wanted.suspended else '='} 'reinstated'")
        if wanted.platforms:
            where.append(f"s.platform IN ({', '.join('?' * len(wanted.platforms))})")
            values += wanted.platforms
        keyset = Keyset(page, by, place)
        question = (
            f"SELECT {by}, {place}, {_COLUMNS} FROM {source} WHERE {' AND '.join([keyset.where, *where])} "  # noqa: S608
            f"ORDER BY {keyset.order} LIMIT {keyset.limit}"
        )
        rows, following, previous = page_rows(keyset, self.rows(question, (*keyset.values, *values)))
        return Found(rows=tuple(_row(row[2:]) for row in rows), next=following, previous=previous, cut=cut)

    def amplifications(self, key: str, page: PageOf, official: str | None = None) -> Found[Amplification]:
        """A page of what officials amplified of a subject, the newest first; with `official` (`platform:id`) what that
        one did. Only what the topic still has. Raises `CursorError`.
        """
        keyset = Keyset(page, "at_us", "id")
        where, values = [keyset.where, "subject = ?"], [*keyset.values, key]
        if official is not None:
            where.append("official = (SELECT id FROM officials WHERE key = ?)")
            values.append(official)
        question = (
            f"SELECT at_us, id, body FROM amplifications WHERE {' AND '.join(where)} "  # noqa: S608  # own names
            f"ORDER BY {keyset.order} LIMIT {keyset.limit}"
        )
        rows, following, previous = page_rows(keyset, self.rows(question, values))
        found = tuple(_decode_amplification(unpack(row[2])) for row in rows)
        return Found(rows=found, next=following, previous=previous)

    def amplifications_by(self, official: str, page: PageOf) -> Found[Amplification]:
        """A page of what an official (`platform:id`) amplified, whomever, the newest first. Only what the topic still
        has. Raises `CursorError`.
        """
        keyset = Keyset(page, "at_us", "id")
        question = (
            f"SELECT at_us, id, body FROM amplifications WHERE {keyset.where} AND official = "  # noqa: S608  # own names
            f"(SELECT id FROM officials WHERE key = ?) ORDER BY {keyset.order} LIMIT {keyset.limit}"
        )
        rows, following, previous = page_rows(keyset, self.rows(question, (*keyset.values, official)))
        found = tuple(_decode_amplification(unpack(row[2])) for row in rows)
        return Found(rows=found, next=following, previous=previous)

    def official(self, key: str) -> KnownOfficial | None:
        """An official (`platform:id`, or `platform:@handle` of the roster), as records and the roster name it."""
        row = self.row("SELECT handle, country, category FROM officials WHERE key = ?", (key,))
        roster = self.roster_in_force()
        terms = (
            ()
            if roster is None or roster.roster is None
            else tuple(entry for entry in roster.roster.entries if entry.account_key == key)
        )
        if row is not None:
            return KnownOfficial(key=key, handle=row[0], country=row[1], category=row[2], terms=terms)
        if not terms:
            return None
        last = terms[-1]
        return KnownOfficial(key=key, handle=last.handle, country=last.country, category=last.category, terms=terms)

    def amplified_by(self, official: str, page: PageOf) -> Found[AmplifiedAccountRow]:
        """A page of the subjects that an official (`platform:id`) amplified, as far as their dossiers list it, those
        with most of its amplifications first. Raises `CursorError`.
        """
        keyset = Keyset(page, "p.amplifications", "p.subject")
        question = (
            f"SELECT p.amplifications, p.subject, p.first_us, p.last_us, {_COLUMNS} FROM pairs AS p "  # noqa: S608  # own
            f"JOIN subjects AS s ON s.id = p.subject WHERE {keyset.where} AND p.official = "
            f"(SELECT id FROM officials WHERE key = ?) ORDER BY {keyset.order} LIMIT {keyset.limit}"
        )
        rows, following, previous = page_rows(keyset, self.rows(question, (*keyset.values, official)))
        found = tuple(
            AmplifiedAccountRow(
                subject=_row(row[4:]), amplifications=row[0], first_at=from_us(row[2]), last_at=from_us(row[3])
            )
            for row in rows
        )
        return Found(rows=found, next=following, previous=previous)

    def matrix(self, country: str, most: int = 30) -> Matrix:
        """The `most` subjects with most amplifications of a State's officials, with the `most` officials behind them.
        Empty lists where nothing is known of the State.
        """
        with self.consistent():
            rows = self.rows(
                f"SELECT c.subject, {_COLUMNS} FROM subject_countries AS c JOIN subjects AS s ON s.id = c.subject "  # noqa: S608
                "WHERE c.country = ? ORDER BY c.amplifications DESC, c.subject DESC LIMIT ?",
                (country, most),
            )
            places = {row[0]: place for place, row in enumerate(rows)}
            cells = self.rows(
                "SELECT p.official, p.subject, p.amplifications, p.first_us, p.last_us FROM pairs AS p "
                "JOIN officials AS o ON o.id = p.official WHERE o.country = ? "
                "AND p.subject IN (SELECT value FROM json_each(?))",
                (country, msgspec.json.encode(list(places)).decode()),
            )
            sums: Counter[int] = Counter()
            for official, _subject, amplifications, *_times in cells:
                sums[official] += amplifications
            chosen = [number for number, _sum in sorted(sums.items(), key=lambda each: (-each[1], each[0]))[:most]]
            named = {
                number: KnownOfficial(key=key, handle=handle, country=of, category=category)
                for number, key, handle, of, category in self.rows(
                    "SELECT id, key, handle, country, category FROM officials "
                    "WHERE id IN (SELECT value FROM json_each(?))",
                    (msgspec.json.encode(chosen).decode(),),
                )
            }
            total = self.countries().get(country, 0)
        order = {number: place for place, number in enumerate(chosen)}
        return Matrix(
            country=country,
            officials=tuple(named[number] for number in chosen),
            subjects=tuple(_row(row[1:]) for row in rows),
            cells=tuple(
                MatrixCell(
                    official=order[official],
                    subject=places[subject],
                    amplifications=amplifications,
                    first_at=from_us(first_us),
                    last_at=from_us(last_us),
                )
                for official, subject, amplifications, first_us, last_us in cells
                if official in order
            ),
            subjects_total=total,
            officials_total=len(sums),
        )

    def countries(self) -> dict[str, int]:
        """The States whose officials amplified anybody, and how many subjects of each."""
        question = "SELECT country, subjects FROM country_subjects WHERE subjects > 0 ORDER BY 2 DESC, 1"
        return dict(self.rows(question))


def _row(row: Any) -> SubjectRow:
    key, platform, account, handle, name, followers, countries, score, amplifications, officials = row[:10]
    first_us, last_us, suspension, is_official = row[10:]
    return SubjectRow(
        key=key,
        platform=platform,
        account=Account(id=account, handle=handle, name=name, followers=followers),
        countries=tuple(filter(None, countries.split(","))),
        score=score / 1_000,
        amplifications=amplifications,
        officials=officials,
        first_amplified_at=None if first_us is None else from_us(first_us),
        last_amplified_at=None if last_us == NEVER_US else from_us(last_us),
        suspension=suspension,
        is_official=bool(is_official),
    )
