"""What a tenant sets for the plugins that run for it: by the API, sealed, and in force at once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from authgate.accounts.connection_setup import ConnectionSetup
from authgate.audit import Event
from authgate.provisioning.plugin_settings import PluginChange, set_plugin
from authgate.settings import DatabaseSettings
from authgate.storage import transaction
from authgate.storage.people.users import User
from authgate.storage.tenants import plugin_failures, plugin_settings
from authgate.storage.tenants.plugin_failures import PluginFailure
from authgate.storage.tenants.plugin_settings import PluginSettings
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import EVERYTHING, ApiClient, api_client, is_problem
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger, at_rest
from authgate_testing.meanwhile import meanwhile
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

SECRET = "the-key-of-acmes-register"

WITH_SECRET = """
    from dataclasses import dataclass
    from typing import Annotated

    from authgate.plugin_api import ConnectorConfigError, Deny, Secret, Setting, hookimpl

    plugin_api_version = "1.1"

    @dataclass(frozen=True)
    class Config:
        host: Annotated[str, Setting("Where it is.", place=True)]
        key: Annotated[Secret, Setting("Its key.", label="API key")]
        days: Annotated[int, Setting("How long.")] = 3
        strict: Annotated[bool, Setting("Whether.")] = False
        names: Annotated[tuple[str, ...], Setting("Which.")] = ()

        def __post_init__(self):
            if "/" in self.host:
                raise ConnectorConfigError("host", "is a name alone")

    @hookimpl
    def register_config():
        return Config

    @hookimpl
    def login_policy(config):
        opened = config.key.reveal() == "the-key-of-acmes-register"
        return Deny(f"{config.host} {config.days} {config.strict} {config.names} {opened}")
"""


BROKEN = """
    from authgate.plugin_api import hookimpl

    plugin_api_version = "1.1"

    @hookimpl
    def login_policy(request):
        raise ValueError("the-key-of-acmes-register")
