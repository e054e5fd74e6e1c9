"""Of redemptions that arrive together, over two processes, exactly one wins: every time.

``--rounds 20 -o faulthandler_timeout=900`` makes it a hundred rounds.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2

from authgate import installation
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.clients import clients
from authgate.storage.grants import device_codes
from authgate.storage.grants.device_codes import DeviceCodeStatus
from authgate.storage.issued.tokens import Token
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.device import asked
from authgate_testing.live import live
from authgate_testing.racer import Racers

REDEMPTIONS = 100
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def approved_code(tenant: Tenant, client: NewClient, user: User) -> str:
    """A device code that its person has approved."""
    now = user.created_at + timedelta(seconds=1)
    with use_tenant(tenant):
        new = asked(client.client.client_id, now)
        codes = await device_codes.issue(new)
        assert await device_codes.decide(
            UUID(new.id),
            status=DeviceCodeStatus.APPROVED,
            user_id=user.id,
            authenticated_at=now,
            amr=["pwd"],
            now=now,
        )
    return codes.device_code


async def test_dv_06_a_code_is_redeemed_once_however_many_try_at_once(
    racers: Racers, acme: Tenant, device_client: NewClient, alice: User, rounds: int
) -> None:
    for _ in range(rounds):
        code = await approved_code(acme, device_client, alice)
        request = {
            "url": f"{acme.issuer}/oauth/token",
            "data": {
                "grant_type": GRANT,
                "client_id": device_client.client.client_id,
                "device_code": code,
            },
            "times": REDEMPTIONS // 2,
        }
        statuses = await racers.race(request)
        assert statuses == {200: 1, 400: REDEMPTIONS - 1}, statuses
    with use_tenant(acme):
        assert await Token.all().count() == rounds


async def test_dv_06_over_http_who_loses_is_told_so_and_never_to_come_back(
    postgres_settings_of_own: DatabaseSettings, tmp_path: Path
) -> None:
    async with live(postgres_settings_of_own, tmp_path) as site:
        settings = Settings(
            database=postgres_settings_of_own, keys=KeySettings(kek_file=tmp_path / "kek")
        )
        async with installation.opened(settings) as parts:
            tenant = await parts.resolver.find("northwind")
            assert tenant is not None
            with use_tenant(tenant):
                client = await clients.find(site.client_id)
                mira = await users.find_by_login("mira.halvorsen")
            assert client is not None
            assert mira is not None
            codes = [await approved_code(tenant, NewClient(client, None), mira) for _ in range(5)]
        token_endpoint = f"{site.issuer}/oauth/token"
        limits = httpx2.Limits(max_connections=REDEMPTIONS)
        async with httpx2.AsyncClient(limits=limits, timeout=60) as http:
            for code in codes:
                form = {"grant_type": GRANT, "client_id": site.client_id, "device_code": code}
                answers = await asyncio.gather(
                    *(http.post(token_endpoint, data=form) for _ in range(REDEMPTIONS))
                )
                assert sum(answer.status_code == 200 for answer in answers) == 1
                lost = [answer for answer in answers if answer.status_code != 200]
                # Who asks a minute's worth of times for a code that is spent is told to stop.
                assert {(answer.status_code, answer.json()["error"]) for answer in lost} <= {
                    (400, "invalid_grant"),
                    (429, "rate_limit_exceeded"),
                }
