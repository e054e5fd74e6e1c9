"""``authgate operator``: what the administrators of all tenants are told."""

from typing import Annotated
from uuid import UUID

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import operated
from authgate.cli.operator.found import Operators
from authgate.cli.output import Format, Output, say, show, show_all


def announcements(operators: Operators = None, output: Output = Format.TABLE) -> None:
    """List what the administrators of all tenants are told."""
    with operated(operators) as api:
        show_all(api.get("/announcements")["items"], output)


def announce(
    text: Annotated[str, typer.Argument(help="What administrators read in their consoles")],
    *,
    hours: Annotated[float, typer.Option(help="How long it is shown")] = 24,
    urgent: Annotated[bool, typer.Option("--urgent", help="It stands out")] = False,
    operators: Operators = None,
    output: Output = Format.TABLE,
) -> None:
    """Tell the administrators of all tenants something, for a while."""
    with operated(operators) as api:
        said = {"text": text, "hours": hours, "urgent": urgent}
        show(api.post("/announcements", said), output)


def end_announcement(
    announcement_id: Annotated[UUID, typer.Argument(help="authgate operator announcements")],
    operators: Operators = None,
) -> None:
    """Tell it no longer."""
    with operated(operators) as api:
        api.delete(within("announcements", str(announcement_id)))
    say(f"✓ {announcement_id} is shown no longer.")
