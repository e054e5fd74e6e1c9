"""``authgate user erase`` and what goes with it: people who are erased, and the proof of it."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists, people
from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import NotFound
from authgate.cli.output import Format, Output, Record, say, show

_ALL = "/user-erasures"

Username = Annotated[str, typer.Argument(help="Name or address")]
Confirm = Annotated[
    str,
    typer.Option("--confirm", metavar="NAME", help="The username again; asked for if missing"),
]
Id = Annotated[UUID, typer.Argument(metavar="ERASURE", help="Its id: authgate user erasures")]
File = Annotated[Path, typer.Argument(help="The certificate, or - for standard input")]
Key = Annotated[
    str,
    typer.Option(
        metavar="THUMBPRINT",
        help="The key that has to have signed it; this installation's where not given",
    ),
]


def erase(
    username: Username,
    tenant: OfTenant = None,
    confirm: Confirm = "",
    output: Output = Format.TABLE,
) -> None:
    """Erase a user: all that is theirs, their name wherever it stands, and from the audit log."""
    said = confirm or _typed(username)
    with administered(tenant) as api:
        user_id = people.found(api, username)["id"]
        asked = api.post(within("users", user_id, "erase"), {"confirmation": said})
    show({name: asked[name] for name in ("id", "user_id")}, output)
    say(f"✓ {username} is erased. How far that has come: authgate user erasure {asked['id']}")


def erasures(
    *, tenant: OfTenant = None, extent: lists.Extent, output: Output = Format.TABLE
) -> None:
    """List people who were erased, or are being so."""
    with administered(tenant) as api:
        lists.show_items(api, _ALL, _line, extent, output)


def erasure(
    erasure_id: Id,
    tenant: OfTenant = None,
    certificate: Annotated[
        bool, typer.Option("--certificate", help="Print the certificate and nothing else")
    ] = False,
    output: Output = Format.TABLE,
) -> None:
    """Show how far an erasure has come, or print its certificate."""
    with administered(tenant) as api:
        told = api.get(within("user-erasures", str(erasure_id)))
    if not certificate:
        show(told, output)
        return
    if told["certificate"] is None:
        raise NotFound("There is none yet: the audit log has still to forget them.")
    sys.stdout.write(f"{told['certificate']}\n")


def verify_erasure(file: File, key: Key = "", output: Output = Format.TABLE) -> None:
    """Check a certificate of an erasure, and show what it states.

    With --key no database is asked: whoever noted the thumbprint can check it anywhere.
    """
    from authgate.tokens import signed_statement
    from authgate.tokens.erasure_certificate import ERASURE

    text = (sys.stdin.read() if str(file) == "-" else file.read_text()).strip()
    if key:
        stated = signed_statement.read(ERASURE, text, trusted=[key])
    else:
        stated = asyncio.run(_verified(text))
    show(stated | {"signed_by": signed_statement.signer_of(ERASURE, text)}, output)
    say("✓ It is genuine.")


async def _verified(text: str) -> dict[str, Any]:
    from authgate.cli import installed
    from authgate.sealing import erasure_proofs

    async with installed.opened() as parts:
        return await erasure_proofs.verified(parts, text)


def _typed(username: str) -> str:
    sys.stderr.write(f"Everything of {username} will be gone. Type the name to erase them: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _line(erasure: Record) -> Record:
    names = ("id", "user_id", "state", "requested_by", "requested_at", "ended_at", "events")
    return {name: erasure[name] for name in names}
