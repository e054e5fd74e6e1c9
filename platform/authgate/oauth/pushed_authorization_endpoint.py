"""``POST /oauth/par``: a client sends its authorization request itself (RFC 9126)."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from authgate.clock import Clock
from authgate.oauth import pushed_request, resources
from authgate.oauth.authorization_request import (
    AuthorizationRequest,
    Parameters,
    ReturnAddress,
    UnprovenRequest,
    must_push,
)
from authgate.oauth.client_authentication import CREDENTIALS, ClientAuthenticator
from authgate.oauth.dpop import DpopProofs
from authgate.oauth.errors import InvalidDpopProof, InvalidRequest
from authgate.oauth.request_object import RequestObjects
from authgate.storage.clients.rows import Client
from authgate.telemetry import metrics
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import Handler, MachineRequest, Reply, parse_pairs
from authgate_tenants import current_tenant

PATH: Final = "/oauth/par"


def endpoint(
    *,
    authenticator: ClientAuthenticator,
    dpop: DpopProofs,
    request_objects: RequestObjects,
    limits: Limits,
    clock: Clock,
) -> Handler:
    """The endpoint."""

    async def push(request: MachineRequest) -> Reply:
        if request.query:
            await authenticator.refuse_parameters_in_url(request.query)
        form = request.form(several=resources.PARAMETER)
        client = await authenticator.authenticate(request, form)
        left = await limits.counted(
            "pushed_per_client", client.client_id, bucket(request.client_ip)
        )
        # First: who is asked for a nonce comes again with the same request object.
        jkt = await dpop.key_of(request, client=client)
        parameters = await request_objects.opened(_pushed(request.body), client)
        wanted = _bound(_wanted(parameters, client), jkt)
        lifetime = current_tenant().settings.pushed_request_lifetime
        now = clock()
        request_uri = await pushed_request.push(
            wanted, client, now=now, expires_at=now + timedelta(seconds=lifetime)
        )
        metrics.authorizations.add("pushed")
        return Reply.json(201, {"request_uri": request_uri, "expires_in": lifetime}, own=left)

    return push


def _bound(wanted: AuthorizationRequest, jkt: str) -> AuthorizationRequest:
    """The request, whose code is for the key that was shown with it (RFC 9449 section 10.1)."""
    if not jkt or wanted.dpop_jkt == jkt:
        return wanted
    if wanted.dpop_jkt:
        raise InvalidDpopProof("The DPoP proof is not made with the key of dpop_jkt.")
    return replace(wanted, dpop_jkt=jkt)


def _pushed(body: bytes) -> Parameters:
    given = Parameters([pair for pair in parse_pairs(body) if pair[0] not in CREDENTIALS])
    if "request_uri" in given:
        raise InvalidRequest("request_uri has no place in a request that is pushed.")
    return given


def _wanted(parameters: Parameters, client: Client) -> AuthorizationRequest:
    if must_push(client) and "redirect_uri" not in parameters:
        # FAPI 2.0 Security Profile section 5.3.2.2, which is why clients are registered so.
        raise InvalidRequest("redirect_uri is required.")
    try:
        address = ReturnAddress.of(parameters, client)
    except UnprovenRequest as error:
        raise InvalidRequest(str(error)) from error
    return AuthorizationRequest.read(parameters, client, address)
