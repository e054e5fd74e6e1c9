"""``POST /oauth/token``: the token endpoint (RFC 6749 section 3.2).

The steps that every grant shares are here, in order; what differs is in the grants.
"""

from collections.abc import Iterable

from authgate.oauth import responses
from authgate.oauth.client_authentication import ClientAuthenticator
from authgate.oauth.dpop import HEADER as DPOP
from authgate.oauth.dpop import DpopProofs
from authgate.oauth.errors import (
    InvalidDpopProof,
    InvalidRequest,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from authgate.oauth.grants import Grant, TokenRequest
from authgate.storage.clients.rows import Client
from authgate.tokens import security_profile
from authgate.tokens.confirmation import Confirmation
from authgate.tokens.issuer import IssuedToken
from authgate.web import prefer
from authgate.web.client_certificate import ClientCertificates
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import NO_STORE, Form, Handler, Headers, MachineRequest, Reply


def endpoint(
    *,
    grants: Iterable[Grant],
    authenticator: ClientAuthenticator,
    dpop: DpopProofs,
    certificates: ClientCertificates,
    limits: Limits,
) -> Handler:
    """The endpoint, for these grants."""
    by_type = {grant.grant_type: grant for grant in grants}

    async def token(request: MachineRequest) -> Reply:
        if request.query:
            await authenticator.refuse_parameters_in_url(request.query)
        form = request.form()
        grant = _grant(form, by_type)
        client = await authenticator.authenticate(request, form, grant_type=grant.grant_type)
        if grant.grant_type not in client.grant_types:
            raise UnauthorizedClient("The client is not registered for this grant.")
        left: Headers = ()
        wait = None
        if grant.is_paced:
            wait = prefer.wait(request.headers, request.gone)
        else:
            left = await limits.counted(
                "token_per_client", client.client_id, bucket(request.client_ip)
            )
        if not _must_bind(client) and request.header(DPOP) is None:
            asked = TokenRequest(client, form, request.client_ip, wait=wait)
            issued = await grant.redeem(asked)
            return prefer.waited(Reply.json(200, _success(issued), own=left), wait)
        shown = await _shown(request, client, dpop, certificates)
        asked = TokenRequest(client, form, request.client_ip, shown, wait)
        issued = await grant.redeem(asked)
        nonce = responses.dpop_nonce(await dpop.nonce()) if shown.jkt else ()
        reply = Reply.json(200, _success(issued), NO_STORE + nonce, own=left)
        return prefer.waited(reply, wait)

    return token


async def _shown(
    request: MachineRequest, client: Client, dpop: DpopProofs, certificates: ClientCertificates
) -> Confirmation:
    """The keys that the client has shown, to which its tokens are bound."""
    jkt, x5t = await dpop.key_of(request, client=client), ""
    if client.metadata.dpop_bound_access_tokens and not jkt:
        raise InvalidDpopProof("The client is registered for tokens bound to its key.")
    if client.metadata.tls_client_certificate_bound_access_tokens:
        x5t = certificates.thumbprint(request)
        if not x5t:
            raise InvalidRequest("The client is registered for tokens bound to its certificate.")
    if not jkt and not x5t:
        raise InvalidDpopProof("The client's security profile demands tokens bound to its key.")
    return Confirmation(jkt, x5t)


def _must_bind(client: Client) -> bool:
    said = client.metadata
    is_registered = said.dpop_bound_access_tokens or said.tls_client_certificate_bound_access_tokens
    return is_registered or bool(security_profile.of(client))


def _grant(form: Form, by_type: dict[str, Grant]) -> Grant:
    wanted = form.get("grant_type")
    if wanted is None:
        raise InvalidRequest("grant_type is required.")
    grant = by_type.get(wanted)
    if grant is None:
        raise UnsupportedGrantType("No such grant_type here.")
    return grant


def _success(issued: IssuedToken) -> dict[str, str | int]:
    answer: dict[str, str | int] = {
        "access_token": issued.access_token,
        "token_type": issued.token_type,
        "expires_in": issued.expires_in,
        "scope": issued.scope,
    }
    if issued.refresh_token:
        answer["refresh_token"] = issued.refresh_token
    if issued.issued_token_type:
        answer["issued_token_type"] = issued.issued_token_type
    if issued.id_token:
        answer["id_token"] = issued.id_token
    return answer
