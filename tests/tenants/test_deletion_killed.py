"""Whoever erases a tenant may be killed: the next one goes on, and nothing half done is seen."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from authgate import audit, background, provisioning
from authgate.audit import Event
from authgate.settings import JobSettings, Settings
from authgate.storage.audit.audit_events import AuditEvent
from authgate_tenants import Tenant, deletions, use_tenant
from authgate_tenants.models import DeletionState, TenantDeletion
from authgate_testing.server import RunningServer
from authgate_testing.terminal import environment

SERVICES = Path(__file__).parent.parent / "services"
EVENTS = 120


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A row at a time and no time to wait, so that there is much to interrupt."""
    monkeypatch.setattr(background, "schedule", lambda _: ())
    jobs = JobSettings(cleanup_batch=1)
    return settings.model_copy(update={"jobs": jobs, "tenant_deletion_days": 0})


@asynccontextmanager
async def eraser(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that does it, until it is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "authgate_testing.eraser",
        env=environment(settings)
        | {"PYTHONPATH": str(SERVICES), "AUTHGATE_JOBS__CLEANUP_BATCH": "1"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def comes_so_far(tenant: Tenant, removed: int) -> TenantDeletion:
    async with asyncio.timeout(60):
        while True:
            found = await deletions.of(tenant.slug)
            if found.removed.get("audit_events", 0) >= removed:
                return found
            await asyncio.sleep(0.01)


async def test_who_is_killed_while_erasing_has_lost_and_doubled_nothing(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    with use_tenant(acme):
        for _ in range(EVENTS):
            await audit.record(Event.LOGOUT, actor=audit.SYSTEM)
    await provisioning.request_deletion(server.parts, acme, confirmation="acme")
    with use_tenant(acme):
        total = await AuditEvent.all().count() + 1  # that the keys were destroyed

    for part in (EVENTS // 10, EVENTS // 4):
        async with eraser(server.parts.settings) as process:
            await comes_so_far(acme, part)
            process.kill()
            await process.wait()
        killed = await deletions.of("acme")
        assert killed.state is DeletionState.ERASING
        with use_tenant(acme):
            left = await AuditEvent.all().count()
        assert 0 < left == total - killed.removed["audit_events"]
        assert (await server.http.get(f"{acme.issuer}/login")).status_code == 404
        assert (await server.http.get(f"{globex.issuer}/login")).status_code == 200

    server.clock.advance(60)
    async with asyncio.timeout(60):
        while (ended := await deletions.of("acme")).state is not DeletionState.DELETED:
            await provisioning.erase_due_tenants(server.parts)
    assert ended.removed["audit_events"] == total
    assert ended.removed["tenant_data_keys"] == ended.removed["tenants"] == 1
    assert ended.certificate