"""


@pytest.fixture(autouse=True)
def plugins(install: Any) -> None:
    """Beside the bundled ones."""
    install("register", WITH_SECRET)
    install("broken", BROKEN)


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    return await api_client(server, acme, *EVERYTHING)


@pytest.fixture
async def foreign_api(server: RunningServer, globex: Tenant) -> ApiClient:
    return await api_client(server, globex, *EVERYTHING)


async def test_what_is_set_is_in_force_at_once_and_secrets_are_told_to_nobody(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    alice: User,
    api: ApiClient,
    foreign_api: ApiClient,
    run: Any,
    sign_in: Any,
    ledger: Ledger,
    database_settings: DatabaseSettings,
    postgres: PostgresServer,
) -> None:
    await run(acme, "register")
    listed = (await api.get("/plugins")).json()["items"]
    assert [(each["name"], each["waits"], each["hooks"]) for each in listed] == [
        ("register", True, ["login_policy", "register_config"])
    ]
    kinds = {each["name"]: each["type"] for each in listed[0]["fields"]}
    assert kinds == {
        "host": "text", "key": "secret", "days": "number", "strict": "switch", "names": "list",
    }  # fmt: skip
    said = {"host": "register.acme.example", "key": SECRET, "names": ["a", "b"]}
    made = await api.patch("/plugins/register", {"settings": said}, if_match="*")
    assert made.status_code == 200, made.text
    assert made.json()["secrets"] == ["key"]
    assert made.json()["settings"] == {
        "host": "register.acme.example", "days": 3, "strict": False, "names": ["a", "b"],
    }  # fmt: skip
    told = (await sign_in(acme, "alice")).text
    assert "register.acme.example 3 False" in told
    assert "True" in told, "the plugin is given its secret"
    changed = {"settings": {"days": 7, "names": None}}
    assert (await api.patch("/plugins/register", changed, if_match="*")).status_code == 200
    assert "register.acme.example 7 False ()" in (await sign_in(acme, "alice")).text
    assert SECRET not in at_rest(database_settings, postgres)
    log = await ledger.events(acme, Event.PLUGIN_SETTINGS_CHANGED)
    assert log[0].details["changes"] == [
        {"setting": "host", "was": None, "is": "register.acme.example"},
        {"setting": "key", "is": "changed"},
        {"setting": "names", "was": None, "is": ["a", "b"]},
    ]
    assert log[1].details["changes"] == [
        {"setting": "days", "was": None, "is": 7},
        {"setting": "names", "was": ["a", "b"], "is": None},
    ]
    assert is_problem(await foreign_api.get("/plugins/register"), 404, "not-found")
    assert (await foreign_api.get("/plugins")).json()["items"] == []
    assert (await api.delete("/plugins/register")).status_code == 204
    assert (await sign_in(acme, "alice")).url.path.endswith("/account/sessions")


@on_sqlite
@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"host": "a/b", "key": "k"}, "/settings/host"),
        ({"host": "a"}, "/settings/key"),
        ({"host": "", "key": "k"}, "/settings/host"),
        ({"host": "a", "key": "k", "days": "soon"}, "/settings/days"),
        ({"host": "a", "key": "k", "colour": "red"}, "/settings/colour"),
    ],
)
async def test_what_the_plugin_cannot_have_is_refused_and_changes_nothing(
    acme: Tenant, api: ApiClient, run: Any, said: dict[str, Any], pointer: str
) -> None:
    await run(acme, "register")
    refused = await api.patch("/plugins/register", {"settings": said}, if_match="*")
    assert is_problem(refused, 422, "invalid"), refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert (await api.get("/plugins/register")).json()["updated_at"] is None


@on_sqlite
async def test_a_secret_is_sent_to_no_other_place_than_it_was_entered_for(
    acme: Tenant, alice: User, api: ApiClient, run: Any, sign_in: Any
) -> None:
    await run(acme, "register", host="register.acme.example", key=SECRET)
    moved = {"settings": {"host": "thief.example"}}
    refused = await api.patch("/plugins/register", moved, if_match="*")
    assert is_problem(refused, 422, "invalid"), refused.text
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], "entered again" in fault["detail"]) == ("/settings/key", True)
    assert "register.acme.example" in (await sign_in(acme, "alice")).text
    moved["settings"]["key"] = "another"
    assert (await api.patch("/plugins/register", moved, if_match="*")).status_code == 200
    elsewhere = {"settings": {"days": 4}}
    assert (await api.patch("/plugins/register", elsewhere, if_match="*")).status_code == 200


@on_sqlite
async def test_the_plugin_by_which_everybody_signs_in_is_not_paused_where_passwords_are_off(
    server: RunningServer, acme: Tenant, api: ApiClient, run: Any
) -> None:
    here = await run(acme, "github", "networks")
    setup = ConnectionSetup(
        connectors=server.parts.plugins.connectors, encryption=server.parts.encryption
    )
    with use_tenant(here):
        config = {"client_id": "hub", "client_secret": SECRET}
        await setup.add(slug="hub", connector="github", config=config)

    async def pause(plugin: str) -> Any:
        return await api.patch(f"/plugins/{plugin}", {"paused": True}, if_match="*")

    async def set_(**settings: object) -> Any:
        return await api.patch("/settings", {"settings": settings}, if_match="*")

    assert (await set_(password_sign_in=False)).status_code == 200
    refused = await pause("github")
    assert is_problem(refused, 422, "invalid"), refused.text
    assert refused.json()["errors"][0]["pointer"] == "/paused"
    assert (await pause("networks")).status_code == 200, "nobody signs in by that"
    assert (await set_(password_sign_in=True)).status_code == 200
    assert (await pause("github")).status_code == 200
    refused = await set_(password_sign_in=False)
    assert is_problem(refused, 422, "invalid"), "its connection is offered to nobody now"


@on_sqlite
async def test_a_setting_that_the_next_version_has_no_more_is_left_out_and_goes_with_a_change(
    server: RunningServer, acme: Tenant, alice: User, api: ApiClient, run: Any, sign_in: Any,
    ledger: Ledger,
) -> None:  # fmt: skip
    configs = server.parts.plugin_configs
    with use_tenant(await run(acme, "register")):
        id_, secrets = uuid7(), {"key": SECRET, "token": "a-former-secret"}
        kept = PluginSettings(
            id=id_,
            plugin="register",
            config={"host": "former.example", "colour": "red"},
            sealed_secrets=await configs.sealed(id_, secrets),
            updated_at=server.clock(),
        )
        await plugin_settings.store(kept)
        await configs.changed("register")
    assert "former.example 3 False" in (await sign_in(acme, "alice")).text
    said = {"settings": {"days": 4}}
    assert (await api.patch("/plugins/register", said, if_match="*")).status_code == 200
    assert "former.example 4 False" in (await sign_in(acme, "alice")).text
    [event] = await ledger.events(acme, Event.PLUGIN_SETTINGS_CHANGED)
    assert event.details["changes"] == [
        {"setting": "colour", "was": "red", "is": None},
        {"setting": "days", "was": None, "is": 4},
        {"setting": "token", "is": "removed"},
    ]


@on_sqlite
async def test_two_tenants_settings_of_one_plugin_stay_apart(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, bob: User,
    run: Any, sign_in: Any,
) -> None:  # fmt: skip
    for tenant, host in ((acme, "a.example"), (globex, "b.example")):
        now = await run(tenant, "register")
        with use_tenant(now):
            wanted = PluginChange(config={"host": host, "key": host})
            await set_plugin(server.parts, "register", wanted)
    assert "a.example" in (await sign_in(acme, "alice")).text
    assert "b.example" in (await sign_in(globex, "bob")).text


@on_postgres
async def test_of_two_processes_that_note_a_first_failure_neither_loses_what_else_it_writes(
    server: RunningServer, acme: Tenant, postgres: PostgresServer
) -> None:
    failure = PluginFailure(
        plugin="register",
        call="login_policy",
        outcome="failed",
        fault="ValueError",
        failures=1,
        failed_at=server.clock(),
        paused_until=None,
    )

    async def note_both() -> None:
        async with transaction():
            await plugin_failures.note(failure)
            await plugin_failures.note(replace(failure, plugin="other"))

    with use_tenant(acme):
        async with meanwhile(postgres, note_both()):
            await plugin_failures.note(failure)
        assert set(await plugin_failures.every()) == {"register", "other"}


@on_sqlite
async def test_pl_01_13_a_plugin_that_fails_lets_nobody_in_and_administrators_see_where_it_did(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    api: ApiClient,
    foreign_api: ApiClient,
    run: Any,
    sign_in: Any,
    ledger: Ledger,
) -> None:
    await run(acme, "broken")
    read = (await api.get("/plugins/broken")).headers["etag"]
    refused = await sign_in(acme, "alice")
    assert refused.status_code == 503
    assert "You are not signed in yet" in refused.text
    assert SECRET not in refused.text
    [event] = await ledger.events(acme, Event.LOGIN_DENIED)
    assert event.details["failed"] == "raised"
    async with asyncio.timeout(30):
        while not (seen := (await api.get("/plugins/broken")).json())["last_failure"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    failure = seen["last_failure"]
    assert (failure["call"], failure["outcome"], failure["failures"]) == (
        "login_policy", "raised", 1,
    )  # fmt: skip
    assert failure["fault"].startswith("ValueError at site_broken_plugin.py:")
    assert SECRET not in str(seen)
    assert (await foreign_api.get("/plugins/broken")).status_code == 404
    assert (await api.get("/plugins/broken", If_None_Match=read)).status_code == 200
    paused = await api.patch("/plugins/broken", {"paused": True}, if_match=read)
    assert paused.json()["paused"] is True, "that it has failed meanwhile changes nothing of that"
    late = await api.patch("/plugins/broken", {"paused": False}, if_match=read)
    assert late.status_code == 412
    assert (await sign_in(acme, "alice")).url.path.endswith("/account/sessions")
    assert (await api.patch("/plugins/broken", {"paused": False}, if_match="*")).is_success
    assert (await sign_in(acme, "alice")).status_code == 503
