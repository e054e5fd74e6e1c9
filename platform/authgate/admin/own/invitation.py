"""``/invitation``: where whoever was invited begins an account, or joins with the one they have.

The link in the mail shows a form, and only sending that accepts anything.
"""

from collections.abc import Mapping
from urllib.parse import quote

from quart import Blueprint, Response, request

from authgate.accounts.answers import page, see_other
from authgate.accounts.passwords import BadPassword, Passwords, minimum_length
from authgate.accounts.visits import signed_in, visitor
from authgate.installation import Installation
from authgate.provisioning import invitations
from authgate.provisioning.invitations import PATH, NoInvitation, NotYours
from authgate.provisioning.own_profile import UnfitProfile
from authgate.storage.people import users
from authgate.storage.people.invitations import Invitation
from authgate.storage.people.users import UsernameTaken
from authgate.web.client_ip import bucket
from authgate.web.invitation_view_models import InvitationPage, InvitationState
from authgate.web.limits import Limits
from authgate.web.pages import Pages
from authgate_tenants import current_tenant

LIMIT = "invitation_per_ip"
_HOME = "/"


class InvitationPages:
    """The page."""

    def __init__(
        self, *, parts: Installation, pages: Pages, passwords: Passwords, limits: Limits
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._passwords = passwords
        self._limits = limits

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("invitation", __name__)
        routes.get(PATH)(self.show)
        routes.post(PATH)(self.begin)
        routes.post(f"{PATH}/join")(self.join)
        return routes

    async def show(self) -> Response:
        """What the invitation is to, and how it is accepted."""
        token = request.args.get("token", "")
        await self._limits.count(LIMIT, bucket(visitor().facts.ip))
        try:
            return await self._shown(token, await invitations.wanted(self._parts, token))
        except NoInvitation:
            return self._gone()

    async def begin(self) -> Response:
        """Begin an account, and go on to sign in."""
        await self._limits.count(LIMIT, bucket(visitor().facts.ip))
        form = await request.form
        token, name = form.get("token", ""), form.get("name", "")
        try:
            wanted = await invitations.wanted(self._parts, token)
        except NoInvitation:
            return self._gone()
        try:
            await invitations.accept_anew(
                self._parts,
                self._passwords,
                token,
                name=name,
                password=form.get("password", ""),
            )
        except NoInvitation:
            return self._gone()
        except UnfitProfile as error:
            return await self._shown(token, wanted, name, {error.field: str(error)})
        except BadPassword as error:
            return await self._shown(token, wanted, name, {"password": str(error)})
        except UsernameTaken:
            return see_other(f"{PATH}?token={quote(token, safe='')}")
        return see_other("/login")

    async def join(self) -> Response:
        """Accept with the account that is signed in."""
        token = (await request.form).get("token", "")
        person = signed_in().user
        try:
            await invitations.accept_as(self._parts, token, person)
        except NoInvitation:
            return self._gone()
        except NotYours:
            return await self._shown(token, await invitations.wanted(self._parts, token))
        return see_other(_HOME)

    async def _shown(
        self,
        token: str,
        wanted: Invitation,
        name: str = "",
        faults: Mapping[str, str] | None = None,
    ) -> Response:
        prefix, state = current_tenant().prefix, await _state(wanted)
        if state is InvitationState.GONE:
            return self._gone()
        back = quote(f"{prefix}{PATH}?token={token}", safe="/")
        known = visitor().signed_in
        content = InvitationPage(
            state=state,
            action=f"{prefix}{PATH}{'/join' if state is InvitationState.JOIN else ''}",
            sign_in_url=f"{prefix}/login?return_to={back}",
            sign_out_action=f"{prefix}/logout",
            token=token,
            email=wanted.email,
            invited_by=wanted.invited_by,
            name=name,
            signed_in_as=known.user.username if known else "",
            minimum_length=minimum_length(),
            faults=faults or {},
        )
        return self._show(content, 400 if faults else 200)

    def _gone(self) -> Response:
        return self._show(InvitationPage(state=InvitationState.GONE), 400)

    def _show(self, content: InvitationPage, status: int) -> Response:
        html = self._pages.render("invitation.html", visit=visitor().page(), page=content)
        return page(html, status)


async def _state(wanted: Invitation) -> InvitationState:
    person = visitor().signed_in
    if person is not None:
        own = person.user.canonical_email == wanted.canonical_email
        return InvitationState.JOIN if own else InvitationState.SOMEBODY_ELSE
    # Whoever holds the link reads the mail of this address: it tells them of themselves.
    known = await users.find_by_login(wanted.canonical_email)
    if known is not None and not await invitations.is_first(wanted.canonical_email):
        return InvitationState.KNOWN
    by_password = current_tenant().settings.password_sign_in
    return InvitationState.NEW if by_password else InvitationState.GONE
