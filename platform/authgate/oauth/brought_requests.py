"""Requests for authorization as browsers bring them: in parameters, in a signed object (RFC 9101),
or by the reference to what the client has pushed (RFC 9126)."""

from authgate.accounts.answers import sent_parameters
from authgate.accounts.visits import visitor
from authgate.clock import Clock
from authgate.languages import text
from authgate.oauth import pushed_request
from authgate.oauth.authorization_request import AuthorizationRequest, Parameters, UnprovenRequest
from authgate.oauth.client_documents import ClientDocuments, UnreadableDocument
from authgate.oauth.errors import OAuthError
from authgate.oauth.request_object import RequestObjects
from authgate.storage.clients import clients, ids
from authgate.storage.clients.rows import Client
from authgate.web.client_ip import bucket
from authgate.web.machine import BadRequest


class BroughtRequests:
    """Finds out what is wanted, and by which client."""

    def __init__(
        self, *, request_objects: RequestObjects, documents: ClientDocuments, clock: Clock
    ) -> None:
        self._request_objects = request_objects
        self._documents = documents
        self._clock = clock

    async def request(self) -> tuple[AuthorizationRequest, Client]:
        """What the browser brings now.

        Raises ``UnprovenRequest`` where nobody may be told, and ``RefusedRequest`` where the client
        is.
        """
        parameters = await _parameters()
        client = await self._client(parameters)
        wanted = await self._wanted(parameters, client)
        assert client is not None  # noqa: S101  # else its address is not proven
        return wanted, client

    async def _client(self, parameters: Parameters) -> Client | None:
        client_id = parameters.get("client_id")
        if ids.is_address(client_id):
            try:
                address = bucket(visitor().facts.ip)
                await self._documents.introduce(client_id, address=address)
            except UnreadableDocument as error:
                raise UnprovenRequest(str(error)) from error
        return await clients.find(client_id) if len(client_id) <= ids.LONGEST else None

    async def _wanted(self, parameters: Parameters, client: Client | None) -> AuthorizationRequest:
        reference = pushed_request.reference_of(parameters.get("request_uri"))
        if reference is None:
            return await self._brought(parameters, client)
        if "request_uri" in parameters.repeated or client is None or not client.is_active:
            raise UnprovenRequest(pushed_request.NOT_GOOD)
        # RFC 9126 section 4: what else the browser brings does not count.
        return await pushed_request.take(reference, client, now=self._clock())

    async def _brought(self, parameters: Parameters, client: Client | None) -> AuthorizationRequest:
        if client is None or not client.is_active:
            return AuthorizationRequest.brought(parameters, client)
        try:
            opened = await self._request_objects.opened(parameters, client)
        except OAuthError as error:
            # Where to answer stands in the object, which nobody vouches for.
            raise UnprovenRequest(f"{error.description} ({error.code})") from error
        return AuthorizationRequest.brought(opened, client)


async def _parameters() -> Parameters:
    try:
        return Parameters(await sent_parameters())
    except BadRequest as error:
        raise UnprovenRequest(text("The application's request cannot be read.")) from error
