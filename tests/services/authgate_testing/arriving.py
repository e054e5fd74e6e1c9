"""An installation to which tenants come, as operators send their files."""

import asyncio
import gzip
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import httpx2

from authgate import background, provisioning
from authgate.installation import Installation
from authgate.jobs import ReadImport, Result
from authgate.settings import Settings
from authgate.storage.tenants.imports import ImportRow
from authgate.tokens import operator_scopes
from authgate.tokens.audiences import OPERATOR_API
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, api_client
from authgate_testing.lived import PASSPHRASE, opened
from authgate_testing.server import MovableClock, RunningServer

HERE = "/imports"
_SCOPES = tuple(scope.value for scope in operator_scopes.Scope)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """An installation to which tenants come."""

    parts: Installation
    http: httpx2.AsyncClient
    ops: Tenant
    api: ApiClient
    settings: Settings
    clock: MovableClock

    async def sent(self, whole: bytes, **wish: object) -> dict[str, Any]:
        """A file that came in pieces, and is to be read."""
        made = await self.api.post(HERE, {"passphrase": PASSPHRASE, **wish})
        assert made.status_code == 201, made.text
        where, size = f"{HERE}/{made.json()['id']}", 2_000
        for number, start in enumerate(range(0, len(whole), size)):
            packed = packed_as(whole[start : start + size])
            answer = await self.api.post(f"{where}/pieces", {"number": number, "content": packed})
            assert answer.status_code == 200, answer.text
        told: dict[str, Any] = (await self.api.post(f"{where}/start")).json()
        return told

    async def read(self, import_id: str) -> Result:
        """Do the job, as a worker does."""
        job = ReadImport(import_id)
        return await background.performer(self.parts).perform(job, tenant_id=self.ops.id)

    async def ended(self, import_id: str) -> dict[str, Any]:
        """What came of it, once somebody has read it."""
        await self.read(import_id)
        async with asyncio.timeout(60):
            while True:
                told: dict[str, Any] = (await self.api.get(f"{HERE}/{import_id}")).json()
                if told["state"] in ("done", "refused"):
                    return told
                await asyncio.sleep(0.05)

    async def row(self, import_id: str) -> ImportRow:
        """What is stored of it."""
        with use_tenant(self.ops):
            return await ImportRow.get(id=UUID(import_id))


def packed_as(piece: bytes) -> str:
    """As the API takes a piece."""
    return b64encode(gzip.compress(piece)).decode()


@asynccontextmanager
async def arrivals(settings: Settings) -> AsyncIterator[Arrivals]:
    """With operators, for whom a program acts."""
    more = settings.limits.model_copy(update={"api_per_caller": "1000/s burst 10000"})
    changed = settings.model_copy(update={"operator_tenant": "ops", "limits": more})
    clock = MovableClock()
    async with opened(changed, clock) as (parts, http):
        ops = await provisioning.add_tenant(parts, slug="ops", name="Operations")
        server = RunningServer(parts, cast(httpx2.ASGITransport, http._transport), http, clock)
        api = await api_client(server, ops, *_SCOPES, base=OPERATOR_API)
        yield Arrivals(parts, http, ops, api, changed, clock)
