"""A program that calls a tenant's endpoints, rightly or wrongly."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

import httpx2

from authgate_tenants import Tenant

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Caller:
    """Speaks to one tenant."""

    http: httpx2.AsyncClient
    tenant: Tenant

    async def post(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        headers: Sequence[Header] = (),
        basic: tuple[str, str] | None = None,
    ) -> httpx2.Response:
        """Send a form, or any other body with the headers that go with it."""
        everything = _encoded(*headers, *([basic_header(*basic)] if basic else []))
        url = f"{self.tenant.issuer}{path}"
        if body is None:
            return await self.http.post(url, data=dict(form or {}), headers=everything)
        return await self.http.post(url, content=body, headers=everything)

    async def get(
        self, path: str, *, bearer: str | None = None, headers: Sequence[Header] = ()
    ) -> httpx2.Response:
        """Ask, with an access token where one is given."""
        token = [("Authorization", f"Bearer {bearer}")] if bearer else []
        everything = _encoded(*headers, *token)
        return await self.http.get(f"{self.tenant.issuer}{path}", headers=everything)


def _encoded(*headers: Header) -> list[tuple[bytes, bytes]]:
    # Latin-1, as a hostile program may: the client library would refuse to.
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def basic_header(client_id: str, secret: str) -> tuple[str, str]:
    """HTTP Basic as RFC 6749 section 2.3.1 has it: both parts urlencoded before they are joined."""
    joined = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    return ("Authorization", f"Basic {base64.b64encode(joined).decode()}")


def resource(tenant: Tenant) -> str:
    """What a challenge says of a tenant whose token is asked for (RFC 9728 section 5.1)."""
    base, _, path = tenant.issuer.partition("/t/")
    metadata = f"{base}/.well-known/oauth-protected-resource/t/{path}"
    return f'realm="{tenant.issuer}", resource_metadata="{metadata}"'
