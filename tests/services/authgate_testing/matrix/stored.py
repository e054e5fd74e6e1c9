"""What is stored: looked at from outside of the server, and put back as it was."""

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

Row = tuple[Any, ...]
"""Its number, whether it is foreign, and all that it says."""
Rows = Mapping[str, list[Row]]
"""By table."""
Events = list[tuple[Any, ...]]


class Kept(NamedTuple):
    """A database as it was."""

    copy: sqlite3.Connection
    rows: Rows


class Written(NamedTuple):
    """What is other than it was."""

    gone: list[tuple[str, Row]]
    new: list[tuple[str, Row]]

    @property
    def foreign(self) -> list[str]:
        """The tables in which a row is other that is not the own tenant's."""
        return sorted({table for table, (_, is_foreign, *_) in self.gone + self.new if is_foreign})


class Stored:
    """An SQLite database that a server has open, as one tenant's."""

    def __init__(self, path: str, ours: UUID) -> None:
        self._line = sqlite3.connect(path, isolation_level=None)
        listing = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        tables = [str(name) for (name,) in self._line.execute(listing)]
        self._queries = {table: self._query(table, ours) for table in tables}
        self._version = self._now()

    def close(self) -> None:
        """Close the own connection to it."""
        self._line.close()

    def keep(self) -> Kept:
        """All of it, as it is now."""
        copy = sqlite3.connect(":memory:")
        self._line.backup(copy)
        self._version = self._now()
        return Kept(copy, self._all())

    def put_back(self, kept: Kept, written: Written | None = None) -> None:
        """Make it what it was; the quicker way where all that was written is known, and new."""
        if written is None or written.gone:
            kept.copy.backup(self._line)
        else:
            for table, (number, *_) in written.new:
                self._line.execute(f"DELETE FROM {table} WHERE rowid = ?", [number])  # noqa: S608
        self._version = self._now()

    def written(self, kept: Kept) -> Written | None:
        """What has been written since it was kept or put back; ``None`` where nothing was."""
        if self._now() == self._version:
            return None
        now = self._all()
        return Written(_beyond(kept.rows, now), _beyond(now, kept.rows))

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

    def _all(self) -> Rows:
        return {
            table: self._line.execute(query).fetchall() for table, query in self._queries.items()
        }

    def _now(self) -> int:
        return int(self._line.execute("PRAGMA data_version").fetchone()[0])

    def _query(self, table: str, ours: UUID) -> str:
        columns = [each[1] for each in self._line.execute(f"PRAGMA table_info({table})")]
        owner = "tenant_id" if "tenant_id" in columns else "id"
        return f"SELECT rowid, {owner} IS NOT '{ours}', * FROM {table}"  # noqa: S608


def _beyond(rows: Rows, others: Rows) -> list[tuple[str, Row]]:
    return [
        (table, row)
        for table, found in rows.items()
        if found != others[table]
        for row in set(found) - set(others[table])
    ]
