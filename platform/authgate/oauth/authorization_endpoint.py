"""``GET|POST /oauth/authorize``: the authorization endpoint (RFC 6749 4.1, OpenID Connect Core
3.1.2).

A request is looked at once, stored, and from then on named by its handle. Whatever happens on the
way, a sign-in here or elsewhere, leads back to ``/oauth/authorize/<handle>``, which alone decides
what comes next.
"""

from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from quart import Blueprint, Response, request

from authgate import audit
from authgate.accounts import step_up, visits
from authgate.accounts.answers import page, see_other
from authgate.accounts.proof_times import is_lately, proven_at
from authgate.accounts.scope_lines import scope_lines
from authgate.accounts.signed_out import SigningOut
from authgate.accounts.standing import to_step_up
from authgate.accounts.step_up import OutOfReach
from authgate.accounts.visits import SignedIn, visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.languages import readers, text
from authgate.oauth.authorization_answers import AuthorizationAnswers
from authgate.oauth.authorization_request import (
    AuthorizationRequest,
    RefusedRequest,
    UnprovenRequest,
)
from authgate.oauth.brought_requests import BroughtRequests
from authgate.oauth.errors import (
    AccessDenied,
    ConsentRequired,
    LoginRequired,
    OAuthError,
    UnmetAuthenticationRequirements,
)
from authgate.oauth.expected_person import ExpectedPerson
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.grants import authorization_codes, authorization_requests, consents
from authgate.storage.grants.authorization_requests import Waiting
from authgate.storage.sign_in import session_clients, sessions
from authgate.telemetry import metrics
from authgate.tokens import lifetimes
from authgate.tokens.authentication import Authentication
from authgate.tokens.confirmation import Confirmation
from authgate.tokens.scopes import is_admin
from authgate.tokens.subjects import Subjects
from authgate.vocabulary import ApplicationType, ConsentPolicy
from authgate.web import redirect_uris
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.pages import Pages
from authgate.web.view_models import ConsentPage
from authgate_tenants import current_tenant

PATH = "/oauth/authorize"
LIFETIME = timedelta(hours=1)
"""For how long a person may be on the way: long enough to look for a telephone."""

_OVER = text(
    "This sign-in was finished already, or took too long. Go back to the application and begin "
    "again."
)


class _Asked(NamedTuple):
    """A stored request, whose it is, and the handle that the browser carries."""

    waiting: Waiting
    request: AuthorizationRequest
    client: Client
    handle: str


