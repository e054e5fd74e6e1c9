"""What a tenant has used within a month, as a signed statement that bills are written by.

Once made it stays as it is: what turns out to be otherwise is a correction in a later one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from authgate.tokens.signed_statement import BadStatement, Kind, read, signer_of

USAGE = Kind("usage-statement+jwt", b"authgate usage statements", "statement of usage")


class Item(NamedTuple):
    """Something of which there is a figure."""

    measure: str
    detail: str = ""


Figures = Mapping[Item, int]

_MONTH: Final = re.compile(r"2[0-9]{3}-(0[1-9]|1[0-2])")
_MEMBERS: Final = {"month": str, "plan": str, "lines": list, "corrections": list}
_LINE: Final = {"measure": str, "detail": str, "total": int}
_CORRECTION: Final = {
    "month": str,
    "measure": str,
    "detail": str,
    "stated": int,
    "counted": int,
    "difference": int,
}


class Said(NamedTuple):
    """What a statement says, by the key that it carries."""

    members: Mapping[str, Any]
    signer: str
    """The thumbprint of that key, whoever's it is."""


def said(statement: str) -> Said:
    """What a statement says, and who has signed it. Raises ``BadStatement``, also for what has
    another form than ours."""
    signer = signer_of(USAGE, statement)
    try:
        members = read(USAGE, statement, trusted=[signer])
        orjson.dumps(members)  # not everything that is read can be told
    except (TypeError, RecursionError) as error:
        raise BadStatement("It cannot be read.") from error
    if not _is_fit(members):
        raise BadStatement("It says what no statement of usage says.")
    return Said(members, signer)


def _is_fit(members: Mapping[str, Any]) -> bool:
    return (
        _has({name: members.get(name) for name in _MEMBERS}, _MEMBERS)
        and _MONTH.fullmatch(members["month"]) is not None
        and all(_has(each, _LINE) for each in members["lines"])
        and all(_has(each, _CORRECTION) for each in members["corrections"])
    )


def _has(found: object, kinds: Mapping[str, type]) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() == kinds.keys()
        and all(type(found[name]) is kind for name, kind in kinds.items())
    )


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
