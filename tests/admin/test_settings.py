"""``/api/v1/settings``: what a tenant chooses, held to its plan, and the way back."""

import asyncio
from typing import Any

import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate_tenants import Tenant, TenantSettings
from authgate_tenants.setting_caps import CAPPED
from authgate_tenants.setting_groups import GROUPS
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer


async def choose(api: ApiClient, comment: str = "", **settings: object) -> dict[str, Any]:
    """Choose otherwise, whatever is chosen now."""
    said = {"settings": settings, "comment": comment}
    answer = await api.patch("/settings", said, if_match="*")
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def expires_in(server: RunningServer, tenant: Tenant, machine: NewClient) -> int:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["expires_in"])


async def test_what_is_chosen_holds_at_once_is_kept_as_a_version_and_can_come_back(
    server: RunningServer,
    api: ApiClient,
    foreign_api: ApiClient,
    acme: Tenant,
    machine: NewClient,
    ledger: Ledger,
) -> None:
    begun = (await api.get("/settings")).json()
    assert (begun["version"], begun["name"]) == (1, acme.name)
    changed = await choose(api, "Shorter", client_credentials_lifetime=60)
    assert (changed["version"], changed["comment"]) == (2, "Shorter")
    assert await expires_in(server, acme, machine) == 60
    listed = (await api.get("/settings/versions")).json()["items"]
    assert [each["number"] for each in listed] == [2, 1]
    assert listed[0]["changed_by"]["type"] == "client"
    second = (await api.get(f"/settings/versions/{listed[0]['id']}")).json()
    assert second["changes"] == [
        {"setting": "client_credentials_lifetime", "before": 3600, "after": 60}
    ]
    first = f"/settings/versions/{listed[1]['id']}"
    assert is_problem(await foreign_api.get(first), 404, "not-found")
    assert is_problem(await foreign_api.post(f"{first}/restore", {}), 404, "not-found")
    restored = await api.post(f"{first}/restore", {})
    assert restored.status_code == 200, restored.text
    assert (restored.json()["version"], restored.json()["comment"]) == (3, "Version 1 again")
    assert await expires_in(server, acme, machine) == 3600
    assert (await foreign_api.get("/settings")).json()["version"] == 1
    events = await ledger.events(acme, Event.TENANT_UPDATED)
    assert [event.details["version"] for event in events] == [2, 3]
    assert events[0].details["changes"] == [
        {"setting": "client_credentials_lifetime", "was": 3600, "is": 60}
    ]


async def test_of_changes_that_began_from_the_same_version_one_is_made(api: ApiClient) -> None:
    etag = (await api.get("/settings")).headers["etag"]
    unread = await api.patch("/settings", {"comment": "x"})
    assert is_problem(unread, 428, "precondition-required")
    answers = await asyncio.gather(
        *(
            api.patch("/settings", {"settings": {"device_poll_interval": each}}, if_match=etag)
            for each in (6, 7, 8, 9)
        )
    )
    assert sorted(each.status_code for each in answers) == [200, 412, 412, 412]
    assert (await api.get("/settings")).json()["version"] == 2


@on_sqlite
@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"settings": {"colour": "red"}}, "/settings/colour"),
        ({"settings": {"access_token_lifetime": "soon"}}, "/settings/access_token_lifetime"),
        ({"settings": {"access_token_lifetime": 0}}, "/settings/access_token_lifetime"),
        ({"settings": {"brand_color": "red;}"}}, "/settings/brand_color"),
        ({"settings": {"resources": ["files"]}}, "/settings/resources"),
        ({"settings": {"trusted_issuers": {"http://a.example": "x"}}}, "/settings/trusted_issuers"),
        ({"settings": {"allowed_origins": ["https://a.example/x"]}}, "/settings/allowed_origins"),
        ({"settings": {"auto_register_domains": ["@a"]}}, "/settings/auto_register_domains"),
        ({"settings": {"password_sign_in": False}}, "/settings/password_sign_in"),
        ({"settings": {"audience": ["a"] * 101}}, "/settings/audience"),
        ({"settings": {"audience": ["a\nb"]}}, "/settings/audience"),
        ({"settings": {"domain": "a b"}}, "/settings/domain"),
        ({"settings": {"enabled_plugins": ["github"]}}, "/settings/enabled_plugins"),
        ({"settings": {"login_limits": {"login_per_ip": "9/s"}}}, "/settings/login_limits"),
        ({"name": ""}, "/name"),
        ({"comment": "x" * 201}, "/comment"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_what_a_tenant_cannot_have_is_refused_and_changes_nothing(
    api: ApiClient, said: dict[str, Any], pointer: str
) -> None:
    answer = await api.patch("/settings", said, if_match="*")
    assert is_problem(answer, 422, "invalid"), answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert (await api.get("/settings")).json()["version"] == 1


@on_sqlite
async def test_a_preview_says_what_would_change_and_changes_nothing(api: ApiClient) -> None:
    said = {"settings": {"require_pkce": True, "login_limits": {}}}
    answer = await api.post("/settings/preview", said)
    changes = [{"setting": "require_pkce", "before": False, "after": True}]
    assert answer.json() == {"changes": changes}
    refused = await api.post("/settings/preview", {"settings": {"domain": "a b"}})
    assert is_problem(refused, 422, "invalid")
    assert (await api.get("/settings")).json()["version"] == 1
    same = await choose(api, require_pkce=False)
    assert same["version"] == 1, "what changes nothing is no version"


@on_sqlite
async def test_a_plan_holds_lifetimes_and_what_was_longer_is_held_to_it(
    server: RunningServer, api: ApiClient, acme: Tenant, machine: NewClient
) -> None:
    day = 86400
    await choose(api, client_credentials_lifetime=9 * day)
    await provisioning.give_plan(server.parts, acme, "free")
    assert await expires_in(server, acme, machine) == day
    longer = {"settings": {"access_token_lifetime": day + 1}}
    refused = await api.patch("/settings", longer, if_match="*")
    assert is_problem(refused, 422, "invalid")
    assert refused.json()["errors"][0]["pointer"] == "/settings/access_token_lifetime"
    assert (await choose(api, require_pkce=True))["version"] == 3, "what it had does not hinder it"


def test_each_setting_is_in_one_group_and_what_is_capped_is_one() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    names = set(TenantSettings.__dataclass_fields__)
    assert sorted(grouped) == sorted(names)
    assert set(CAPPED) < names
