"""Tables as comma-separated values (RFC 4180), safe to be opened by a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = "\ufeff"
"""Before the first line: by it Excel knows that a table is UTF-8."""

_BEGINS_FORMULA: Final = (*"=+-@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")
"""The last four are the same signs in full width, which some read as them."""
_SKIPPED: Final = " \u00a0\u3000\u200b\ufeff'"
"""What a spreadsheet may leave out before it looks; an apostrophe, so that ours can be told."""


def line(values: Iterable[object]) -> str:
    """One line of a table, its end included."""
    return lines([values])


def lines(rows: Iterable[Iterable[object]]) -> str:
    """Some lines of a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([_cell(each) for each in row] for row in rows)
    return text.getvalue()


def table(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A whole table, the names of its columns first."""
    return line(heads) + lines(rows)


def told(cell: str) -> str:
    """What a cell of such a table says, without the apostrophe that it may have got."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _cell(value: object) -> str:
    """What strangers have named is not to be calculated by whoever opens the file."""
    if isinstance(value, int):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    return text.lstrip(_SKIPPED).startswith(_BEGINS_FORMULA)
