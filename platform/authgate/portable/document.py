"""The form of a tenant's file: lines of JSON, in an order that is always the same.

The head says whose it is, a line begins each part and one ends it with the count of its rows and
their digest, and the last line has all of these once more. It is read as it comes: nothing is
unpacked, and no more than a page of it is in memory, whoever has made the file.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pkgutil import iter_modules
from typing import Any, BinaryIO, NamedTuple, Self
from uuid import UUID

import orjson

from authgate.portable.passphrase import FileKeys, derivation
from authgate.storage import migrations
from authgate.storage.portable.parts import EXPORTED, Part

FORMAT = "authgate-tenant"
VERSION = 1

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of one row."""

PAGE = 500
"""Rows that are read at once, or fewer where they are long."""

_PAGE_BYTES = 4 * 1024 * 1024
_MOST_VALUES = 100_000
"""Of a line, and about of a page. A value of two bytes takes up to ninety once it is parsed."""

_BY_TABLE = {part.table: part for part in EXPORTED}
_NEWER = "It was made by a newer version of AuthGate: update this installation first."


class UnfitFile(ValueError):
    """A file that is no tenant's, is not whole, was changed, or is from a newer version. It is told
    where, as far as that is known."""

    line: int | None = None
    """From 1 on."""
    part: str | None = None
    """The table that the line is of."""

    def at(self, line: int, part: str | None) -> Self:
        """The same, and where; what is closer was said before."""
        if self.line is None:
            self.line, self.part = line, part
        return self

    def __str__(self) -> str:
        said = super().__str__()
        return said if self.line is None else f"Line {self.line}: {said}"


def schema() -> str:
    """The newest migration that this version has."""
    return max(module.name for module in iter_modules(migrations.__path__))


