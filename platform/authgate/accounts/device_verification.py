"""``/device``: a person types the code of a device, compares what asks, and decides.

Two steps on purpose (RFC 8628 section 5.4; BCP 247): entering a code never approves it, also not
where the code came in a link.
"""

import re
from datetime import timedelta
from functools import partial

from quart import Blueprint, Response, request
from werkzeug.exceptions import Forbidden, NotFound

from authgate import audit
from authgate.accounts import step_up, user_agents, visits
from authgate.accounts.answers import page, tell_of_limit
from authgate.accounts.live_streams import LiveStreams
from authgate.accounts.scope_lines import scope_lines
from authgate.accounts.signed_out import SigningOut
from authgate.accounts.standing import to_step_up
from authgate.accounts.step_up import OutOfReach
from authgate.accounts.visits import NotSignedIn, SignedIn, signed_in, visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.live import Kind, Newsroom, Topic
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.grants import device_codes
from authgate.storage.grants.device_codes import DeviceCode, DeviceCodeStatus
from authgate.storage.sign_in import sessions
from authgate.telemetry import metrics
from authgate.tokens.authentication import Authentication
from authgate.web import row_ids
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits, TooMany
from authgate.web.pages import Pages
from authgate.web.view_models import (
    CodeProblem,
    DeviceConfirmPage,
    DeviceDonePage,
    DeviceOutcome,
    EnterCodePage,
)
from authgate_tenants import current_tenant

_CODE = re.compile(f"[{device_codes.USER_CODE_ALPHABET}]{{{device_codes.USER_CODE_LENGTH}}}\\Z")
_BETWEEN = re.compile("[\\s_.\u2010-\u2015-]+")
_LONGEST = 32

_DECIDED = "/device/decided"

_DECISIONS = {
    "approve": (DeviceCodeStatus.APPROVED, DeviceOutcome.APPROVED, Event.DEVICE_CODE_AUTHORIZED),
    "deny": (DeviceCodeStatus.DENIED, DeviceOutcome.DENIED, Event.DEVICE_CODE_DENIED),
    "report": (DeviceCodeStatus.DENIED, DeviceOutcome.REPORTED, Event.DEVICE_CODE_REPORTED),
}


