"""``authgate user invite`` and what becomes of it."""

from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists
from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.output import Format, Output, Record, say
from authgate.permissions import UserRole
from authgate.vocabulary import InvitationStatus

InvitationId = Annotated[UUID, typer.Argument(help="Its id: authgate user invitations")]


def invite(
    email: Annotated[str, typer.Argument(help="Address that the link is sent to")],
    role: Annotated[UserRole, typer.Option(help="What they are to be")] = UserRole.USER,
    tenant: OfTenant = None,
) -> None:
    """Invite somebody by a mail with a link; what waits for this address is replaced."""
    with administered(tenant) as api:
        made = api.post("/invitations", {"email": email, "role": role})
    say(f"✓ {made['email']} is invited as {made['role']}.")


def invitations(
    *,
    tenant: OfTenant = None,
    status: Annotated[InvitationStatus | None, typer.Option(help="Only these")] = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List invitations, and what became of them."""
    with administered(tenant) as api:
        lists.show_items(api, "/invitations", _invitation, extent, output, status=status)


def resend_invitation(invitation_id: InvitationId, tenant: OfTenant = None) -> None:
    """Send another link for an invitation that waits; the former is good for nothing more."""
    with administered(tenant) as api:
        made = api.post(within("invitations", str(invitation_id), "resend"))
    say(f"✓ {made['email']} is sent another link.")


def withdraw_invitation(invitation_id: InvitationId, tenant: OfTenant = None) -> None:
    """Take an invitation back that waits."""
    with administered(tenant) as api:
        api.delete(within("invitations", str(invitation_id)))
    say("✓ The invitation is taken back.")


def _invitation(told: dict[str, Any]) -> Record:
    names = ("email", "role", "status", "invited_by", "ends_at", "id")
    return {name: told[name] for name in names}
