"""What the whole server measures of what happens, and that nobody makes it measure more."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from authgate import provisioning
from authgate.background import schedule
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, JobSettings, KeySettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import users
from authgate.telemetry.exposition import exposition
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"
MANY = 50
CLEAN_UP = {"kind": "remove-expired", "result": "done"}
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

Series = tuple[str, tuple[tuple[str, str], ...]]


@pytest.fixture
def settings(database_settings: DatabaseSettings, tmp_path: Path, redis_url: str) -> Settings:
    """A server that shares what it counts, and cleans up soon."""
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        redis_url=SecretStr(redis_url),
        jobs=JobSettings(cleanup_seconds=1),
        log_level="error",
    )


def samples(name: str = "") -> Iterator[tuple[Series, float]]:
    """All of them, or those of this name and of longer ones."""
    _, text = exposition()
    lines = [line for line in text.decode().splitlines(keepends=True) if line.startswith(name)]
    for family in text_string_to_metric_families("".join(lines)):
        for sample in family.samples:
            yield (sample.name, tuple(sorted(sample.labels.items()))), sample.value


def value(name: str, **labels: str) -> float:
    return dict(samples(name)).get((name, tuple(sorted(labels.items()))), 0.0)


async def everything_happens(server: RunningServer, password_hash: str, number: int) -> None:
    """A tenant of its own, its client, its person, and an attacker with words of his own."""
    slug = f"tenant-{number}"
    tenant = await provisioning.add_tenant(server.parts, slug=slug, name=slug)
    with use_tenant(tenant):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name=f"Client {number}",
                grant_types=[DEVICE_GRANT, "client_credentials"],
                scopes=["openid", "read"],
            ),
        )
        await users.create(
            username=f"person-{number}",
            name="A Person",
            email=f"person-{number}@{slug}.example",
            email_verified=True,
            password_hash=password_hash,
        )
    async with server.from_address(f"203.0.{number}.7") as http:
        await _well(http, tenant, client, number)
        await _ill(http, tenant, client, number)


async def _well(http: httpx2.AsyncClient, tenant: Tenant, client: NewClient, number: int) -> None:
    device, person = Device(http, tenant, client), Person(http)
    shown = await device.start()
    await device.poll(shown["device_code"])
    await device.poll(shown["device_code"])
    await person.sign_in(tenant.issuer, f"person-{number}", PASSWORD)
    await decide(person, shown)
    assert (await device.poll(shown["device_code"])).status_code == 200
    form = {"grant_type": "client_credentials"} | device.credentials()
    token = (await http.post(f"{tenant.issuer}/oauth/token", data=form)).json()["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert (await http.get(f"{tenant.issuer}/oauth/tokeninfo", headers=bearer)).status_code == 200


async def _ill(http: httpx2.AsyncClient, tenant: Tenant, client: NewClient, number: int) -> None:
    invented = f"invented-{number}"
    token = f"{tenant.issuer}/oauth/token"
    wrong = {"client_id": client.client.client_id, "client_secret": invented}
    for form in (
        {"grant_type": invented},
        {"grant_type": "client_credentials"} | wrong,
        {"grant_type": "client_credentials", "client_id": invented, "client_secret": invented},
        {"grant_type": DEVICE_GRANT, "device_code": invented} | wrong,
    ):
        assert (await http.post(token, data=form)).status_code in (400, 401)
    for method, path in (
        (invented.upper(), "/oauth/token"),
        ("GET", f"/{invented}"),
        ("GET", f"/login/{invented}"),
        ("GET", f"/device?user_code={invented}"),
        ("POST", f"/login/{invented}/callback"),
    ):
        await http.request(method, f"{tenant.issuer}{path}")
    await http.get(f"/t/{invented}/login")
    await http.get("/", headers={"host": f"{invented}.example"})
    await http.get(f"/static/{invented}.css")
    await http.get(f"{tenant.issuer}/oauth/userinfo", headers={"authorization": invented})
    await Person(http).sign_in(tenant.issuer, invented, PASSWORD)


@on_sqlite
async def test_ti_22_tenants_clients_people_and_attackers_add_no_series(
    server: RunningServer, password_hash: str, settings: Settings
) -> None:
    await everything_happens(server, password_hash, 0)
    async with asyncio.timeout(120):
        while not value("authgate_job_duration_seconds_count", **CLEAN_UP):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    before = {series for series, _ in samples()}
    for number in range(1, MANY + 1):
        await everything_happens(server, password_hash, number)
    after = {series for series, _ in samples()}
    # The rounds of the other jobs come when their time comes, and a busy machine has others: what
    # one tenant adds, fifty add fifty times.
    periodic = {each.job.name for each in schedule(settings)}
    added = Counter(
        name for name, labels in after - before if dict(labels).get("kind") not in periodic
    )
    assert not added or max(added.values()) < MANY // 2, added
    words = {word for _, labels in before | after for _, word in labels}
    assert not [word for word in words if re.search(r"tenant-|person-|invented|203\.0", word)]


async def test_what_is_kept_and_what_is_loaded_is_counted(
    server: RunningServer, acme: Tenant
) -> None:
    looked_up = {"cache": "tenants", "result": "hit"}, {"cache": "tenants", "result": "miss"}
    hits, misses = (value("authgate_cache_requests_total", **each) for each in looked_up)
    for _ in range(10):
        await server.http.get(f"{acme.issuer}/.well-known/jwks.json")
    await server.http.get("/metrics")
    assert value("authgate_cache_requests_total", **looked_up[0]) >= hits + 5
    assert value("authgate_cache_requests_total", **looked_up[1]) >= misses + 1
    assert value("authgate_cache_entries", cache="tenants") >= 1


async def test_storage_is_measured_where_requests_wait_for_it(
    server: RunningServer, acme: Tenant, machine: NewClient, settings: Settings
) -> None:
    names = [
        "authgate_append_log_commit_duration_seconds_count",
        "authgate_lookup_duration_seconds_count",
        "authgate_redis_exchange_duration_seconds_count",
    ]
    before = [value(name) for name in names]
    waits = value("authgate_db_pool_wait_seconds_count")
    form = {
        "grant_type": "client_credentials",
        "client_id": machine.client.client_id,
        "client_secret": machine.secret,
    }
    token = (await server.http.post(f"{acme.issuer}/oauth/token", data=form)).json()
    await server.http.get(
        f"{acme.issuer}/oauth/tokeninfo",
        headers={"authorization": f"Bearer {token['access_token']}"},
    )
    assert all(value(name) > old for name, old in zip(names, before, strict=True))
    await server.http.get("/metrics")
    if not settings.database.is_sqlite:
        assert value("authgate_db_pool_limit_connections") == settings.database.pool_size
        assert value("authgate_db_pool_connections", state="idle") >= 1
        assert value("authgate_db_pool_wait_seconds_count") > waits


@on_sqlite
async def test_a_change_is_heard_as_late_as_is_measured(
    server: RunningServer, acme: Tenant
) -> None:
    before = value("authgate_invalidation_lag_seconds_count")
    await server.parts.tenants.invalidate((None, "slug", acme.slug))
    async with asyncio.timeout(30):
        while value("authgate_invalidation_lag_seconds_count") == before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await server.http.get("/metrics")
    assert value("authgate_invalidations_owed") == 0
    assert value("authgate_redis_connected") == 1
    assert value("authgate_invalidations_connected") == 1


@on_sqlite
async def test_who_sends_too_many_is_counted_by_the_rule(
    server: RunningServer, acme: Tenant
) -> None:
    rule = {"rule": "client_failures"}
    alarm = {"event": "RATE_LIMIT_EXCEEDED", "severity": "WARNING"}
    refused = value("authgate_rate_limited_total", **rule)
    alarms = value("authgate_audit_alarms_total", **alarm)
    form = {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "x"}
    answers = [await server.http.post(f"{acme.issuer}/oauth/token", data=form) for _ in range(23)]
    assert [answer.status_code for answer in answers][-3:] == [429] * 3
    assert value("authgate_rate_limited_total", **rule) == refused + 3
    assert value("authgate_audit_alarms_total", **alarm) == alarms + 1


@on_sqlite
async def test_guessing_a_password_is_counted_until_the_account_is_locked(
    server: RunningServer, acme: Tenant, alice: users.User
) -> None:
    critical = {"event": "ACCOUNT_LOCKED", "severity": "CRITICAL"}
    locked = value("authgate_logins_total", method="password", result="locked")
    alarms = value("authgate_audit_alarms_total", **critical)
    hashed = value("authgate_password_hash_duration_seconds_count")
    for _ in range(7):
        await Person(server.http).sign_in(acme.issuer, "alice", "wrong-but-long-enough-too")
    assert value("authgate_logins_total", method="password", result="locked") > locked
    assert value("authgate_audit_alarms_total", **critical) > alarms
    assert value("authgate_password_hash_duration_seconds_count") > hashed
