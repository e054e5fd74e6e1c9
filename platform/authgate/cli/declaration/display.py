"""A plan as it is shown: to eyes, in colour where there is a terminal, and to programs."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from authgate.cli.declaration.differences import Difference
from authgate.cli.declaration.plan import Act, Change, Plan
from authgate.cli.output import Format, printable, show

_SIGNS = {
    Act.CREATE: ("+", "green"),
    Act.UPDATE: ("~", "yellow"),
    Act.DELETE: ("-", "red"),
}
_DONE = {
    Act.CREATE: "to create",
    Act.UPDATE: "to change",
    Act.DELETE: "to remove",
}
_LONGEST = 200


def show_plan(plan: Plan, output: Format) -> None:
    """Print it."""
    if output is Format.JSON:
        show(plan.told(), output)
    else:
        show_changes(plan)


def show_changes(plan: Plan, *, aside: bool = False) -> None:
    """Print it for eyes: beside the data, where there is other."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True, file=sys.stderr if aside else sys.stdout)
    for change in plan.changes:
        sign, style = _SIGNS[change.act]
        console.print(Text(printable(f"{sign} {change.title}"), style=style))
        for line in _lines(change):
            console.print(Text(f"    {line}"))
    console.print(Text(_summary(plan)))


def _summary(plan: Plan) -> str:
    """How much it is, in one line."""
    counts = [f"{count} {words}" for act, words in _DONE.items() if (count := plan.count(act))]
    return f"{', '.join(counts)}." if counts else "Nothing differs."


def _lines(change: Change) -> Iterator[str]:
    width = max((len(each.member) for each in change.differences), default=0)
    for each in change.differences:
        yield printable(f"{each.member:<{width}}  {_told(change.act, each)}")


def _told(act: Act, difference: Difference) -> str:
    if act is Act.CREATE:
        return _value(difference.after)
    before, after = difference.before, difference.after
    if isinstance(before, list) and isinstance(after, list):
        return _moved(before, after)
    return f"{_value(before)} → {_value(after)}"


def _moved(before: list[Any], after: list[Any]) -> str:
    """What comes to a list, and what goes."""
    come = [f"+{_value(each)}" for each in after if each not in before]
    go = [f"-{_value(each)}" for each in before if each not in after]
    return "  ".join([*come, *go])


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
