"""A program that administers a tenant by its API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import httpx2
import orjson

from authgate import provisioning
from authgate.admin.catalogue import OPERATIONS
from authgate.api.operations import Operation
from authgate.permissions import UserRole, permits
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.tokens.admin_scopes import Scope
from authgate.tokens.audiences import ADMIN_API
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.caller import Caller
from authgate_testing.server import RunningServer

EVERY_SCOPE = tuple(scope.value for scope in Scope)
EVERYTHING = tuple(each.value for each in Scope if permits(UserRole.ADMIN, each.permission))
"""What a program may do, which gets as far as an administrator."""
OF_OWNERS = tuple(each for each in EVERY_SCOPE if each not in EVERYTHING)
"""What people alone may do, who own the tenant."""
PROBLEM = "application/problem+json"


@dataclass(slots=True)
class ApiClient:
    """Calls the API of one tenant with one access token."""

    http: httpx2.AsyncClient
    tenant: Tenant
    token: str
    client: NewClient | None = field(default=None)
    base: str = ADMIN_API
    """Of the API, below the issuer."""

    async def call(
        self,
        method: str,
        path: str,
        said: object = None,
        *,
        body: bytes | None = None,
        media_type: str = "application/json",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> httpx2.Response:
        """Send a request, with a body of JSON where something is said."""
        content = orjson.dumps(said) if said is not None else body
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        own |= {"Content-Type": media_type} if content is not None else {}
        url = f"{self.tenant.issuer}{self.base}{path}"
        return await self.http.request(method, url, content=content, headers={**own, **headers})

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """Read; ``if_none_match`` is the header ``If-None-Match``."""
        return await self.call("GET", path, headers=_named(headers))

    async def post(self, path: str, said: object = None, **headers: str) -> httpx2.Response:
        """Create or do something."""
        return await self.call("POST", path, said, headers=_named(headers))

    async def patch(
        self, path: str, said: Mapping[str, Any], *, if_match: str = ""
    ) -> httpx2.Response:
        """Change something."""
        headers = {"If-Match": if_match} if if_match else {}
        kind = "application/merge-patch+json"
        return await self.call("PATCH", path, said, media_type=kind, headers=headers)

    async def delete(self, path: str, **headers: str) -> httpx2.Response:
        """Remove something."""
        return await self.call("DELETE", path, headers=_named(headers))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


async def api_client(
    server: RunningServer,
    tenant: Tenant,
    *scopes: str,
    asks: str | None = None,
    base: str = ADMIN_API,
) -> ApiClient:
    """A client of the tenant that may use these scopes, and has a token with them."""
    with use_tenant(tenant):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(name="Terraform", grant_types=["client_credentials"], scopes=list(scopes)),
        )
    asked = " ".join(scopes) if asks is None else asks
    issued = await client_token(server, tenant, client, asked)
    return ApiClient(server.http, tenant, issued["access_token"], client, base)


async def renewed(server: RunningServer, api: ApiClient) -> ApiClient:
    """The same program, with a token that is good now."""
    assert api.client is not None
    scope = " ".join(sorted(api.client.client.scopes))
    issued = await client_token(server, api.tenant, api.client, scope)
    return replace(api, token=issued["access_token"])


async def administering(server: RunningServer, tenant: Tenant, *scopes: str) -> Application:
    """An application that administers the tenant for whoever signs in to it."""
    with use_tenant(tenant):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Acme Admin",
                client_id="admin",
                grant_types=["authorization_code", "refresh_token"],
                scopes=["openid", "offline_access", *scopes],
                redirect_uris=["https://admin.example/callback"],
            ),
        )
    return Application(server.http, tenant, client, "https://admin.example/callback")


async def client_token(
    server: RunningServer, tenant: Tenant, client: NewClient, scope: str
) -> dict[str, Any]:
    """What a client is told that asks for a token of its own."""
    form = {"grant_type": "client_credentials", "scope": scope}
    basic = (client.client.client_id, client.secret or "")
    answer = await Caller(server.http, tenant).post("/oauth/token", form, basic=basic)
    told: dict[str, Any] = answer.json()
    return told


def is_problem(answer: httpx2.Response, status: int, kind: str) -> bool:
    """Whether this is that problem, worded as RFC 9457 has it."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said["status"] == status
    assert said["request_id"] == answer.headers["x-request-id"]
    assert said["type"].endswith(f"/api/v1/docs#{kind}")
    return bool(said["kind"] == kind and said["title"])


def removing_last() -> Iterator[Operation]:
    """Every operation; those that remove things at the end, what is part of another before it."""
    ends = [each for each in reversed(OPERATIONS) if each.method == "DELETE"]
    yield from (each for each in OPERATIONS if each not in ends)
    yield from sorted(ends, key=lambda each: -each.path.count("/"))
