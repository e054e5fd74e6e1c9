"""``/account/sessions``: what has access in a person's name, however much it is."""

import logging
from datetime import timedelta

import pytest
import ua_parser
from uuid_utils.compat import uuid7

from authgate import storage
from authgate.clock import utc_now
from authgate.provisioning import NewClient
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import NewToken, TokenCategory
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person

HERE = "/account/sessions"


async def approve(tenant: Tenant, user: User, client_id: str, *, times: int) -> None:
    now = utc_now()
    issued = [
        NewToken(
            jti=str(uuid7()),
            category=TokenCategory.ACCESS,
            token=f"token-{number}",
            client_id=client_id,
            user_id=user.id,
            family_id=None,
            scope=f"scope-{number:03}",
            grant_type="urn:ietf:params:oauth:grant-type:device_code",
            created_at=now + timedelta(seconds=number),
            expires_at=now + timedelta(hours=1),
        )
        for number in range(times)
    ]
    with use_tenant(tenant):
        await storage.append(*(tokens.row(each) for each in issued))


async def test_the_newest_hundred_accesses_are_shown_and_told_to_be_the_newest(
    acme: Tenant, alice: User, person: Person, device_client: NewClient
) -> None:
    await approve(acme, alice, device_client.client.client_id, times=101)
    page = await person.visit(f"{acme.issuer}{HERE}")
    assert page.text.count("<b><bdi>Acme CLI</bdi></b>") == 100
    assert "scope-100" in page.text
    assert "scope-000" not in page.text
    assert "These are the newest 100." in page.text


@on_sqlite
async def test_who_sees_all_accesses_is_told_of_no_others(
    acme: Tenant, alice: User, person: Person, device_client: NewClient
) -> None:
    await approve(acme, alice, device_client.client.client_id, times=100)
    page = await person.visit(f"{acme.issuer}{HERE}")
    assert page.text.count("<b><bdi>Acme CLI</bdi></b>") == 100
    assert "These are the newest" not in page.text


async def test_the_clients_of_all_accesses_are_asked_for_at_once(
    acme: Tenant,
    alice: User,
    person: Person,
    device_client: NewClient,
    confidential: NewClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for client_id in (device_client.client.client_id, confidential.client.client_id):
        await approve(acme, alice, client_id, times=5)
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        page = await person.visit(f"{acme.issuer}{HERE}")
    for name in ("Acme CLI", "Acme Console"):
        assert page.text.count(f"<b><bdi>{name}</bdi></b>") == 5
    asked = [each for each in caplog.messages if 'FROM "clients"' in each]
    assert len(asked) == 1


@pytest.fixture
def cold_user_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has read no user agent yet."""
    monkeypatch.delitem(vars(ua_parser), "parser", raising=False)


@on_sqlite
@pytest.mark.usefixtures("cold_user_agents", "server")
def test_a_server_that_has_started_knows_user_agents_already() -> None:
    assert "parser" in vars(ua_parser), "the first request would wait for it"
