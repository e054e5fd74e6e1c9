"""A suspended tenant is refused wherever it is asked for, and has everything back afterwards."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest

from authgate import provisioning
from authgate_tenants import Tenant, TenantStatus
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT, Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

HTML = {"Accept": "text/html"}


async def suspend(server: RunningServer, tenant: Tenant) -> None:
    await provisioning.set_tenant_status(server.parts, tenant, TenantStatus.SUSPENDED)


async def resume(server: RunningServer, tenant: Tenant) -> None:
    await provisioning.set_tenant_status(server.parts, tenant, TenantStatus.ACTIVE)


async def held_by(ledger: Ledger, tenant: Tenant) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tenant but those of its log."""
    rows = await ledger.rows(tenant)
    del rows["audit_events"]
    return rows


async def test_ti_27_whoever_had_something_of_a_tenant_is_refused_and_has_it_back_unchanged(
    server: RunningServer,
    acme: Tenant,
    console: Application,
    device: Device,
    person: Person,
    ledger: Ledger,
) -> None:
    tokens = await console.signed_in(person)
    approved, waiting = await device.start(scope="openid"), await device.start(scope="openid")
    await decide(person, approved)
    page = await person.visit(f"{acme.issuer}/device")
    [form] = [each for each in forms(page.text) if each.action.endswith("/device")]
    typed = form.hidden | {"user_code": waiting["user_code"]}
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    before = await held_by(ledger, acme)

    await suspend(server, acme)
    refused = [
        await console.refresh(tokens["refresh_token"]),
        await device.poll(approved["device_code"]),
        await device.poll(waiting["device_code"]),
        await server.http.get(f"{acme.issuer}/oauth/userinfo", headers=bearer),
        await server.http.get(f"{acme.issuer}/oauth/tokeninfo", headers=bearer),
        await server.http.get(f"{acme.issuer}/api/v1/users", headers=bearer),
        await server.http.get(f"{acme.issuer}/.well-known/jwks.json"),
        await person.http.get(f"{acme.issuer}/account/sessions", headers=HTML),
        await person.http.get(f"{acme.issuer}/admin", headers=HTML),
        await person.http.get(console.ask().url, headers=HTML),
        await person.http.post(f"{acme.issuer}/device", data=typed, headers=HTML),
        await person.http.post(f"{acme.issuer}/logout", headers=HTML),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert await held_by(ledger, acme) == before

    await resume(server, acme)
    assert await held_by(ledger, acme) == before
    assert (await person.visit(f"{acme.issuer}/account/sessions")).status_code == 200
    assert (await server.http.get(f"{acme.issuer}/oauth/userinfo", headers=bearer)).is_success
    assert (await console.refresh(tokens["refresh_token"])).status_code == 200
    assert (await device.poll(approved["device_code"])).status_code == 200
    assert (await device.poll(waiting["device_code"])).json()["error"] == "authorization_pending"


@on_sqlite
@pytest.mark.parametrize("path", ["/oauth/token", "/login", "/api/v1/clients"])
async def test_ti_27_a_request_whose_body_comes_after_the_suspension_is_refused(
    server: RunningServer, acme: Tenant, device: Device, path: str
) -> None:
    form = urlencode({"grant_type": GRANT, "device_code": "x"} | device.credentials()).encode()

    async def slowly() -> AsyncIterator[bytes]:
        yield form[:10]
        await suspend(server, acme)
        yield form[10:]

    answer = await server.http.post(
        f"{acme.issuer}{path}",
        content=slowly(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 403
    assert "suspended" in answer.text
