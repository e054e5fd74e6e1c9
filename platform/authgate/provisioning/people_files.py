"""Files of people as spreadsheets and other servers write them: comma-separated values (RFC 4180).

Also with semicolons, tabs or bars between them, in UTF-8 or, where it says so, UTF-16.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from authgate import languages
from authgate.provisioning import import_lines
from authgate.provisioning.import_lines import COLUMNS, UnfitColumns
from authgate.storage.people.user_imports import LONGEST_CELL, MOST_LINES

LARGEST = 32 * 1024 * 1024
"""Bytes of a file."""

_SEPARATORS = ",;\t|"
_ALSO_CALLED = {
    "user": "username",
    "login": "username",
    "user_name": "username",
    "mail": "email",
    "e_mail": "email",
    "email_address": "email",
    "full_name": "name",
    "display_name": "name",
    "displayname": "name",
    "first_name": "given_name",
    "last_name": "family_name",
    "group": "groups",
    "enabled": "active",
    "externalid": "external_id",
}


class UnfitFile(ValueError):
    """A file that cannot be read. The text may be told, and names the line if it is one's."""


class People(NamedTuple):
    """What a file says."""

    columns: Sequence[str]
    lines: Sequence[tuple[int, Mapping[str, str]]]
    """Where each is in the file, and its cells by column."""


def read(content: bytes) -> People:
    """What a file says. Raises ``UnfitFile``."""
    if len(content) > LARGEST:
        raise UnfitFile(
            languages.text("A file has at most %(most)s MiB.", most=LARGEST // 1024 // 1024)
        )
    text = _text(content)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    former, csv_limit = 0, csv.field_size_limit(LONGEST_CELL)
    try:
        columns = _columns(next(reader, []))
        former = reader.line_num
        lines = []
        for row in reader:
            if any(row):
                lines.append((former + 1, _cells(columns, row, former + 1)))
            former = reader.line_num
            if len(lines) > MOST_LINES:
                raise UnfitFile(
                    languages.text("A file has at most %(most)s lines.", most=MOST_LINES)
                )
    except csv.Error as error:
        raise UnfitFile(
            languages.text(
                "Line %(line)s cannot be read: %(error)s.", line=former + 1, error=str(error)
            )
        ) from error
    finally:
        csv.field_size_limit(csv_limit)
    if not lines:
        raise UnfitFile(languages.text("The file has no line below its heads."))
    return People(columns, lines)


def _text(content: bytes) -> str:
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnfitFile(
            languages.text("Line %(line)s is not UTF-8: save the file as UTF-8.", line=line)
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnfitFile(
            languages.text("Line %(line)s holds a NUL character: this is no text.", line=line)
        )
    return text


def _separator(text: str) -> str:
    """What parts the heads into the most that are known."""
    head = text.partition("\n")[0]
    return max(_SEPARATORS, key=lambda each: len(set(map(_named, head.split(each))) & set(COLUMNS)))


def _columns(head: Sequence[str]) -> list[str]:
    columns = [_named(each) for each in head]
    try:
        import_lines.check_columns(columns)
    except UnfitColumns as error:
        raise UnfitFile(f"Line 1: {error}") from error
    return columns


def _named(head: str) -> str:
    plain = head.strip().strip('"').strip().lower().replace("-", "_").replace(" ", "_")
    return _ALSO_CALLED.get(plain, plain)


def _cells(columns: Sequence[str], row: Sequence[str], line: int) -> Mapping[str, str]:
    if len(row) != len(columns):
        raise UnfitFile(
            languages.text(
                "Line %(line)s has %(values)s values, and there are %(columns)s columns.",
                line=line,
                values=len(row),
                columns=len(columns),
            )
        )
    return dict(zip(columns, row, strict=True))


def pieces(people: People, most: int) -> Iterator[Sequence[tuple[int, Mapping[str, str]]]]:
    """The lines, so many at once."""
    for first in range(0, len(people.lines), most):
        yield people.lines[first : first + most]