class DeviceVerification:
    """The pages of the device grant."""

    def __init__(
        self,
        *,
        pages: Pages,
        signing_out: SigningOut,
        limits: Limits,
        streams: LiveStreams,
        newsroom: Newsroom,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._signing_out = signing_out
        self._limits = limits
        self._streams = streams
        self._newsroom = newsroom
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("device", __name__)
        routes.get("/device")(self.begin)
        routes.post("/device")(self.enter)
        routes.post("/device/decision")(self.decide)
        routes.post("/device/switch")(self.switch)
        routes.get(f"{_DECIDED}/<row_id>")(self.decided)
        routes.get(f"{_DECIDED}/<row_id>/live")(self.live)
        return routes

    async def begin(self) -> Response:
        """The page that asks for the code, or the request itself where a link brought the code."""
        signed_in()
        linked = request.args.get("user_code")
        return await self._entered(linked) if linked else await self._ask()

    async def enter(self) -> Response:
        """Step one: the request with this code is shown, and nothing more happens."""
        signed_in()
        return await self._entered((await request.form).get("user_code", ""))

    async def decide(self) -> Response:
        """Step two: approve, deny or report, once."""
        person, form = signed_in(), await request.form
        if not await sessions.hold(person.session.id):
            raise NotSignedIn
        shown = form.get("user_code", "")
        await visits.require_purpose(visits.device_purpose(shown))
        decision = _DECISIONS.get(form.get("decision", ""))
        found = await self._pending(normalized(shown))
        if found is None or decision is None:
            return await self._ask(shown, CodeProblem.UNKNOWN, 400)
        code, client = found
        if decision[1] is DeviceOutcome.APPROVED and form.get("mine") != "1":
            return await self._confirm(person, code, client, shown, 400)
        if decision[1] is DeviceOutcome.APPROVED and await self._is_too_little(person, *found):
            return _to_step_up(shown)
        return await self._decided(person, code, client, *decision)

    async def decided(self, row_id: str) -> Response:
        """What has become of a request that the person has approved."""
        code, client = await self._approved(row_id)
        return self._done(code, client, DeviceOutcome.APPROVED)

    async def live(self, row_id: str) -> Response:
        """News of whether the device has fetched its token.

        Nobody tells of it: that would be told with each token.
        """
        code, _ = await self._approved(row_id)
        look = partial(device_codes.status_of, code.id)
        return self._streams.answer(Topic.here(Kind.DEVICE_TOKEN, code.id), look=look)

    async def switch(self) -> Response:
        """Sign out, and come back to the code as somebody else."""
        code = normalized((await request.form).get("user_code", ""))
        prefix = current_tenant().prefix
        target = f"{prefix}/device" + (f"?user_code={code}" if code else "")
        return await self._signing_out.leave(f"{prefix}/login?return_to={target}")

    async def _entered(self, typed: str) -> Response:
        person, code = signed_in(), normalized(typed)
        try:
            await self._count_guess(person)
        except TooMany as refusal:
            return tell_of_limit(await self._paused(typed, refusal.retry_after), refusal)
        found = await self._pending(code)
        if found is None or code is None:
            metrics.device_requests.add("unknown_code")
            return await self._ask(typed, CodeProblem.UNKNOWN, 400)
        if await self._is_too_little(person, *found):
            return _to_step_up(code)
        return await self._confirm(person, *found, f"{code[:4]}-{code[4:]}")

    async def _is_too_little(self, person: SignedIn, code: DeviceCode, client: Client) -> bool:
        """Whether the person has to show a second factor before the client is given anything.
        Raises ``Forbidden`` where they never can."""
        try:
            return await step_up.is_due(person, client, code.scope.split())
        except OutOfReach as error:
            raise Forbidden from error

    async def _count_guess(self, person: SignedIn) -> None:
        # Before the code is looked at, so that guesses sent together are counted together.
        await self._limits.count("user_code_per_session", str(person.session.id))
        await self._limits.count("user_code_per_ip", bucket(visitor().facts.ip))
        await self._limits.count("user_code_per_tenant")

    async def _pending(self, code: str | None) -> tuple[DeviceCode, Client] | None:
        found = await device_codes.find_pending(code, now=self._clock()) if code else None
        client = await clients.find(found.client_id) if found else None
        if found is None or client is None or not client.is_active:
            return None
        return found, client

    async def _decided(
        self,
        person: SignedIn,
        code: DeviceCode,
        client: Client,
        status: DeviceCodeStatus,
        outcome: DeviceOutcome,
        event: Event,
    ) -> Response:
        session = person.session
        authentication = Authentication.of_session(session.proven_at, session.amr, session.id)
        won = await device_codes.decide(
            code.id,
            status=status,
            user_id=person.user.id,
            authenticated_at=authentication.at,
            amr=authentication.amr,
            now=self._clock(),
        )
        if not won:
            return await self._ask("", CodeProblem.UNKNOWN, 400)
        await self._newsroom.publish(Kind.DEVICE_CODE, code.id)
        await audit.record(
            event,
            actor=audit.user(person.user.id, person.user.username),
            client_id=client.client_id,
            resource=("device_request", str(code.id)),
            details={"scope": code.scope, "asked_from": code.ip},
        )
        metrics.device_requests.add(outcome)
        code.status = status
        return self._done(code, client, outcome)

    async def _approved(self, row_id: str) -> tuple[DeviceCode, Client]:
        """Raises ``NotFound`` for whatever else, and ``NotSignedIn``."""
        person = signed_in()
        try:
            code = await device_codes.decided_by(person.user.id, row_ids.read(row_id))
        except ValueError as error:
            raise NotFound from error
        client = await clients.find(code.client_id) if code else None
        if code is None or client is None or code.status is DeviceCodeStatus.DENIED:
            raise NotFound
        return code, client

    def _done(self, code: DeviceCode, client: Client, outcome: DeviceOutcome) -> Response:
        prefix = current_tenant().prefix
        here = f"{prefix}{_DECIDED}/{code.id}"
        waits = code.status is DeviceCodeStatus.APPROVED and code.expires_at > self._clock()
        content = DeviceDonePage(
            outcome=outcome,
            client_name=client.name,
            sessions_url=f"{prefix}/account/sessions",
            fetched=code.status is DeviceCodeStatus.REDEEMED,
            here=here if waits else "",
            live_url=f"{here}/live" if waits else "",
        )
        visit = visitor().page()
        return page(self._pages.render("device/done.html", visit=visit, page=content))

    async def _confirm(
        self, person: SignedIn, code: DeviceCode, client: Client, shown: str, status: int = 200
    ) -> Response:
        here, prefix = visitor().facts.ip, current_tenant().prefix
        same_place = bucket(code.ip) == bucket(here)
        content = DeviceConfirmPage(
            action=f"{prefix}/device/decision",
            client_name=client.name,
            first_party=client.first_party,
            self_registered=client.metadata.self_registered,
            described_at=client.described_at,
            user_code=shown,
            device=user_agents.described(code.user_agent)[0],
            asked_from_ip=code.ip,
            same_place=same_place,
            your_ip=None if same_place else here,
            asked_at=code.created_at,
            expires_at=code.expires_at,
            scopes=await scope_lines(code.scope.split()),
            signed_in_as=person.user.username,
            switch_action=f"{prefix}/device/switch",
        )
        visit = visitor().page(visits.device_purpose(shown))
        html = self._pages.render("device/confirm.html", visit=visit, page=content)
        return page(html, status)

    async def _ask(
        self,
        typed: str = "",
        problem: CodeProblem | None = None,
        status: int = 200,
        retry_seconds: int | None = None,
    ) -> Response:
        tenant = current_tenant()
        content = EnterCodePage(
            action=f"{tenant.prefix}/device",
            user_code=typed[:_LONGEST],
            lifetime_minutes=tenant.settings.device_code_lifetime // 60,
            problem=problem,
            retry_at=self._clock() + timedelta(seconds=retry_seconds) if retry_seconds else None,
            signed_in_as=signed_in().user.username,
            switch_action=f"{tenant.prefix}/device/switch",
        )
        html = self._pages.render("device/enter_code.html", visit=visitor().page(), page=content)
        return page(html, status, retry_seconds=retry_seconds)

    async def _paused(self, typed: str, seconds: int) -> Response:
        return await self._ask(typed, CodeProblem.PAUSED, 429, seconds)


def _to_step_up(code: str) -> Response:
    return to_step_up(f"{current_tenant().prefix}/device?user_code={normalized(code)}")


def normalized(typed: str) -> str | None:
    """A code as it is stored: capitals, no dash; ``None`` where it cannot be one."""
    if len(typed) > _LONGEST:
        return None
    code = _BETWEEN.sub("", typed)
    # Other alphabets have letters whose capitals are ours.
    return code.upper() if code.isascii() and _CODE.match(code.upper()) else None
