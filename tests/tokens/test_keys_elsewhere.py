"""Two server processes while keys follow one another and end, with Redis and without."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from pydantic import SecretStr

from authgate import background, installation, provisioning
from authgate.audit import SYSTEM
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.jobs import Result, RotateKeys
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.keys import signing_keys
from authgate.storage.keys.signing_keys import SigningKey
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres
from authgate_testing.live import host

pytestmark = on_postgres

SECONDS = 1.0
AT_ONCE = 16
"""So many on fresh connections reach both processes, mostly."""

IN_A_ROW = 3
"""After so many waves without it nobody signs by a key any more."""


@pytest.fixture(params=["redis", "nothing"])
def served(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Iterator[Settings]:
    """Two processes serve; these are the settings of a third, which changes things."""
    variables = {"AUTHGATE_SERVER__WORKERS": "2", "AUTHGATE_LIMITS__ENABLED": "false"}
    redis_url = None
    if request.param == "redis":
        redis_url = SecretStr(request.getfixturevalue("redis_url"))
        variables["AUTHGATE_REDIS_URL"] = redis_url.get_secret_value()
    with host(database_settings, tmp_path, variables) as live:
        yield live.settings.model_copy(update={"redis_url": redis_url})


class Resource:
    """A resource server that keeps the JWKS for as long as its headers allow, and its client."""

    def __init__(self, tenant: Tenant, machine: NewClient, http: httpx2.AsyncClient) -> None:
        self._issuer, self._machine, self._http = tenant.issuer, machine, http
        self.known: dict[str, jwt.PyJWK] = {}

    async def learn(self) -> str:
        """Fetch the JWKS; how long it may be kept."""
        answer = await self._http.get(f"{self._issuer}/.well-known/jwks.json")
        self.known = {each["kid"]: jwt.PyJWK(each) for each in answer.json()["keys"]}
        return str(answer.headers["cache-control"])

    async def tokens(self) -> dict[str, str]:
        """What both processes sign, all of it checked by what is known; one for each key."""
        found = await asyncio.gather(*(self._token() for _ in range(AT_ONCE)))
        for text in found:
            jwt.decode(text, self.known[_kid(text)], ["ES256"], options={"verify_aud": False})
        return {_kid(text): text for text in found}

    async def statuses(self, text: str) -> set[int]:
        """What both processes answer who shows them a token."""
        at = {"Authorization": f"Bearer {text}"}
        url = f"{self._issuer}/oauth/tokeninfo"
        answers = await asyncio.gather(*(self._http.get(url, headers=at) for _ in range(AT_ONCE)))
        return {each.status_code for each in answers}

    async def _token(self) -> str:
        answer = await self._http.post(
            f"{self._issuer}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self._machine.client.client_id, self._machine.secret or ""),
        )
        text: str = answer.json()["access_token"]
        return text


def _kid(text: str) -> str:
    return str(jwt.get_unverified_header(text)["kid"])


async def machine_at(parts: Installation) -> tuple[Tenant, NewClient]:
    tenant = await provisioning.add_tenant(parts, slug="acme", name="Acme")
    with use_tenant(tenant):
        draft = ClientDraft(name="machine", grant_types=["client_credentials"])
        return tenant, await provisioning.add_client(parts, draft)


async def signing(tenant: Tenant) -> list[str]:
    with use_tenant(tenant):
        return [each.kid for each in await signing_keys.active()]


async def become_due(tenant: Tenant) -> None:
    """Let the tenant's keys be as old as if nobody had looked for a hundred days."""
    past: Any = utc_now() - timedelta(days=100)
    with use_tenant(tenant):
        await SigningKey.all().update(published_at=past, rotates_at=past)


async def test_ky_04_05_no_process_signs_by_a_key_unknown_to_clients_or_believes_a_revoked_one(
    served: Settings,
) -> None:
    fresh = httpx2.Limits(max_keepalive_connections=0)
    async with (
        installation.opened(served) as parts,
        httpx2.AsyncClient(limits=fresh, timeout=30) as http,
    ):
        tenant, machine = await machine_at(parts)
        resource = Resource(tenant, machine, http)
        await resource.learn()
        [[first, old]] = (await resource.tokens()).items()

        await become_due(tenant)
        rotation = asyncio.create_task(
            background.performer(parts).perform(RotateKeys(), tenant_id=None)
        )
        waves: list[dict[str, str]] = []
        async with asyncio.timeout(60):
            while any(first in signed for signed in waves[-IN_A_ROW:]) or len(waves) < IN_A_ROW:
                waves.append(await resource.tokens())
                for text in (old, *waves[-1].values()):
                    assert await resource.statuses(text) == {200}
        assert await rotation is Result.DONE
        [[second, leaked]] = waves[-1].items()
        assert [second] == await signing(tenant)

        with use_tenant(tenant):
            await parts.keys.revoke(second, actor=SYSTEM)
        told_at = time.monotonic()
        await asyncio.sleep(SECONDS - (time.monotonic() - told_at))
        assert await resource.statuses(leaked) == {401}
        assert await resource.statuses(old) == {200}
        assert "max-age=60," in await resource.learn()
        assert second not in resource.known
        assert [*await resource.tokens()] == await signing(tenant)
