"""Tables as comma-separated values (RFC 4180), safe to be opened by a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = "\ufeff"
"""Before the first line: by it Excel knows that a table is UTF-8."""

_SIGNS: Final = re.escape("=+-@\uff1d\uff0b\uff0d\uff20")
"""A formula begins with one of them; the last four are the same in full width, which some read as
them."""
_SKIPPED: Final = "[ \u00a0\u3000\u200b\ufeff'\"]*"
"""What a spreadsheet may leave out before it looks; an apostrophe, so that ours can be told."""
_ENDS: Final = ";\t\r\n"
"""Where a spreadsheet may begin another cell whose lists are separated by something else."""
_AT_FIRST: Final = rf"(?={_SKIPPED}[{_SIGNS}\t\r\n])"
_INSIDE: Final = rf"(?={_SKIPPED}[{_SIGNS}])"
_UNGUARDED: Final = re.compile(rf"\A{_AT_FIRST}|(?<=[{_ENDS}]){_INSIDE}")
_GUARDED: Final = re.compile(rf"\A'{_AT_FIRST}|(?<=[{_ENDS}])'{_INSIDE}")
_IN_JSON: Final = re.compile(rf"(;{_SKIPPED})([{_SIGNS}])")


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
    """What a cell of such a table says, without the apostrophes that it may have got."""
    return _GUARDED.sub("", cell)


def json(text: str) -> str:
    """The same JSON without a sign that could begin a formula: whoever reads it notices nothing."""
    # Of what ends a cell only this one is written as it is, and only within strings.
    return _IN_JSON.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", text)


def _cell(value: object) -> str:
    """What strangers have named is not to be calculated by whoever opens the file, whichever sign
    is taken there for the end of a cell."""
    if isinstance(value, int):
        return str(value)
    return _UNGUARDED.sub("'", "" if value is None else str(value))
