"""``GET|POST /oauth/logout``: a client asks to sign a person out (OpenID Connect RP-Initiated
Logout 1.0).

An ID token of the very session is proof enough. Whoever comes without one is asked: a link on any
site leads here, and must not sign anybody out.
"""

from quart import Blueprint, Response

from authgate.accounts.answers import leave_for, page, see_other, sent_parameters
from authgate.accounts.signed_out import SigningOut
from authgate.accounts.visits import SignedIn, visitor
from authgate.clock import Clock
from authgate.languages import readers, text
from authgate.oauth.authorization_request import Parameters
from authgate.oidc.logout_request import LogoutRequest
from authgate.storage.clients import clients
from authgate.telemetry import metrics
from authgate.tokens.id_token import IdTokens
from authgate.tokens.subjects import Subjects
from authgate.web import redirect_uris
from authgate.web.machine import BadRequest
from authgate.web.pages import Pages
from authgate.web.view_models import LogoutPage
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher, TenantEncryption

PATH = "/oauth/logout"


class EndSessionEndpoint:
    """Signs people out where an application says so, and takes them back there."""

    def __init__(
        self,
        *,
        pages: Pages,
        signing_out: SigningOut,
        id_tokens: IdTokens,
        subjects: Subjects,
        encryption: TenantEncryption,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._signing_out = signing_out
        self._id_tokens = id_tokens
        self._subjects = subjects
        self._encryption = encryption
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("end_session", __name__)
        routes.route(PATH, methods=["GET", "POST"])(self.begin)
        routes.get(f"{PATH}/<request>")(self.resume)
        routes.post(f"{PATH}/<request>")(self.confirm)
        return routes

    async def begin(self) -> Response:
        """Look at a request. Nothing ends yet."""
        try:
            parameters = Parameters(await sent_parameters())
        except BadRequest:
            wanted = LogoutRequest(fault=text("The application's request cannot be read."))
        else:
            wanted = await LogoutRequest.read(parameters, self._id_tokens)
        # Always by GET: a form that another site has sent comes without our cookies.
        return see_other(f"{PATH}/{wanted.sealed(await self._cipher(), now=self._clock())}")

    async def resume(self, request: str) -> Response:
        """Sign out whom the request proves to be meant, and ask everybody else."""
        wanted, person = await self._opened(request), visitor().signed_in
        if person is None:
            return await self._gone(wanted)
        if not await self._is_of(wanted, person):
            return await self._ask(request, wanted, person)
        return await self._end(wanted)

    async def confirm(self, request: str) -> Response:
        """Sign out, as the person has said."""
        return await self._end(await self._opened(request))

    async def _is_of(self, wanted: LogoutRequest, person: SignedIn) -> bool:
        """Whether the client has shown that it is this very session that it speaks of.

        Without that any site could sign people out by leading them here.
        """
        client = await clients.find(wanted.client_id) if wanted.session_id else None
        if client is None:
            return False
        known = await self._subjects.of_session(person.session.id, client)
        if wanted.session_id not in (known, str(person.session.id)):
            return False
        subject = await self._subjects.of(person.user, client)
        # A client may have been told everybody's subjects before it was told its own.
        return wanted.subject in (subject, person.user.subject)

    async def _end(self, wanted: LogoutRequest) -> Response:
        metrics.end_session_requests.add("signed_out")
        return await self._signing_out.leave(
            _return_address(wanted),
            client_id=wanted.client_id,
            client_name=await _name(wanted),
            detail=wanted.fault,
        )

    async def _gone(self, wanted: LogoutRequest) -> Response:
        """Where a person goes who is not signed in any more."""
        onward = _return_address(wanted)
        if onward and wanted.subject and await _is_vouched_for(wanted):
            return leave_for(onward)
        # Without a proof anybody's link could lead there, and whoever registers a client has an ID
        # token of its own for a proof, however old: the person decides.
        return self._signing_out.page(onward, client_name=await _name(wanted), detail=wanted.fault)

    async def _ask(self, request: str, wanted: LogoutRequest, person: SignedIn) -> Response:
        metrics.end_session_requests.add("refused" if wanted.fault else "asked")
        prefix = current_tenant().prefix
        content = LogoutPage(
            action=f"{prefix}{PATH}/{request}",
            client_name=await _name(wanted),
            stay_url=f"{prefix}/account/sessions",
            signed_in_as=person.user.username,
            detail=wanted.fault,
        )
        html = self._pages.render("logout.html", visit=visitor().page(), page=content)
        target = redirect_uris.form_target(wanted.redirect_uri) if wanted.redirect_uri else ""
        return page(html, 400 if wanted.fault else 200, form_target=target)

    async def _opened(self, request: str) -> LogoutRequest:
        wanted = LogoutRequest.unsealed(request, await self._cipher(), now=self._clock())
        readers.is_asked_for(wanted.ui_locales)
        return wanted

    async def _cipher(self) -> TenantCipher:
        return await self._encryption.cipher(current_tenant().id)


async def _is_vouched_for(wanted: LogoutRequest) -> bool:
    """Whether an administrator has said where the client takes people back."""
    client = await clients.find(wanted.client_id)
    return client is not None and not client.metadata.self_registered and client.owner_id is None


async def _name(wanted: LogoutRequest) -> str:
    client = await clients.find(wanted.client_id) if wanted.client_id else None
    return client.name if client else ""


def _return_address(wanted: LogoutRequest) -> str:
    if not wanted.redirect_uri or not wanted.state:
        return wanted.redirect_uri
    return redirect_uris.with_query(wanted.redirect_uri, {"state": wanted.state})