class AuthorizationEndpoint:
    """Finds out whether a person lets a client in, and tells the client."""

    def __init__(
        self,
        *,
        pages: Pages,
        signing_out: SigningOut,
        expected: ExpectedPerson,
        subjects: Subjects,
        brought: BroughtRequests,
        answers: AuthorizationAnswers,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._signing_out = signing_out
        self._expected = expected
        self._subjects = subjects
        self._brought = brought
        self._answers = answers
        self._limits = limits
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("authorization", __name__)
        routes.route(PATH, methods=["GET", "POST"])(self.begin)
        routes.get(f"{PATH}/<handle>")(self.resume)
        routes.post(f"{PATH}/<handle>/decision")(self.decide)
        routes.post(f"{PATH}/<handle>/switch")(self.switch)
        return routes

    async def begin(self) -> Response:
        """Look at a request, and keep it."""
        await self._limits.count("authorization_per_ip", bucket(visitor().facts.ip))
        try:
            wanted, client = await self._brought.request()
        except UnprovenRequest as fault:
            metrics.authorizations.add("refused")
            readers.is_asked_for(request.args.get("ui_locales", "").split())
            return self._answers.refusal(str(fault))
        except RefusedRequest as refused:
            metrics.authorizations.add("refused")
            return await self._answers.tell(refused.address, refused.client, refused.error)
        now = self._clock()
        handle = await authorization_requests.keep(
            client_id=client.client_id,
            parameters=wanted.to_json(),
            now=now,
            expires_at=now + LIFETIME,
        )
        # Always by GET: a form that another site has sent comes without our cookies.
        return see_other(f"{PATH}/{handle}")

    async def resume(self, handle: str) -> Response:
        """Decide what comes next."""
        asked = await self._asked(handle)
        if asked is None:
            return self._answers.refusal(_OVER)
        person = visitor().signed_in
        if person is None or await self._must_sign_in(asked, person):
            return await self._to_sign_in(asked)
        await self._limits.count("authorization_per_subject", str(person.user.id))
        if await self._is_another(asked, person):
            # OpenID Connect Core 3.1.2.2: nobody but whom the hint names may be answered with.
            return await self._answered(asked, LoginRequired("Somebody else has signed in."))
        if (detour := await self._step_up(asked, person)) is not None:
            return detour
        if await self._must_ask(asked, person):
            if "none" in asked.request.prompt:
                return await self._answered(asked, ConsentRequired("Nobody has allowed this."))
            return await self._consent(asked, person)
        if not await self._is_answer(asked):
            return self._answers.refusal(_OVER)
        return await self._granted(asked, person)

    async def decide(self, handle: str) -> Response:
        """Allow or deny, once."""
        await visits.require_purpose(visits.authorization_purpose(handle))
        asked, person = await self._asked(handle), visitor().signed_in
        if asked is None:
            return self._answers.refusal(_OVER)
        if person is None or await self._must_sign_in(asked, person):
            return await self._to_sign_in(asked)
        if (await request.form).get("decision") != "allow":
            return await self._denied(asked, person)
        if (detour := await self._step_up(asked, person)) is not None:
            return detour
        if not await self._is_answer(asked):
            return self._answers.refusal(_OVER)
        await consents.grant(
            person.user.id, asked.client.client_id, asked.request.scope, now=self._clock()
        )
        await _record(Event.USER_AUTHORIZATION_GRANTED, asked, person)
        return await self._granted(asked, person)

    async def switch(self, handle: str) -> Response:
        """Sign out, and come back as somebody else."""
        prefix = current_tenant().prefix
        target = quote(f"{prefix}{PATH}/{handle}")
        return await self._signing_out.leave(f"{prefix}/login?return_to={target}")

    async def _asked(self, handle: str) -> _Asked | None:
        waiting = await authorization_requests.find(handle, now=self._clock())
        client = await clients.find(waiting.client_id) if waiting else None
        if waiting is None or client is None or not client.is_active:
            return None
        stored = AuthorizationRequest.stored(waiting.parameters)
        readers.is_asked_for(stored.ui_locales)
        # What was registered when the request came may have been taken back since.
        if not redirect_uris.is_registered(
            stored.redirect_uri,
            client.redirect_uris,
            client.application_type,
            public=client.is_public,
        ):
            return None
        return _Asked(waiting, stored, client, handle)

    async def _must_sign_in(self, asked: _Asked, person: SignedIn) -> bool:
        session, wanted = person.session, asked.request
        asked_at, proven = asked.waiting.created_at, proven_at(session)
        oldest = 0 if "login" in wanted.prompt else wanted.max_age
        if session.authenticated_at >= asked_at:
            # They came here for this very request; at a provider they may have been for long.
            return oldest is not None and (
                proven is None or not is_lately(proven, asked_at, oldest)
            )
        if "login" in wanted.prompt:
            return True
        if wanted.max_age is not None and (
            proven is None or self._clock() - proven > timedelta(seconds=wanted.max_age)
        ):
            return True
        return await self._is_another(asked, person)

    async def _is_another(self, asked: _Asked, person: SignedIn) -> bool:
        return await self._expected.is_another(person.user, asked.request, asked.client)

    async def _to_sign_in(self, asked: _Asked) -> Response:
        if "none" in asked.request.prompt:
            return await self._answered(asked, LoginRequired("Nobody is signed in as asked for."))
        target = f"{current_tenant().prefix}{PATH}/{asked.handle}"
        return see_other(f"/login?return_to={quote(target)}")

    async def _step_up(self, asked: _Asked, person: SignedIn) -> Response | None:
        """Where a second factor is shown first, if one has to be."""
        wanted = asked.request
        try:
            if not await step_up.is_due(
                person,
                asked.client,
                wanted.scope,
                essential=wanted.essential_acr,
                wished=wanted.wished_acr,
            ):
                return None
        except OutOfReach:
            unmet = UnmetAuthenticationRequirements("Nobody can sign in as acr demands.")
            return await self._answered(asked, unmet)
        if "none" in wanted.prompt:
            return await self._answered(asked, LoginRequired("A second factor has to be shown."))
        return to_step_up(f"{current_tenant().prefix}{PATH}/{asked.handle}")

    async def _must_ask(self, asked: _Asked, person: SignedIn) -> bool:
        client, prompt = asked.client, asked.request.prompt
        if "consent" in prompt or "select_account" in prompt:
            return True
        # A token takes the role of whoever lets the client in: others who may change the client
        # would get as far without anybody noticing.
        if any(is_admin(each) for each in asked.request.scope):
            return True
        if client.consent is not ConsentPolicy.REMEMBERED:
            return client.consent is ConsentPolicy.ALWAYS
        # RFC 8252 section 8.6: whoever else listens on this port or scheme would get the code
        # without anybody noticing.
        is_assured = redirect_uris.is_claimed(asked.request.redirect_uri) or not client.is_public
        if client.application_type is ApplicationType.NATIVE and not is_assured:
            return True
        consent = await consents.find(person.user.id, client.client_id)
        return consent is None or not consent.covers(asked.request.scope)

    async def _is_answer(self, asked: _Asked) -> bool:
        """Whether what happens now is the one answer that the request gets."""
        return await authorization_requests.answer(asked.waiting.id, now=self._clock())

    async def _granted(self, asked: _Asked, person: SignedIn) -> Response:
        now, wanted, session = self._clock(), asked.request, person.session
        if not await sessions.hold(session.id):
            return self._answers.refusal(_OVER)
        authentication = Authentication.of_session(
            session.proven_at,
            session.amr,
            session.id,
            actor=session.impersonator_id,
            ends_at=session.expires_at,
        )
        lifetime = timedelta(seconds=lifetimes.of_code(asked.client))
        code, code_id = await authorization_codes.issue(
            client_id=asked.client.client_id,
            user_id=person.user.id,
            session_id=session.id,
            redirect_uri=wanted.redirect_uri,
            redirect_uri_given=wanted.redirect_uri_given,
            scope=" ".join(wanted.scope),
            nonce=wanted.nonce,
            code_challenge=wanted.code_challenge,
            authentication=authentication.to_json(),
            confirmation=Confirmation(jkt=wanted.dpop_jkt).to_json(),
            resource=wanted.resource,
            now=now,
            expires_at=now + lifetime,
        )
        if "openid" in wanted.scope:
            # Before the ID token is there: no session ends without whom it was told to.
            await session_clients.note(
                session.id,
                asked.client.client_id,
                subject=await self._subjects.of(person.user, asked.client),
                expires_at=session.expires_at,
            )
        await _record(Event.AUTHORIZATION_CODE_GENERATED, asked, person, str(code_id))
        metrics.authorizations.add("granted")
        return await self._answers.send(wanted.address, asked.client, {"code": code})

    async def _denied(self, asked: _Asked, person: SignedIn) -> Response:
        if not await self._is_answer(asked):
            return self._answers.refusal(_OVER)
        await _record(Event.AUTHORIZATION_CODE_DENIED, asked, person)
        metrics.authorizations.add("denied")
        return await self._answers.tell(
            asked.request.address, asked.client, AccessDenied("The person said no.")
        )

    async def _answered(self, asked: _Asked, error: OAuthError) -> Response:
        if not await self._is_answer(asked):
            return self._answers.refusal(_OVER)
        return await self._answers.tell(asked.request.address, asked.client, error)

    async def _consent(self, asked: _Asked, person: SignedIn) -> Response:
        here = f"{current_tenant().prefix}{PATH}/{asked.handle}"
        content = ConsentPage(
            action=f"{here}/decision",
            client_name=asked.client.name,
            first_party=asked.client.first_party,
            self_registered=asked.client.metadata.self_registered,
            described_at=asked.client.described_at,
            returns_to=_shown(asked.request.redirect_uri),
            request=asked.handle,
            scopes=await scope_lines(asked.request.scope),
            signed_in_as=person.user.username,
            switch_action=f"{here}/switch",
            policy_url=asked.client.metadata.policy_uri,
            tos_url=asked.client.metadata.tos_uri,
        )
        visit = visitor().page(visits.authorization_purpose(asked.handle))
        html = self._pages.render("consent.html", visit=visit, page=content)
        return page(html, form_target=redirect_uris.form_target(asked.request.redirect_uri))


async def _record(event: Event, asked: _Asked, person: SignedIn, code_id: str = "") -> None:
    await audit.record(
        event,
        actor=audit.user(person.user.id, person.user.username),
        client_id=asked.client.client_id,
        resource=("authorization", code_id) if code_id else ("client", asked.client.client_id),
        details={"scope": " ".join(asked.request.scope)},
    )


def _shown(uri: str) -> str:
    """Where the person is sent, in words that they can check."""
    parts = urlsplit(uri)
    if redirect_uris.is_loopback(uri):
        return ""
    return parts.hostname or f"{parts.scheme}:"
