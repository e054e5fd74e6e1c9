"""``authgate api``: one request to the admin API, as it is typed."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from authgate.cli.doors import problems
from authgate.cli.doors.admin_api import JSON, MERGE_PATCH, Answer, Asked
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused
from authgate.cli.output import printable


class Method(StrEnum):
    """What is to be done (RFC 9110 section 9)."""

    GET = "get"
    POST = "post"
    PATCH = "patch"
    DELETE = "delete"


MethodName = Annotated[
    Method, typer.Argument(case_sensitive=False, help="get, post, patch, delete")
]
Path_ = Annotated[
    str, typer.Argument(metavar="PATH", help="Below /api/v1, such as /clients?limit=5")
]
Data = Annotated[
    str | None,
    typer.Option("--data", "-d", help="The body: JSON, @FILE, or - for standard input"),
]
Header = Annotated[
    list[str] | None,
    typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header; repeatable"),
]
Include = Annotated[bool, typer.Option("--include", "-i", help="Show status and headers, too")]


def api(
    method: MethodName,
    path: Path_,
    tenant: OfTenant = None,
    data: Data = None,
    header: Header = None,
    include: Include = False,
) -> None:
    """Send one request to the admin API, and print what it answers.

    What is secret comes from a file or standard input: the command line is seen by others.
    """
    body = _read(data) if data is not None else b""
    headers = _headers(header or [])
    if body:
        kind = MERGE_PATCH if method is Method.PATCH else JSON
        headers = {"Content-Type": kind, **headers}
    asked = Asked(method.upper(), f"/{path.removeprefix('/')}", headers, body)
    with administered(tenant) as opened:
        answer = opened.raw(asked)
    if include:
        _show_head(answer)
    _show_body(answer)
    problems.refuse(answer.status, answer.json(), asked.path)


def _read(data: str) -> bytes:
    if data == "-":
        return sys.stdin.read().encode()
    if not data.startswith("@"):
        return data.encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise Misused(f"{data[1:]} cannot be read.") from error


def _headers(typed: list[str]) -> dict[str, str]:
    found = {}
    for each in typed:
        name, colon, value = each.partition(":")
        if not colon or not name.strip():
            raise Misused(f"{each!r} is not NAME:VALUE.")
        found[name.strip()] = value.strip()
    return found


def _show_head(answer: Answer) -> None:
    sys.stdout.write(f"{answer.status}\n")
    for name, value in sorted(answer.headers.items()):
        sys.stdout.write(printable(f"{name}: {value}") + "\n")
    sys.stdout.write("\n")


def _show_body(answer: Answer) -> None:
    told = answer.json()
    if told is not None:
        sys.stdout.write(f"{json.dumps(told, indent=2)}\n")
