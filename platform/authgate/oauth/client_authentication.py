"""Who is the client? (RFC 6749 section 2.3)

A client proves itself by HTTP Basic, by parameters of the form or by an assertion, never by two of
them; a public client names itself. Whatever is wrong, the answer is the same, so it tells nothing
about who exists.
"""

import asyncio
import base64
from datetime import datetime
from typing import NamedTuple, NoReturn
from urllib.parse import parse_qs, unquote_plus

import bcrypt

from authgate import audit
from authgate.audit import Event
from authgate.clock import Clock, utc_now
from authgate.oauth import client_assertion
from authgate.oauth.client_assertion import ClientAssertions
from authgate.oauth.client_tls import ClientTls
from authgate.oauth.errors import InvalidClient, InvalidRequest
from authgate.oauth.families import REFRESH
from authgate.oauth.registered_clients import RegisteredClients
from authgate.storage.clients.rows import Client
from authgate.telemetry import metrics
from authgate.tokens import security_profile
from authgate.tokens.foreign_jwt import ForeignJwt
from authgate.tokens.jws import InvalidToken
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import FIELD_LIMIT, Form, MachineRequest
from authgate_tenants import current_tenant

CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
"""Parameters that prove who the client is, and are nothing else of a request."""

_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_LONGEST = 512
_BCRYPT_BYTES = 72
"""What bcrypt reads; secrets of AuthGate (Go) have 56."""

_ONE_AT_A_TIME = asyncio.Semaphore(1)
"""A tenth of a second of one processor each: strangers who guess wait for one another."""


class Credentials(NamedTuple):
    """What a request says of its client."""

    client_id: str
    secret: str | None
    method: str
    """By its name in client metadata (RFC 7591 section 2)."""


class ClientAuthenticator:
    """Finds clients and checks what they prove."""

    def __init__(
        self,
        *,
        clients: RegisteredClients,
        assertions: ClientAssertions,
        tls: ClientTls,
        limits: Limits,
        clock: Clock = utc_now,
    ) -> None:
        self._clients = clients
        self._assertions = assertions
        self._tls = tls
        self._limits = limits
        self._clock = clock

    async def refuse_parameters_in_url(self, query: bytes) -> NoReturn:
        """Credentials never go into a URL, which is logged wherever it passes (RFC 6749 2.3.1).

        A client's secret that did is written down: it has to be replaced. Raises
        ``InvalidRequest``.
        """
        given = _url_parameters(query)
        client = await self._clients.find(given.get("client_id", ""))
        if client is not None and client.secrets.include(
            given.get("client_secret", ""), now=self._clock()
        ):
            await audit.record(
                Event.CLIENT_SECRET_EXPOSED,
                actor=audit.ANONYMOUS,
                success=False,
                client_id=client.client_id,
                resource=("client", client.client_id),
            )
        raise InvalidRequest("Parameters belong into the body, not into the URL.")

    async def authenticate(
        self, request: MachineRequest, form: Form, *, grant_type: str = ""
    ) -> Client:
        """The client that a request proves to come from.

        With ``grant_type`` a confidential client may leave its secret out if it is registered so
        for that grant. Raises ``InvalidClient``, ``InvalidRequest`` and ``TooMany``.
        """
        authorization = request.header(b"authorization")
        if form.get("client_assertion") is not None:
            return await self._by_assertion(request, form, authorization)
        credentials = _credentials(authorization, form)
        client = await self._clients.find(credentials.client_id)
        if client is not None and client.secrets.bcrypt is not None:
            client = await self._renewed(client, credentials)
        if client is None or not _proves(
            client, credentials, grant_type=grant_type, now=self._clock()
        ):
            return await self._by_certificate(request, credentials, client)
        if not _is_taken(client, credentials.method):
            await self._refuse(request, credentials, reason="not as its security profile demands")
        return await self._proven(client, credentials.method)

    async def _renewed(self, client: Client, credentials: Credentials) -> Client | None:
        """The client, whose secret came from AuthGate (Go) and is proven for the first time."""
        secret, stored = credentials.secret or "", client.secrets.bcrypt
        if not secret or stored is None or len(secret.encode()) > _BCRYPT_BYTES:
            return client
        async with _ONE_AT_A_TIME:
            right = await asyncio.to_thread(bcrypt.checkpw, secret.encode(), stored)
        return await self._clients.renewed(client, secret) if right else client

    async def _by_certificate(
        self, request: MachineRequest, credentials: Credentials, client: Client | None
    ) -> Client:
        """The client, if it names itself and shows its certificate (RFC 8705 section 2)."""
        if client is None or not client.is_active or credentials.secret is not None:
            await self._refuse(request, credentials)
        method = await self._tls.method(request, client)
        if not method:
            await self._refuse(request, credentials)
        return await self._proven(client, method)

    async def _by_assertion(
        self, request: MachineRequest, form: Form, authorization: str | None
    ) -> Client:
        """RFC 7523 section 3: believed as a whole, or not at all."""
        assertion = _assertion(form, authorization)
        credentials = _asserted(assertion, form)
        client = await self._clients.find(credentials.client_id)
        try:
            if client is None or not client.is_active:
                raise InvalidToken("not of a client that is served")
            if not _is_taken(client, credentials.method):
                raise InvalidToken("not as the client's security profile demands")
            endpoint = f"{current_tenant().issuer}{request.path}"
            await self._assertions.prove(client, assertion, endpoint=endpoint)
        except InvalidToken as error:
            await self._refuse(request, credentials, reason=str(error))
        return await self._proven(client, credentials.method)

    async def _proven(self, client: Client, method: str) -> Client:
        metrics.client_authentications.add(method, "success")
        if client.expires_at is not None:
            await self._clients.used(client, now=self._clock())
        return client

    async def _refuse(
        self, request: MachineRequest, credentials: Credentials, *, reason: str = ""
    ) -> NoReturn:
        metrics.client_authentications.add(credentials.method, "failure")
        address = bucket(request.client_ip)
        await self._limits.count("client_failures", credentials.client_id, address)
        # Who makes up a new id each time would otherwise never be told to stop.
        await self._limits.count("client_failures_per_ip", address)
        await audit.record(
            Event.CLIENT_AUTHENTICATION_FAILURE,
            actor=audit.ANONYMOUS,
            success=False,
            client_id=credentials.client_id,
            details={"method": credentials.method} | ({"reason": reason} if reason else {}),
        )
        raise InvalidClient("Client authentication failed.")


