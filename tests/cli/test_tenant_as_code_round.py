"""Whatever a tenant has, the file that is written down of it declares it: nothing differs."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authgate.admin.catalogue import OPERATIONS
from authgate.cli.declaration import planning, pulling, sections, tenant_file
from authgate.cli.declaration.applying import Applied, apply
from authgate.cli.declaration.state import BEGINS_AS
from authgate.cli.doors import local_door
from authgate.cli.doors.admin_api import AdminApi
from authgate_testing.command import Cli

ROUNDS = 8
TEXTS = ("off", "no", "~", "0o17", "1e3", "007", "2026-03-02", "=", "<<", "a: b", "# x",
         "é\U0001f600", "null", "0x1F", "12:30", "true", " lead", "'", '"', "- a", "a\\n", "{",
         "1_000", ".5")  # fmt: skip
LANGUAGES = ("de", "no", "pt-BR", "on", "zh-Hant")
GRANTS = ("client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code")
CHOSEN: dict[str, list[Any]] = {
    "access_token_lifetime": [60, 900, 3600],
    "client_registration": ["off", "token", "open"],
    "security_profile": ["", "fapi2"],
    "allowed_origins": [[], ["https://a.example", "https://b.example"]],
    "trusted_issuers": [{}, {"https://i.example": "https://i/keys", "https://~/": "https://k"}],
    "login_limits": [{}, {"login_per_ip": "9/min burst 9"}],
    "brand_color": ["#000000", "#3f4fe0"],
    "sign_in_title": ["", *TEXTS],
    "require_pkce": [True, False],
    "bcrypt_passwords": [True, False],
}  # fmt: skip


@pytest.fixture
def api(lite_cli: Cli) -> Iterator[AdminApi]:
    """A tenant of this machine's installation."""
    del lite_cli
    with local_door.opened("acme") as door:
        yield AdminApi(door)


def made_up(chance: random.Random) -> dict[str, Any]:
    """A tenant that nobody has thought of."""
    scopes = [_scope(chance, each) for each in ("orders:read", "no", "1e3", "a~/b")]
    nets = ("203.0.113.0/24", "2001:db8::/32", "192.0.2.7")
    said = {
        "manage": list(sections.Managed),
        "name": chance.choice(TEXTS).strip() or "A",
        "settings": {each: chance.choice(CHOSEN[each]) for each in some(chance, CHOSEN)},
        "scopes": chance.sample(scopes, chance.randint(0, 4)),
        "resource_servers": [{"uri": f"https://{each}.example"} for each in some(chance, "abc")],
        "address_blocks": [
            {"network": each, "reason": chance.choice(TEXTS)} for each in some(chance, nets)
        ],
        "domains": [{"host": f"{each}.acme-inc.dev"} for each in some(chance, "xyz")],
        "clients": [_client(chance, each) for each in some(chance, ("a", "off", "1", "~", "c.d"))],
        "groups": [_group(chance, each) for each in some(chance, ("Staff", "off", "ÄÖ", "1e3"))],
        "users": [],
    }  # fmt: skip
    found = {name: it for name, it in said.items() if name == "manage" or chance.random() < 0.9}
    another = random.Random(len(str(found)))  # noqa: S311  # the same each time as well
    hooks = [_webhook(another, each) for each in some(another, ("hub", "no", "1e3"))]
    return {**found, "webhooks": hooks}


def some(chance: random.Random, of: Any) -> list[Any]:
    return chance.sample(list(of), chance.randint(0, len(of)))


def _scope(chance: random.Random, name: str) -> dict[str, Any]:
    words = {each: {"title": chance.choice(TEXTS)} for each in some(chance, LANGUAGES)}
    flags = {each: chance.random() < 0.5 for each in ("sensitive", "advertised")}
    text = chance.choice(TEXTS)
    return {"name": name, "title": text, "description": text, "translations": words, **flags}


def _group(chance: random.Random, name: str) -> dict[str, Any]:
    roles = some(chance, ("books:read", "no", "~"))
    return {"display_name": name, "description": chance.choice(TEXTS), "roles": roles}


def _webhook(chance: random.Random, name: str) -> dict[str, Any]:
    return {
        "name": name, "url": "https://hooks.example/~a", "description": chance.choice(TEXTS),
        "event_types": some(chance, ("USER_CREATED", "LOGOUT")), "enabled": chance.random() < 0.5,
        "areas": some(chance, ("people", "clients")), "lifecycles": some(chance, ("user.created",)),
    }  # fmt: skip


def _client(chance: random.Random, client_id: str) -> dict[str, Any]:
    public = chance.random() < 0.3
    grants = some(chance, GRANTS[public:]) or [GRANTS[2]]
    methods = [] if public else chance.choice([[], ["client_secret_basic"], ["private_key_jwt"]])
    keys = {"jwks_uri": "https://k.example/keys"} if "private_key_jwt" in methods else {}
    lifetime = chance.choice([None, 60, 600])
    return {
        "client_id": client_id, "name": chance.choice(TEXTS), "grant_types": grants,
        "public": public,
        "scopes": some(chance, ("openid", "orders:write")), "authentication_methods": methods,
        "redirect_uris": [f"https://{each}.example/back" for each in some(chance, "ab")],
        "consent": chance.choice(["remembered", "always"]),
        "metadata": {
            "contacts": some(chance, ("a@b.example", "~@b.example")),
            "software_id": chance.choice(TEXTS), "access_token_lifetime": lifetime, **keys,
        },
    }  # fmt: skip


def test_what_is_pulled_differs_in_nothing_and_what_is_applied_stays(
    api: AdminApi, tmp_path: Path
) -> None:
    chance = random.Random(5)  # noqa: S311  # the same tenants every time
    for number in range(ROUNDS):
        path = tmp_path / ("acme.json" if number % 2 else "acme.yaml")
        said = json.dumps(made_up(chance), ensure_ascii=path.suffix == ".json")
        path.write_text(said, encoding="utf-8")
        declared = tenant_file.declared(path)
        plan = planning.planned(api, declared)
        apply(api, plan, declared, Applied())
        assert planning.planned(api, declared).changes == [], number
        pulled = tmp_path / "pulled.yaml"
        pulled.write_text(pulling.pulled(api), encoding="utf-8")
        assert planning.planned(api, tenant_file.declared(pulled)).changes == [], number


def test_a_file_declares_all_that_the_api_makes_and_removes_or_says_why_not() -> None:
    made = {each.path for each in _operations("POST")}
    removed = {each.path.rpartition("/{")[0] for each in _operations("DELETE")}
    not_declared = {
        "/invitations": "it is sent, and ends by itself",
        "/audit-exports": "it is a file of what has happened, and goes after a day",
        "/connections": "a secret belongs to each",
        "/scim-tokens": "it is shown once, and nothing of it can be said before",
        "/users": "people come and go by themselves",
        "/groups/{group_id}/members": "they are people",
        "/webhooks/{webhook_id}/secrets": "each is shown once",
    }
    assert {each.path for each in sections.SECTIONS} == (made & removed) - not_declared.keys()
    declared = {"settings", "mail_server", "plugins", "users"}
    assert declared <= tenant_file.TenantFile.model_fields.keys()
    assert set(BEGINS_AS) - set(tenant_file.BY_ITSELF) >= set(CHOSEN)


def _operations(method: str) -> list[Any]:
    return [each for each in OPERATIONS if each.method == method]