def line(value: object) -> bytes:
    """A line of a file."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


class Summary(NamedTuple):
    """What a part came to."""

    rows: int
    sha256: str


class Written(NamedTuple):
    """How far a file has come, besides what is in it."""

    parts: Mapping[str, Summary]
    """Those that have ended."""
    rows: int
    """Of the part that has not."""
    begins: int
    """Bytes before those rows."""
    size: int


class Writer:
    """Puts a file together, line by line; what somebody else has begun once ``reread`` has had all
    of that."""

    def __init__(self, keys: FileKeys | None, former: Written | None = None) -> None:
        self._keys = keys
        self._all = hashlib.sha256()
        self._parts: dict[str, Summary] = dict(former.parts) if former else {}
        self._rows, self._digest = former.rows if former else 0, hashlib.sha256()
        self._begins, self._size = former.begins if former else 0, 0

    @property
    def written(self) -> Written:
        """What has been written so far."""
        return Written(self._parts, self._rows, self._begins, self._size)

    @property
    def sha256(self) -> str:
        """Of all of it."""
        return self._all.hexdigest()

    def reread(self, content: bytes) -> None:
        """Take note of what was written before, one piece after the other."""
        self._digest.update(memoryview(content)[max(self._begins - self._size, 0) :])
        self._said(content)

    def head(self, told: Mapping[str, Any]) -> bytes:
        """The first line."""
        first = {"format": FORMAT, "version": VERSION, "schema": schema()}
        return self._said(line(first | dict(told)))

    def begin(self, part: Part, columns: Sequence[str]) -> bytes:
        """The line before the rows of a part."""
        said = self._said(line({"part": part.table, "columns": list(columns)}))
        self._rows, self._digest, self._begins = 0, hashlib.sha256(), self._size
        return said

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """The lines of rows."""
        lines = b"".join(line(row) for row in rows)
        self._rows += len(rows)
        self._digest.update(lines)
        return self._said(lines)

    def end(self, part: Part) -> bytes:
        """The line behind them."""
        summary = self._parts[part.table] = Summary(self._rows, self._digest.hexdigest())
        return self._said(line({"end": part.table, **summary._asdict()}))

    def close(self) -> bytes:
        """The last line."""
        parts = {name: summary._asdict() for name, summary in self._parts.items()}
        proof = self._keys.proof(self._all.digest()) if self._keys else None
        return self._said(
            line({"end": FORMAT, "parts": parts, "sha256": self.sha256, "mac": proof})
        )

    def _said(self, lines: bytes) -> bytes:
        self._all.update(lines)
        self._size += len(lines)
        return lines


class Rows(NamedTuple):
    """Rows of a part, not more than a page."""

    part: Part
    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    first_line: int
    """Where in the file they begin."""


class Reader:
    """Reads a file once from its beginning to its end, and believes nothing of it before that."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._all = hashlib.sha256()
        self._lines = 1
        self._inside: str | None = None
        self.parts: dict[str, Summary] = {}
        """Those that have ended."""
        try:
            self.head = self._head()
        except UnfitFile as error:
            raise error.at(1, None) from error.__cause__
        """The first line, which has the right form."""

    @property
    def tenant_id(self) -> UUID:
        """Whose file it is."""
        return UUID(self.head["tenant"]["id"])

    @property
    def digest(self) -> str:
        """Of all that was read."""
        return self._all.hexdigest()

    def pages(self, keys: FileKeys | None) -> Iterator[Rows]:
        """Everything that is in it, part by part. Raises ``UnfitFile``, at the latest behind the
        last page: who stores rows does so in one transaction."""
        try:
            yield from self._pages(keys)
        except UnfitFile as error:
            raise error.at(self._lines, self._inside) from error.__cause__

    def _pages(self, keys: FileKeys | None) -> Iterator[Rows]:
        while True:
            before = self._all.copy()
            said = self._next()
            if said.get("end") == FORMAT:
                self._close(said, before.digest(), keys)
                return
            yield from self._part(said)

    def _head(self) -> dict[str, Any]:
        raw = self._stream.readline(LONGEST_LINE)
        try:
            head = _parsed(raw)
        except orjson.JSONDecodeError as error:
            raise UnfitFile("This is no file of a tenant.") from error
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise UnfitFile("This is no file of a tenant.")
        if type(head.get("version")) is not int or head["version"] > VERSION:
            raise UnfitFile(_NEWER)
        if str(head.get("schema")) > schema():
            raise UnfitFile(_NEWER)
        self._all.update(raw)
        _check_head(head)
        return head

    def _part(self, said: dict[str, Any]) -> Iterator[Rows]:
        part, columns = _begun(said)
        if part.table in self.parts:
            raise UnfitFile(f"It has the part {part.table} twice.")
        self._inside = part.table
        count, digest, page = 0, hashlib.sha256(), []
        size = values = 0
        wanted = set(columns)
        while True:
            raw, row = self._line()
            if "end" in row and row.keys() == {"end", *Summary._fields}:
                break
            if row.keys() != wanted:
                raise UnfitFile(f"A row of {part.table} has other columns than its part.")
            count += 1
            digest.update(raw)
            page.append(row)
            size, values = size + len(raw), values + _values(raw)
            if len(page) == PAGE or size >= _PAGE_BYTES or values >= _MOST_VALUES:
                yield Rows(part, columns, page, self._lines - len(page) + 1)
                page, size, values = [], 0, 0
        if page:
            yield Rows(part, columns, page, self._lines - len(page))
        self._ended(part, row, Summary(count, digest.hexdigest()))

    def _ended(self, part: Part, said: dict[str, Any], found: Summary) -> None:
        if said != {"end": part.table, **found._asdict()}:
            raise UnfitFile(f"The part {part.table} was changed, or rows of it are missing.")
        self.parts[part.table], self._inside = found, None

    def _close(self, said: dict[str, Any], digest: bytes, keys: FileKeys | None) -> None:
        parts = {name: summary._asdict() for name, summary in self.parts.items()}
        if said.get("parts") != parts or said.get("sha256") != digest.hex():
            raise UnfitFile("The file was changed, or parts of it are missing.")
        if keys is not None and said.get("mac") != keys.proof(digest):
            raise UnfitFile("The file was changed by somebody who does not know its passphrase.")
        if self._stream.read(1):
            raise UnfitFile("Something follows the end of the file.")

    def _next(self) -> dict[str, Any]:
        return self._line()[1]

    def _line(self) -> tuple[bytes, dict[str, Any]]:
        raw = self._stream.readline(LONGEST_LINE)
        self._lines += 1
        if not raw.endswith(b"\n"):
            what = "has a line that is too long" if len(raw) == LONGEST_LINE else "is cut off"
            raise UnfitFile(f"The file {what}.")
        try:
            said = _parsed(raw)
        except orjson.JSONDecodeError as error:
            raise UnfitFile("The file has a line that is no JSON.") from error
        if not isinstance(said, dict):
            raise UnfitFile("The file has a line that is no object.")
        self._all.update(raw)
        return raw, said


def _parsed(raw: bytes) -> Any:
    if len(raw) > _MOST_VALUES and _values(raw) > _MOST_VALUES:
        raise UnfitFile("The file has a line that holds too much.")
    return orjson.loads(raw)


def _values(raw: bytes) -> int:
    """As many as a line may have at most: what stands in texts counts as well."""
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _check_head(head: dict[str, Any]) -> None:
    tenant = head.get("tenant")
    try:
        tenant_id = UUID(tenant["id"])  # type: ignore[index]  # whatever it is
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise UnfitFile("Its head names no tenant.") from error
    secrets = head.get("secrets")
    if secrets is not None and (
        not isinstance(secrets, dict)
        or {name: value for name, value in secrets.items() if name != "check"}
        != derivation(tenant_id)
    ):
        raise UnfitFile("Its secrets are sealed in a way that this version does not know.")


def _begun(said: dict[str, Any]) -> tuple[Part, tuple[str, ...]]:
    part, columns = _BY_TABLE.get(str(said.get("part"))), said.get("columns")
    if said.keys() != {"part", "columns"} or part is None or not isinstance(columns, list):
        raise UnfitFile(f"It has a part that this version does not know. {_NEWER}")
    unknown = {str(each) for each in columns} - {column.name for column in part.columns}
    if unknown or "id" not in columns:
        raise UnfitFile(f"{part.table} has columns that this version does not know. {_NEWER}")
    return part, tuple(columns)
