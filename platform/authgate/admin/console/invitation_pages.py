"""``/admin/invitations``: whom the tenant has invited, and inviting more."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from authgate import permissions
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame
from authgate.admin.console.administrators import authority
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.mail import TooManyMails
from authgate.permissions import Area, UserRole, covers, permits, reads, writes
from authgate.provisioning import Refused, invitations
from authgate.provisioning.invitations import NoInvitation, UnfitInvitation
from authgate.storage.people import invitations as stored
from authgate.storage.people.invitations import Invitation
from authgate.vocabulary import InvitationStatus
from authgate.web.console_view_models import Done
from authgate.web.invitation_view_models import InvitationLine, InvitationsPage

_HERE = "/invitations"
_ONE = f"{ROOT}{_HERE}/<row_id>"
_MOST = 100


class InvitationConsole:
    """The page."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("invitations")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.USERS))
        routes.post(f"{ROOT}{_HERE}", self.invite, writes(Area.USERS))
        routes.post(f"{_ONE}/resend", self.resend, writes(Area.USERS))
        routes.post(f"{_ONE}/withdraw", self.withdraw, writes(Area.USERS))
        return routes.blueprint

    async def show(self) -> Response:
        """The newest, and a form for one more."""
        return await self._page()

    async def invite(self) -> Response:
        """Send somebody a link."""
        form = await request.form
        email = form.get("email", "")
        try:
            role = UserRole(form.get("role", ""))
        except ValueError as error:
            raise BadRequest from error
        self._confirm(role)
        try:
            await invitations.invite(self._console.parts, email, role, by=authority())
        except (UnfitInvitation, Refused, TooManyMails) as error:
            return await self._page(email, str(error))
        return done(_HERE, Done.INVITED)

    async def resend(self, row_id: str) -> Response:
        """Send another link."""
        invitation_id = id_in_address(row_id)
        if (found := await stored.find(invitation_id)) is not None:
            self._confirm(found.role)
        try:
            await invitations.resend(self._console.parts, invitation_id, by=authority())
        except NoInvitation as error:
            raise NotFound from error
        except (UnfitInvitation, Refused, TooManyMails) as error:
            return await self._page(fault=str(error))
        return done(_HERE, Done.INVITED)

    async def withdraw(self, row_id: str) -> Response:
        """Take one back."""
        try:
            await invitations.withdraw(id_in_address(row_id), by=authority())
        except NoInvitation as error:
            raise NotFound from error
        except Refused as error:
            return await self._page(fault=str(error))
        return done(_HERE, Done.INVITATION_WITHDRAWN)

    def _confirm(self, role: UserRole) -> None:
        """To give a role asks for a recent sign-in, by a link as by hand."""
        if role is not UserRole.USER:
            self._console.require_recent_sign_in(f"{ROOT}{_HERE}")

    async def _page(self, email: str = "", fault: str = "") -> Response:
        found = await stored.page(status=None, limit=_MOST)
        content = InvitationsPage(
            frame=await self._console.frame(),
            lines=[self._line(each) for each in found.rows],
            action=frame.url(_HERE),
            roles=_gives(),
            email=email,
            fault=fault,
        )
        return self._console.show("invitations.html", content, 400 if fault else 200)

    def _line(self, each: Invitation) -> InvitationLine:
        waits = each.status is InvitationStatus.PENDING
        may = _invites() and covers(signed_in().user.role, each.role)
        return InvitationLine(
            email=each.email,
            role=each.role,
            status=each.status,
            invited_by=each.invited_by,
            created_at=each.created_at,
            ends_at=each.ends_at,
            ended=waits and each.ends_at <= self._console.now(),
            action=frame.url(f"{_HERE}/{each.id}") if waits and may else "",
        )


def _gives() -> list[UserRole]:
    return permissions.given_by(signed_in().user.role) if _invites() else []


def _invites() -> bool:
    person = signed_in().user
    return permits(person.role, writes(Area.USERS)) and not person.is_guest
