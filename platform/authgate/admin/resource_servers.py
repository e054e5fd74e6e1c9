"""``/resource-servers``: the APIs that clients may ask tokens for by name (RFC 8707 section 2).

A resource server is its URI and nothing besides: it is added and removed, and never changed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field

from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.provisioning import resource_servers
from authgate.provisioning.resource_servers import (
    LONGEST,
    ResourceServerTaken,
    TooManyResourceServers,
    UnfitResourceServer,
    UnknownResourceServer,
)
from authgate.tokens import admin_scopes
from authgate_tenants import current_tenant

_EXAMPLE = "https://api.example.com"


class ResourceServerCreation(Document):
    """A resource server to be added."""

    model_config = exemplified(uri=_EXAMPLE)

    uri: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    """Absolute and without a fragment, to the letter as clients name it (`resource`)."""


class ResourceServerDocument(Document):
    """An API that clients may ask tokens for."""

    model_config = exemplified(id=str(uuid5(NAMESPACE_URL, _EXAMPLE)), uri=_EXAMPLE)

    id: UUID
    """The same for as long as its URI is (RFC 9562 section 5.5, of URLs)."""

    uri: str
    """What clients name (`resource`), and tokens for it are for (`aud`)."""


class ResourceServerList(Document):
    """Every resource server of the tenant, by its URI; there are at most a hundred."""

    items: Sequence[ResourceServerDocument]


async def list_resource_servers(call: Call[Nothing, Nothing]) -> Answer[ResourceServerList]:
    """List resource servers.

    Where there are none all tokens are for the tenant's audience, whatever clients name.
    """
    del call
    uris = sorted(current_tenant().settings.resources)
    return Answer(ResourceServerList(items=[_document(each) for each in uris]))


async def create_resource_server(
    call: Call[Nothing, ResourceServerCreation],
) -> Answer[ResourceServerDocument]:
    """Let clients ask tokens for a resource server.

    Clients that were registered for some of them by name ask for those alone.
    """
    with _refused():
        await resource_servers.add_resource_server(
            call.parts, call.body.uri, actor=call.caller.actor
        )
    made = _document(call.body.uri)
    place = f"{current_tenant().issuer}{BASE}/resource-servers/{made.id}"
    return Answer(made, ((b"location", place.encode("ascii")),))


async def read_resource_server(call: Call[Nothing, Nothing]) -> Answer[ResourceServerDocument]:
    """Read a resource server."""
    return Answer(_named(call))


async def delete_resource_server(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Let nobody ask tokens for a resource server any more.

    Refreshing gives none for it either. Tokens that were given out work until they end.
    """
    server = _named(call)
    call.refuse_if_changed(server, required=False)
    with _refused():
        await resource_servers.remove_resource_server(
            call.parts, server.uri, actor=call.caller.actor
        )
    return Answer(None)


def _named(call: Call[Any, Any]) -> ResourceServerDocument:
    wanted = call.uuid("resource_server_id")
    for uri in current_tenant().settings.resources:
        if (found := _document(uri)).id == wanted:
            return found
    raise NotFound


def _document(uri: str) -> ResourceServerDocument:
    return ResourceServerDocument(id=uuid5(NAMESPACE_URL, uri), uri=uri)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except (ResourceServerTaken, TooManyResourceServers) as error:
        raise Conflict(str(error)) from error
    except UnfitResourceServer as error:
        raise Invalid(faults=[Fault(str(error), pointer="/uri")]) from error
    except UnknownResourceServer as error:
        raise NotFound from error


_READ = admin_scopes.Scope.RESOURCE_SERVERS_READ
_WRITE = admin_scopes.Scope.RESOURCE_SERVERS_WRITE
_ONE = "/resource-servers/{resource_server_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/resource-servers", list_resource_servers, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/resource-servers",
        create_resource_server,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_resource_server, scope=_READ),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_resource_server,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
    ),
]
