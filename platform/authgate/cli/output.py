"""What commands print: data on standard output, everything else on standard error."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"


Output = Annotated[Format, typer.Option("--output", "-o", help="table for eyes, json for programs")]

Csv = Annotated[bool, typer.Option("--csv", help="As comma-separated values, for a spreadsheet")]

Record = Mapping[str, Any]

ONCE = "Shown this once: only a hash is kept."

_ENDLESS = 100_000
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")


def show_all(records: Sequence[Record], output: Format) -> None:
    """Print records: a table with a row each, or a JSON array."""
    if output is Format.JSON:
        _print_json(records)
    elif records:
        _print_table(
            list(records[0]), [[_text(value) for value in row.values()] for row in records]
        )
    else:
        say("There are none.")


def show(record: Record, output: Format) -> None:
    """Print one record: a line for each of its values, or a JSON object."""
    if output is Format.JSON:
        _print_json(record)
    else:
        width = max(len(name) for name in record)
        for name, value in record.items():
            sys.stdout.write(f"{name:<{width}}  {_text(value)}".rstrip() + "\n")


def show_csv(heads: Sequence[str], records: Iterable[Record]) -> None:
    """Print these values of the records, line by line, as they come."""
    from authgate.web import csv_table

    sys.stdout.write(csv_table.line(heads))
    for record in records:
        sys.stdout.write(csv_table.line(record.get(each) for each in heads))


def show_line(record: Record) -> None:
    """Print one record of many that come one by one: a JSON object on a line of its own."""
    sys.stdout.write(json.dumps(record, default=_plain) + "\n")


def show_words(record: Record) -> None:
    """Print the values of one record of many that come one by one, on a line of its own."""
    sys.stdout.write("  ".join(map(_text, record.values())) + "\n")


def say(message: str) -> None:
    """Tell the person at the terminal something that is not data."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def confirm(question: str) -> None:
    """Go on if the person says yes. Raises ``typer.Abort`` for any other answer, or none."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise typer.Abort


def ask_secret(label: str) -> str:
    """What the person types unseen, or the next line where nobody sits at a terminal."""
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"{label}: ")
    return sys.stdin.readline().rstrip("\r\n")


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, default=_plain) + "\n")


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(value) for value in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        # A pipe has no width: nothing is folded for a program that reads lines.
        console.width = Console(width=_ENDLESS).measure(table).maximum
    console.print(table)


def _text(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return " ".join(map(_text, value)) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(each)}" for name, each in value.items()) or "-"
    if moment := _MOMENT.fullmatch(str(value)):
        return f"{moment[1]} {moment[2]}Z"
    return printable(str(value))


def printable(text: str) -> str:
    """The text without what a terminal would obey: strangers choose names that we print."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
