"""``POST /oauth/revoke``: a client gives a token back (RFC 7009)."""

from authgate import audit, storage
from authgate.audit import Event
from authgate.oauth.client_authentication import ClientAuthenticator
from authgate.oauth.errors import InvalidRequest
from authgate.oauth.registered_clients import RegisteredClients
from authgate.storage.clients.rows import Client
from authgate.storage.issued import refresh_tokens, tokens
from authgate.tokens import verifier
from authgate.tokens.jws import InvalidToken
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import NO_STORE, Form, Handler, MachineRequest, Reply

_LONGEST = 8192
_DONE = Reply(200, b"", NO_STORE)
"""Said whatever came of it: whoever does not know a token learns nothing of it (section 2.2)."""


def endpoint(
    *, authenticator: ClientAuthenticator, clients: RegisteredClients, limits: Limits
) -> Handler:
    """The endpoint."""

    async def revoke(request: MachineRequest) -> Reply:
        if request.query:
            await authenticator.refuse_parameters_in_url(request.query)
        form = request.form()
        is_named = _names_client(request, form)
        client = await authenticator.authenticate(request, form) if is_named else None
        left = await limits.counted("revocation_per_ip", bucket(request.client_ip))
        token = form.get("token")
        if token is None:
            raise InvalidRequest("token is required.")
        if len(token) <= _LONGEST:
            await _revoke(token, client, clients)
        return _DONE._replace(own=left)

    return revoke


def _names_client(request: MachineRequest, form: Form) -> bool:
    # AuthGate's SDK sends the token and nothing else. Whoever holds a public client's token is as
    # much the client as anybody.
    named = ("client_id", "client_assertion")
    return request.header(b"authorization") is not None or any(map(form.get, named))


async def _revoke(token: str, client: Client | None, clients: RegisteredClients) -> None:
    if refresh_tokens.is_one(token):
        found = await refresh_tokens.find(token)
        if found is not None and (owner := await _owner(found.client_id, client, clients)):
            async with storage.transaction():
                ended = await refresh_tokens.revoke_family(found.family_id)
                ended += await tokens.revoke_family(found.family_id)
                await _record(owner, ("authorization", str(found.family_id)), ended)
        return
    try:
        jti = verifier.parse_unverified(token).jti
    except InvalidToken:
        return
    known = await tokens.find(jti)
    if known is None or not known.is_of(token):
        return
    if owner := await _owner(known.client_id, client, clients):
        async with storage.transaction():
            if await tokens.revoke(jti):
                await _record(owner, ("token", str(jti)), 1)


async def _owner(
    client_id: str, client: Client | None, clients: RegisteredClients
) -> Client | None:
    """Whose token it is, if that is who asks."""
    if client is not None:
        return client if client.client_id == client_id else None
    holder = await clients.find(client_id)
    return holder if holder is not None and holder.is_public and holder.is_active else None


async def _record(owner: Client, resource: tuple[str, str], ended: int) -> None:
    if ended:
        await audit.record(
            Event.TOKEN_REVOKED,
            actor=audit.client(owner.client_id, owner.name),
            client_id=owner.client_id,
            resource=resource,
            details={"ended": ended},
        )
