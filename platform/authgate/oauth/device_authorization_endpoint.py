"""``POST /oauth/device/code``: the device authorization endpoint (RFC 8628 section 3.1)."""

from datetime import timedelta

from uuid_utils import uuid7

from authgate import audit
from authgate.audit import Event
from authgate.clock import Clock
from authgate.oauth.client_authentication import ClientAuthenticator
from authgate.oauth.errors import UnauthorizedClient
from authgate.oauth.grants import asked_scopes
from authgate.oauth.grants.device_code import DeviceCodeGrant
from authgate.storage.audit import audit_events
from authgate.storage.clients.rows import Client
from authgate.storage.grants import device_codes
from authgate.storage.grants.device_codes import Codes, NewRequest
from authgate.telemetry import metrics
from authgate.tokens import scopes
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import Form, Handler, MachineRequest, Reply, parse_json_form
from authgate_tenants import current_tenant


def endpoint(*, authenticator: ClientAuthenticator, limits: Limits, clock: Clock) -> Handler:
    """The endpoint."""

    async def device_authorization(request: MachineRequest) -> Reply:
        if request.query:
            await authenticator.refuse_parameters_in_url(request.query)
        form = _form(request)
        client = await authenticator.authenticate(
            request, form, grant_type=DeviceCodeGrant.grant_type
        )
        if DeviceCodeGrant.grant_type not in client.grant_types:
            raise UnauthorizedClient("The client is not registered for the device grant.")
        left = await limits.counted(
            "device_authorization", client.client_id, bucket(request.client_ip)
        )
        scope = " ".join(_granted(asked_scopes(form), client))
        codes = await _issue(request, client, scope, clock)
        metrics.device_requests.add("started")
        return Reply.json(200, _answer(codes), own=left)

    return device_authorization


def _granted(asked: tuple[str, ...], client: Client) -> tuple[str, ...]:
    # AuthGate's device clients ask for "read write" whatever they are registered for. They get
    # what they may have, which the person sees before approving and the token response reports
    # (RFC 6749 section 3.3), and never what they asked for beyond it.
    return scopes.granted(asked, registered=client.scopes) or scopes.usual(client.scopes)


def _form(request: MachineRequest) -> Form:
    # AuthGate takes JSON here, and here alone.
    if request.content_type() == "application/json":
        return parse_json_form(request.body)
    return request.form()


async def _issue(request: MachineRequest, client: Client, scope: str, clock: Clock) -> Codes:
    settings, now = current_tenant().settings, clock()
    new = NewRequest(
        id=str(uuid7()),
        client_id=client.client_id,
        scope=scope,
        poll_interval=settings.device_poll_interval,
        ip=request.client_ip,
        user_agent=(request.header(b"user-agent") or "")[:512],
        created_at=now,
        expires_at=now + timedelta(seconds=settings.device_code_lifetime),
    )
    happened = audit.event(
        Event.DEVICE_CODE_GENERATED,
        actor=audit.client(client.client_id, client.name),
        client_id=client.client_id,
        resource=("device_request", new.id),
        details={"scope": scope},
    )
    return await device_codes.issue(new, audit_events.row(happened))


def _answer(codes: Codes) -> dict[str, str | int]:
    settings, issuer = current_tenant().settings, current_tenant().issuer
    shown = f"{codes.user_code[:4]}-{codes.user_code[4:]}"
    return {
        "device_code": codes.device_code,
        "user_code": shown,
        "verification_uri": f"{issuer}/device",
        "verification_uri_complete": f"{issuer}/device?user_code={shown}",
        "expires_in": settings.device_code_lifetime,
        "interval": settings.device_poll_interval,
    }
