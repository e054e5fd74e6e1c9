"""``authgate doctor`` on tenants, their clients and what they have chosen."""

import json
import os
from collections.abc import Callable

import pytest

from authgate_testing.command import Cli
from authgate_testing.doctor import Doctor

Execute = Callable[..., None]


def test_an_installation_without_tenants_is_found(cli: Cli, doctor: Doctor) -> None:
    doctor.finds("no-tenants")  # no key has been made yet
    assert cli("tenant", "list").code == 0
    assert doctor.finds("no-tenants")["cure"] == "Run `authgate tenant create SLUG`."


def test_a_default_tenant_that_is_not_there_is_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_DEFAULT_TENANT"] = "globex"
    found = dev.finds("unknown-default-tenant")
    assert "authgate tenant create globex" in found["cure"]


def test_a_client_with_a_grant_that_is_not_there_is_found(dev: Doctor, on_sqlite: Execute) -> None:
    words = ["--tenant", "acme", "--name", "CLI", "--grant", "device_code", "--public"]
    assert dev.command("client", "create", *words, "--id", "cli").code == 0
    dev.finds()
    on_sqlite("UPDATE clients SET grant_types = '[\"password\"]'")
    assert dev.finds("unknown-grant")["found"] == "cli in acme: password"


def test_a_client_that_needs_no_secret_to_act_for_itself_is_found(
    dev: Doctor, on_sqlite: Execute
) -> None:
    words = ["--tenant", "acme", "--name", "Backup", "--grant", "client_credentials"]
    assert dev.command("client", "create", *words, "--id", "backup").code == 0
    dev.finds()
    on_sqlite("UPDATE clients SET authentication_methods = '[\"none\"]'")
    assert dev.finds("unfit-grant")["found"] == "backup in acme"


@pytest.mark.parametrize(
    ("setting", "longest"),
    [
        ("access_token_lifetime", 86400),
        ("access_token_lifetime_cap", 86400),
        ("long_access_token_lifetime", 86400),
        ("client_credentials_lifetime", 86400),
        ("id_token_lifetime", 86400),
        ("refresh_token_lifetime", 7776000),
        ("refresh_token_absolute_lifetime", 31536000),
        ("device_code_lifetime", 1800),
        ("session_idle_lifetime", 86400),
        ("session_absolute_lifetime", 604800),
        ("remembered_session_lifetime", 2592000),
    ],
)
def test_what_lives_for_long_is_found(
    dev: Doctor, on_sqlite: Execute, setting: str, longest: int
) -> None:
    on_sqlite("UPDATE tenants SET settings = ?", json.dumps({setting: longest}))
    dev.finds()
    on_sqlite("UPDATE tenants SET settings = ?", json.dumps({setting: longest + 1}))
    cure = f"authgate tenant set acme --unset {setting}"
    assert cure in dev.finds("long-lifetime")["cure"]
    assert dev.command(*cure.split()[1:]).code == 0
    dev.finds()


def test_what_is_wrong_in_many_tenants_is_told_once(dev: Doctor, on_sqlite: Execute) -> None:
    for slug in ("globex", "initech"):
        assert dev.command("tenant", "create", slug).code == 0
    on_sqlite("UPDATE tenants SET settings = ?", json.dumps({"device_code_lifetime": 3600}))
    found = dev.finds("long-lifetime")["found"]
    assert found == "device_code_lifetime of acme is 3600 s, and 2 more like it"


def test_refresh_tokens_that_do_not_rotate_are_found(dev: Doctor) -> None:
    assert dev.command("tenant", "set", "acme", "refresh_token_rotation=false").code == 0
    cure = dev.finds("refresh-rotation-off")["cure"]
    assert dev.command(*cure.split("`")[1].split()[1:]).code == 0
    dev.finds()


def test_a_tenant_of_the_demo_in_production_is_found(prod: Doctor) -> None:
    words = ["--tenant", "acme", "--name", "Demo", "--grant", "client_credentials"]
    assert prod.command("client", "create", *words, "--id", "demo-machine").code == 0
    prod.finds("demo-in-production")


def test_a_suspended_tenant_is_not_asked_for_its_address(dev: Doctor) -> None:
    assert dev.command("tenant", "create", "aardvark").code == 0
    assert dev.command("tenant", "suspend", "aardvark").code == 0
    dev.finds()


def test_clients_that_anybody_registers_and_nobody_looks_at_are_found(dev: Doctor) -> None:
    choose = ("tenant", "set", "acme")
    assert dev.command(*choose, "client_registration=open").code == 0
    dev.finds()
    assert dev.command(*choose, "client_registration_approval=false").code == 0
    assert dev.finds("unreviewed-clients")["found"] == "acme"