def _url_parameters(query: bytes) -> dict[str, str]:
    try:
        given = parse_qs(query.decode("ascii"), max_num_fields=FIELD_LIMIT)
    except ValueError:
        return {}
    return {name: values[0][:_LONGEST] for name, values in given.items()}


def _assertion(form: Form, authorization: str | None) -> ForeignJwt:
    if authorization is not None or form.get("client_secret") is not None:
        raise InvalidRequest("The client authenticates in two ways; RFC 6749 allows one.")
    if form.get("client_assertion_type") != client_assertion.TYPE:
        raise InvalidRequest(f"client_assertion_type must be {client_assertion.TYPE}.")
    try:
        return ForeignJwt.read(form.get("client_assertion") or "")
    except InvalidToken as error:
        raise InvalidClient("Client authentication failed.") from error


def _asserted(assertion: ForeignJwt, form: Form) -> Credentials:
    try:
        client_id = client_assertion.named_by(assertion)
    except InvalidToken as error:
        raise InvalidClient("Client authentication failed.") from error
    if len(client_id) > _LONGEST or form.get("client_id") not in (None, client_id):
        raise InvalidClient("Client authentication failed.")
    return Credentials(client_id, None, client_assertion.method_of(assertion))


def _credentials(authorization: str | None, form: Form) -> Credentials:
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if authorization is not None:
        return _from_header(authorization, client_id, secret)
    if client_id is None:
        raise InvalidRequest("client_id is required.")
    if len(client_id) > _LONGEST or len(secret or "") > _LONGEST:
        raise InvalidClient("Client authentication failed.")
    return Credentials(client_id, secret, "client_secret_post" if secret else "none")


def _from_header(
    authorization: str, form_client_id: str | None, form_secret: str | None
) -> Credentials:
    client_id, secret = _basic(authorization)
    if form_client_id not in (None, client_id):
        raise InvalidRequest("The client_id of the form is not that of the Authorization header.")
    if secret and form_secret:
        raise InvalidRequest("The client authenticates in two ways; RFC 6749 allows one.")
    if secret:
        return Credentials(client_id, secret, "client_secret_basic")
    # Libraries that probe send a public client as Basic with an empty password.
    return Credentials(client_id, form_secret, "client_secret_post" if form_secret else "none")


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 2 * _LONGEST:
        raise InvalidClient("Client authentication failed.")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = decoded.partition(":")
        # RFC 6749 section 2.3.1: both parts are urlencoded before they are joined.
        client_id = unquote_plus(client_id, errors="strict")
        secret = unquote_plus(secret, errors="strict")
    except ValueError as error:
        raise InvalidClient("Client authentication failed.") from error
    if not colon or not client_id or "\0" in client_id or "\0" in secret:
        raise InvalidClient("Client authentication failed.")
    return client_id, secret


def _proves(client: Client, credentials: Credentials, *, grant_type: str, now: datetime) -> bool:
    # Compared even where it cannot match, so that every refusal takes the same time.
    matches = client.secrets.include(credentials.secret or "", now=now)
    if not client.is_active:
        return False
    if credentials.secret is None and _may_leave_it_out(client, grant_type):
        return True
    if credentials.method not in client.authentication_methods:
        return False
    return client.is_public or matches


def _is_taken(client: Client, method: str) -> bool:
    """Whether its security profile takes this method; certificates and keys always are."""
    return method in security_profile.METHODS or not security_profile.of(client)


def _may_leave_it_out(client: Client, grant_type: str) -> bool:
    if grant_type == REFRESH:
        return client.metadata.unauthenticated_refresh
    return grant_type == _DEVICE and client.unauthenticated_device_grant
