"""``authgate operator-access``."""

from typing import Annotated
from uuid import UUID

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, say, show_all

app = Noun()

AccessId = Annotated[UUID, typer.Argument(help="Id of the access: authgate operator-access list")]

_SHOWN = ("id", "operator_name", "role", "state", "reason", "begins_at", "ends_at", "decided_by")


@app.verb("list", example="operator-access list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List operators of the installation who want to come in, or were here."""
    with administered(tenant) as api:
        items = api.get("/operator-accesses")["items"]
    is_whole = output is Format.JSON
    show_all(items if is_whole else [{n: each[n] for n in _SHOWN} for each in items], output)


@app.verb(example="operator-access approve 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc")
def approve(access_id: AccessId, tenant: OfTenant = None) -> None:
    """Let an operator in, from now until the end that they have asked for."""
    _decide(access_id, "approve", tenant)
    say(f"✓ {access_id} is approved.")


@app.verb(example="operator-access refuse 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc")
def refuse(access_id: AccessId, tenant: OfTenant = None) -> None:
    """Don't let an operator in."""
    _decide(access_id, "refuse", tenant)
    say(f"✓ {access_id} is refused.")


@app.verb(example="operator-access end 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc")
def end(access_id: AccessId, tenant: OfTenant = None) -> None:
    """Let an operator be here no longer."""
    _decide(access_id, "end", tenant)
    say(f"✓ {access_id} has ended.")


def _decide(access_id: UUID, how: str, tenant: str | None) -> None:
    with administered(tenant) as api:
        api.post(within("operator-accesses", str(access_id), how))
