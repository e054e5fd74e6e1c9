"""What is stored: looked at from outside of the server, and put back as it was."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

Row = tuple[Any, ...]
"""Its number, whether it is foreign, and all that it says."""
Rows = Mapping[str, list[Row]]
"""By table. A list stays the same one for as long as nothing is written to its table."""
Events = list[tuple[Any, ...]]


class Written(NamedTuple):
    """What is other than it was."""

    gone: list[tuple[str, Row]]
    new: list[tuple[str, Row]]

    @property
    def foreign(self) -> list[str]:
        """The tables in which a row is other that is not the own tenant's."""
        return sorted({table for table, (_, is_foreign, *_) in self.gone + self.new if is_foreign})


class Stored:
    """An SQLite database that a server has open, as one tenant's.

    Of what is in it all is known. Read again is what may have been ``touched`` since: whoever
    writes puts the names of the tables in there, and maybe others.
    """

    def __init__(self, path: str, ours: UUID, touched: set[str]) -> None:
        self._line = sqlite3.connect(path, isolation_level=None)
        listing = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        tables = [str(name) for (name,) in self._line.execute(listing)]
        self._queries = {table: self._query(table, ours) for table in tables}
        self._touched = touched
        self._rows: Rows = self._read(self._queries)
        self._version = self._now()
        touched.clear()

    def close(self) -> None:
        """Close the own connection to it."""
        assert self.keep() == self._read(self._queries), "something was written unseen"
        self._line.close()

    def keep(self) -> Rows:
        """All of it, as it is now."""
        version = self._now()
        if version != self._version:
            touched = self._touched & self._queries.keys()
            assert touched, "something was written unseen"
            self._rows = {**self._rows, **self._read(touched)}
            self._version = version
            self._touched.clear()
        return self._rows

    def put_back(self, kept: Rows, written: Written | None = None) -> None:
        """Make it what it was."""
        if (found := written or self.written(kept)) is not None:
            for table, (number, *_) in found.new:
                self._line.execute(f"DELETE FROM {table} WHERE rowid = ?", [number])  # noqa: S608
            for table, (number, _, *said) in found.gone:
                places = ", ".join("?" * len(said))
                names = ", ".join(self._columns(table))
                again = f"INSERT INTO {table} (rowid, {names}) VALUES (?, {places})"  # noqa: S608
                self._line.execute(again, [number, *said])
        self._rows = kept

    def written(self, kept: Rows) -> Written | None:
        """What has been written since it was kept or put back; ``None`` where nothing was."""
        now = self.keep()
        return None if now is kept else Written(_beyond(kept, now), _beyond(now, kept))

    def events(self, written: Written) -> Events:
        """Of what kinds the events are that were written, in order."""
        said = "SELECT event_type, severity, success, actor_type FROM audit_events WHERE rowid = ?"
        numbers = sorted(row[0] for table, row in written.new if table == "audit_events")
        return [row for number in numbers for row in self._line.execute(said, [number])]

    def newest(self, table: str, tenant: UUID) -> Mapping[str, Any] | None:
        """The tenant's row that was made last."""
        return next(iter(self.rows(table, tenant, most=1)), None)

    def rows(self, table: str, tenant: UUID, most: int = -1) -> list[Mapping[str, Any]]:
        """A tenant's rows, the newest first."""
        query = f"SELECT * FROM {table} WHERE tenant_id = ? ORDER BY rowid DESC LIMIT ?"  # noqa: S608
        found = self._line.execute(query, [str(tenant), most])
        names = [each[0] for each in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]

    def _read(self, tables: Iterable[str]) -> Rows:
        return {table: self._line.execute(self._queries[table]).fetchall() for table in tables}

    def _now(self) -> int:
        return int(self._line.execute("PRAGMA data_version").fetchone()[0])

    def _columns(self, table: str) -> list[str]:
        return [f'"{each[1]}"' for each in self._line.execute(f"PRAGMA table_info({table})")]

    def _query(self, table: str, ours: UUID) -> str:
        columns = self._columns(table)
        # The tenants themselves have an id; what is neither's is the installation's.
        owner = next((each for each in ('"tenant_id"', '"id"') if each in columns), "NULL")
        return f"SELECT rowid, {owner} IS NOT '{ours}', * FROM {table}"  # noqa: S608


def _beyond(rows: Rows, others: Rows) -> list[tuple[str, Row]]:
    return [
        (table, row)
        for table, found in rows.items()
        if found is not others[table] and found != others[table]
        for row in set(found) - set(others[table])
    ]
