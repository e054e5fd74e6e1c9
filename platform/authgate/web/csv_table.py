"""Tables as comma-separated values (RFC 4180), safe to be opened by a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def line(values: Iterable[object]) -> str:
    """One line of a table, its end included."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_cell(each) for each in values])
    return text.getvalue()


def table(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A whole table, the names of its columns first."""
    return "".join([line(heads), *map(line, rows)])


def _cell(value: object) -> str:
    """What strangers have named is not to be calculated by whoever opens the file."""
    if isinstance(value, int):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_FORMULA) else text
