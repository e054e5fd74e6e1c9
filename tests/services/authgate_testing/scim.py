"""Another directory, which provisions the people of a tenant by SCIM."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import httpx2
import orjson

from authgate.clock import utc_now
from authgate.provisioning import scim_tokens
from authgate_tenants import Tenant, use_tenant
from authgate_testing.server import RunningServer

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
MEDIA_TYPE = "application/scim+json"


@dataclass(frozen=True, slots=True)
class Directory:
    """Calls one tenant with one token."""

    http: httpx2.AsyncClient
    tenant: Tenant
    token: str

    async def call(
        self,
        method: str,
        path: str,
        said: object = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        media_type: str = MEDIA_TYPE,
    ) -> httpx2.Response:
        """Send a request, with a body where something is said."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        own |= {"Content-Type": media_type} if said is not None else {}
        return await self.http.request(
            method,
            f"{self.tenant.issuer}/scim/v2{path}",
            content=None if said is None else orjson.dumps(said),
            headers={**own, **headers},
        )

    async def get(self, path: str, **parameters: str) -> httpx2.Response:
        """Read."""
        query = f"?{httpx2.QueryParams(parameters)}" if parameters else ""
        return await self.call("GET", path + query)

    async def user(self, username: str, **said: Any) -> dict[str, Any]:
        """A new person."""
        answer = await self.call("POST", "/Users", person(username, **said))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def patch(self, path: str, *operations: Mapping[str, Any]) -> httpx2.Response:
        """Change some of something."""
        return await self.call("PATCH", path, {"schemas": [PATCH], "Operations": [*operations]})

    async def bulk(self, *operations: Mapping[str, Any], **said: Any) -> httpx2.Response:
        """Do several things."""
        body = {"schemas": [BULK], "Operations": [*operations], **said}
        return await self.call("POST", "/Bulk", body)


def person(username: str, **said: Any) -> dict[str, Any]:
    """Somebody, as a directory tells them."""
    return {"schemas": [USER], "userName": username, **said}


async def directory(
    server: RunningServer, tenant: Tenant, *, trusts_emails: bool = False
) -> Directory:
    """One that the tenant has given a token."""
    token = await given_token(tenant, trusts_emails=trusts_emails)
    return Directory(server.http, tenant, token)


async def given_token(tenant: Tenant, *, trusts_emails: bool = False) -> str:
    """A token that the tenant gives."""
    now = utc_now()
    with use_tenant(tenant):
        token, _ = await scim_tokens.allow_provisioning(
            description="Contoso's directory",
            trusts_emails=trusts_emails,
            now=now,
            expires_at=now + timedelta(days=30),
        )
    return token


def is_refused(answer: httpx2.Response, status: int, kind: str = "") -> bool:
    """Whether this is that refusal, worded as RFC 7644 section 3.12 has it."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == MEDIA_TYPE
    said = answer.json()
    assert said["schemas"] == [ERROR]
    assert said["status"] == str(status)
    assert said["detail"]
    return bool(said.get("scimType", "") == kind)
