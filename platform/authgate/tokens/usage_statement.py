"""What a tenant has used within a month, as a signed statement that bills are written by.

Once made it stays as it is: what turns out to be otherwise is a correction in a later one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from authgate.tokens.signed_statement import Kind

USAGE = Kind("usage-statement+jwt", b"authgate usage statements", "statement of usage")


class Item(NamedTuple):
    """Something of which there is a figure."""

    measure: str
    detail: str = ""


Figures = Mapping[Item, int]


class Correction(NamedTuple):
    """What is otherwise than a statement has it."""

    month: str
    item: Item
    stated: int
    counted: int


def lines(figures: Figures) -> list[dict[str, Any]]:
    """Figures as they are stated."""
    return [
        {"measure": item.measure, "detail": item.detail, "total": total}
        for item, total in sorted(figures.items())
        if total
    ]


def corrections(found: Iterable[Correction]) -> list[dict[str, Any]]:
    """Corrections as they are stated."""
    return [
        {
            "month": each.month,
            "measure": each.item.measure,
            "detail": each.item.detail,
            "stated": each.stated,
            "counted": each.counted,
            "difference": each.counted - each.stated,
        }
        for each in found
    ]


def stated_of(month: str, statements: Sequence[Mapping[str, Any]]) -> Figures:
    """What is stated of a month by these statements together: its own, and later corrections."""
    sums: Counter[Item] = Counter()
    for statement in statements:
        for each in statement["lines"] if statement["month"] == month else ():
            sums[_item(each)] += each["total"]
        for each in statement["corrections"]:
            if each["month"] == month:
                sums[_item(each)] += each["difference"]
    return sums


def differences(month: str, stated: Figures, counted: Figures) -> list[Correction]:
    """What is to be corrected."""
    return [
        Correction(month, item, stated.get(item, 0), counted.get(item, 0))
        for item in sorted({*stated, *counted})
        if stated.get(item, 0) != counted.get(item, 0)
    ]


def _item(line: Mapping[str, Any]) -> Item:
    return Item(line["measure"], line["detail"])
