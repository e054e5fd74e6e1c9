"""What goes into Redis: names that begin with the tenant, and nothing secret."""

from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.people.users import User
from authgate_tenants import Tenant
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

pytestmark = on_sqlite

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def settings(database_settings: DatabaseSettings, tmp_path: Path, redis_url: str) -> Settings:
    """A server that shares what it counts."""
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        redis_url=SecretStr(redis_url),
        log_level="info",
    )


async def test_ti_12_every_key_begins_with_its_tenant_and_holds_no_secret(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    alice: User,
    bob: User,
    device: Device,
    foreign_device: Device,
    at_acme: Caller,
    redis_url: str,
    wiretap: Wiretap,
) -> None:
    for tenant, name, its_device in ((acme, "alice", device), (globex, "bob", foreign_device)):
        person = Person(server.browser())
        await person.sign_in(tenant.issuer, name, PASSWORD)
        shown = await its_device.start()
        await its_device.poll(shown["device_code"])
        await decide(person, shown)
        assert (await its_device.poll(shown["device_code"])).status_code == 200
        await person.visit(f"{tenant.issuer}/device?user_code=BBBB-BBBB")
    for _ in range(25):
        await at_acme.post("/oauth/token", {"grant_type": "client_credentials", "client_id": "x"})
        await at_acme.get("/oauth/tokeninfo", bearer="x.y.z")

    with redis.Redis.from_url(redis_url) as client:
        stored = {key.decode(): str(client.get(key)) for key in client.keys("*")}
    owners = {f"t:{{{tenant.id}}}" for tenant in (acme, globex)}
    assert len(stored) > 10
    assert {key[:40] for key in stored} == owners
    assert wiretap.leaks(str(stored)) == []
    assert not [key for key in stored if "alice" in key or "bob" in key]


async def test_ti_13_what_is_remembered_of_one_tenant_is_never_told_to_another(
    device: Device, foreign_device: Device, at_acme: Caller, at_globex: Caller
) -> None:
    # The same client id, asked for in turn while everything is remembered.
    for _ in range(3):
        for its_device, name in ((device, "acme"), (foreign_device, "globex")):
            shown = await its_device.start()
            assert shown["verification_uri"].endswith(f"/t/{name}/device")
        keys = [
            {key["kid"] for key in (await each.get("/.well-known/jwks.json")).json()["keys"]}
            for each in (at_acme, at_globex)
        ]
        assert not keys[0] & keys[1]


async def test_limits_and_paces_are_shared_through_redis(
    server: RunningServer, acme: Tenant, device: Device, at_acme: Caller
) -> None:
    form = {"grant_type": "client_credentials", "client_id": "x"}
    codes = [(await at_acme.post("/oauth/token", form)).status_code for _ in range(22)]
    assert codes == [401] * 20 + [429] * 2
    shown = await device.start()
    answers = [(await device.poll(shown["device_code"])).json()["error"] for _ in range(2)]
    assert answers == ["authorization_pending", "slow_down"]
