"""``authgate client``."""

import json
from pathlib import Path

import pytest

from authgate_testing.command import Cli
from authgate_testing.signing import SigningKey

MACHINE = ("--name", "Backup", "--grant", "client_credentials", "--scope", "read write")
DEVICE = ("--name", "TV", "--grant", "device_code", "--scope", "openid", "--public")


def test_a_confidential_client_s_secret_is_shown_once(acme_cli: Cli) -> None:
    made = acme_cli("client", "create", "-t", "acme", *MACHINE, "-o", "json")
    assert made.code == 0
    assert set(made.data) == {"client_id", "client_secret"}
    assert "Shown this once" in made.err
    listed = acme_cli("client", "list", "-t", "acme", "-o", "json")
    assert made.data["client_secret"] not in listed.out
    assert listed.data == [
        {
            "client_id": made.data["client_id"],
            "name": "Backup",
            "kind": "confidential",
            "status": "active",
            "grants": ["client_credentials"],
            "scopes": ["read", "write"],
        }
    ]


def test_a_client_may_keep_the_secret_that_it_has(lite_cli: Cli) -> None:
    secret = "ago_mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpiqge5dsmu7q"
    words = ("client", "create", "-t", "acme", *MACHINE, "--id", "backup", "--secret-stdin")
    made = lite_cli(*words, "-o", "json", stdin=f"{secret}\n")
    assert made.data == {"client_id": "backup"}
    assert secret not in made.err


def test_a_secret_that_could_be_guessed_is_refused(lite_cli: Cli) -> None:
    words = ("client", "create", "-t", "acme", *MACHINE, "--secret-stdin")
    for secret in ("", "hunter2", "a" * 36, f"{'b4ckup' * 8} é"):
        ended = lite_cli(*words, stdin=f"{secret}\n")
        assert ended.code == 2
        assert "has to be random" in ended.err


def test_a_public_client_cannot_be_given_a_secret(lite_cli: Cli) -> None:
    ended = lite_cli("client", "create", "-t", "acme", *DEVICE, "--secret-stdin")
    assert ended.code == 2


def test_a_public_client_has_no_secret(lite_cli: Cli) -> None:
    made = lite_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv", "-o", "json")
    assert made.data == {"client_id": "tv"}
    assert "once" not in made.err


def test_several_grants_and_scopes_are_given_one_by_one(lite_cli: Cli) -> None:
    words = ("--grant", "device_code", "--scope", "openid", "--scope", "email")
    lite_cli("client", "create", "-t", "acme", *MACHINE, *words)
    [listed] = lite_cli("client", "list", "-t", "acme", "-o", "json").data
    assert listed["grants"] == ["client_credentials", "device_code"]
    assert listed["scopes"] == ["read", "write", "openid", "email"]


def test_another_tenant_s_clients_are_not_listed(acme_cli: Cli) -> None:
    acme_cli("client", "create", "-t", "acme", *DEVICE)
    acme_cli("tenant", "create", "globex")
    assert acme_cli("client", "list", "-t", "globex", "-o", "json").data == []


def test_a_client_id_is_taken_once_in_a_tenant(acme_cli: Cli) -> None:
    acme_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv")
    ended = acme_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv")
    assert ended.code == 5
    assert ended.err == "authgate: Another client has this client_id.\n"


NO_CLIENTS = {
    "There is no grant 'password'; there are authorization_code, ": ("--grant", "password"),
    "grant_types: A public client has no credentials": (
        *("--grant", "client_credentials", "--public"),
    ),
    "The scope is not a space-separated list": ("--grant", "device_code", "--scope", 'a"b'),
    "unauthenticated_device_grant: A public client has no secret that it could leave out.": (
        *("--grant", "device_code", "--public", "--unauthenticated-device-grant"),
    ),
}


def test_a_client_that_makes_no_sense_is_refused(lite_cli: Cli) -> None:
    for said, words in NO_CLIENTS.items():
        ended = lite_cli("client", "create", "-t", "acme", "--name", "X", *words)
        assert ended.code == 2
        assert ended.err.startswith(f"authgate: {said}")


APPLICATION = (
    "--name", "Console", "--grant", "authorization_code", "--grant", "refresh_token",
    "--redirect-uri", "https://console.example/callback",
)  # fmt: skip


def test_an_application_is_made_shown_and_changed(acme_cli: Cli) -> None:
    made = acme_cli("client", "create", "-t", "acme", *APPLICATION, "--id", "console")
    assert made.code == 0
    shown = acme_cli("client", "show", "-t", "acme", "console", "-o", "json").data
    assert shown["redirect_uris"] == ["https://console.example/callback"]
    assert shown["grants"] == ["authorization_code", "refresh_token"]
    assert (shown["type"], shown["consent"], shown["pkce_optional"]) == ("web", "remembered", False)
    words = ("--redirect-uri", "https://console.example/back", "--consent", "always")
    assert (
        acme_cli("client", "update", "-t", "acme", "console", *words, "--pkce-optional").code == 0
    )
    shown = acme_cli("client", "show", "-t", "acme", "console", "-o", "json").data
    assert shown["redirect_uris"] == ["https://console.example/back"]
    assert (shown["consent"], shown["pkce_optional"]) == ("always", True)


NO_APPLICATIONS = {
    "The grant authorization_code needs a redirect URI": ("--grant", "authorization_code"),
    "A public client proves by PKCE": (*APPLICATION, "--public", "--pkce-optional"),
    "Only the tenant's own applications": (*APPLICATION, "--consent", "implicit"),
    **{
        repr(uri): (*APPLICATION, "--redirect-uri", uri)
        for uri in (
            "http://console.example/",
            "javascript:alert(1)",
            "app://callback",
            "https://x.example/#y",
            "https://x.example/../y",
            "https://*.example/",
            "https://me@x.example/",
            "//x.example/",
            "http://[::1].x.example/",
            "http://[::1];sandbox/",
            "https://x.example:/",
            "com.example.app:/cb",
        )
    },
}


def test_ru_11_an_application_that_makes_no_sense_is_refused(lite_cli: Cli) -> None:
    for said, words in NO_APPLICATIONS.items():
        ended = lite_cli("client", "create", "-t", "acme", "--name", "X", *words)
        assert ended.code == 2
        assert f": {said}" in ended.err
    assert lite_cli("client", "list", "-t", "acme", "-o", "json").data == []


def test_a_native_application_may_have_a_scheme_of_its_own(lite_cli: Cli) -> None:
    words = ("--type", "native", "--public", "--redirect-uri", "com.example.app:/cb")
    ended = lite_cli("client", "create", "-t", "acme", *APPLICATION, *words)
    assert ended.code == 0


def test_a_secret_is_renewed(acme_cli: Cli) -> None:
    made = acme_cli("client", "create", "-t", "acme", *MACHINE, "-o", "json").data
    words = ("client", "rotate-secret", "-t", "acme", made["client_id"], "-o", "json")
    renewed = acme_cli(*words)
    assert renewed.data["client_id"] == made["client_id"]
    assert renewed.data["client_secret"] != made["client_secret"]
    events = acme_cli("audit", "tail", "-o", "json").data
    assert events[-1]["event_type"] == "CLIENT_SECRET_REGENERATED"
    assert renewed.data["client_secret"] not in acme_cli("audit", "tail", "-o", "json").out


def test_only_a_client_with_a_secret_gets_another(lite_cli: Cli) -> None:
    lite_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv")
    ended = lite_cli("client", "rotate-secret", "-t", "acme", "tv")
    assert (ended.code, ended.err) == (5, "authgate: The client has no secret.\n")
    ended = lite_cli("client", "rotate-secret", "-t", "acme", "nobody")
    assert (ended.code, ended.err) == (3, "authgate: There is no client nobody.\n")


@pytest.mark.parametrize("verb", [("client", "list"), ("user", "list"), ("keys", "list")])
def test_an_unknown_tenant_is_not_found(lite_cli: Cli, verb: tuple[str, ...]) -> None:
    ended = lite_cli(*verb, "-t", "nowhere")
    assert ended.code == 3
    assert ended.err.startswith("authgate: There is no tenant 'nowhere'")


def test_a_client_is_disabled_and_enabled_again(acme_cli: Cli) -> None:
    made = acme_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv")
    assert made.code == 0
    for word, status in (("disable", "inactive"), ("enable", "active")):
        assert acme_cli("client", word, "-t", "acme", "tv").code == 0
        [listed] = acme_cli("client", "list", "-t", "acme", "-o", "json").data
        assert listed["status"] == status


def test_an_unknown_client_is_not_disabled(lite_cli: Cli) -> None:
    ended = lite_cli("client", "disable", "-t", "acme", "nobody")
    assert ended.code == 3
    assert "nobody" in ended.err


def test_a_client_is_shown_and_changed_and_what_is_not_named_stays(acme_cli: Cli) -> None:
    made = acme_cli("client", "create", "-t", "acme", *MACHINE, "--id", "backup")
    assert made.code == 0
    shown = acme_cli("client", "show", "-t", "acme", "backup", "-o", "json").data
    assert shown["unauthenticated_device_grant"] is False
    words = ("--unauthenticated-device-grant", "--grant", "device_code", "--scope", "openid")
    changed = acme_cli("client", "update", "-t", "acme", "backup", *words, "--first-party")
    assert changed.code == 0, changed.err
    assert acme_cli("client", "show", "-t", "acme", "backup", "-o", "json").data == shown | {
        "grants": ["device_code"],
        "scopes": ["openid"],
        "first_party": True,
        "unauthenticated_device_grant": True,
    }
    event = acme_cli("audit", "tail", "-o", "json").data[-1]
    assert (event["event_type"], event["client_id"]) == ("CLIENT_UPDATED", "backup")
    switched = {"setting": "unauthenticated_device_grant", "was": False, "is": True}
    assert switched in event["details"]["changes"]
    back = ("--authenticated-device-grant", "--no-first-party", "--name", "Nightly")
    acme_cli("client", "update", "-t", "acme", "backup", *back)
    shown = acme_cli("client", "show", "-t", "acme", "backup", "-o", "json").data
    assert (shown["name"], shown["first_party"]) == ("Nightly", False)
    assert shown["unauthenticated_device_grant"] is False


def test_a_client_is_created_with_the_switch(acme_cli: Cli) -> None:
    words = ("--name", "Old", "--grant", "device_code", "--unauthenticated-device-grant")
    acme_cli("client", "create", "-t", "acme", *words, "--id", "old")
    shown = acme_cli("client", "show", "-t", "acme", "old", "-o", "json").data
    assert shown["unauthenticated_device_grant"] is True


NO_CHANGES: dict[str, tuple[str, ...]] = {
    "Say what to change.": (),
    "grant_types: A public client has no credentials": ("--grant", "client_credentials"),
    "unauthenticated_device_grant: A public client has no secret": (
        "--unauthenticated-device-grant",
    ),
    "There is no grant 'password'": ("--grant", "password"),
}


def test_a_change_of_a_client_that_makes_no_sense_is_refused(lite_cli: Cli) -> None:
    lite_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv")
    for said, words in NO_CHANGES.items():
        ended = lite_cli("client", "update", "-t", "acme", "tv", *words)
        assert ended.code == 2
        assert ended.err.startswith(f"authgate: {said}")


def test_another_tenants_client_is_neither_shown_nor_changed(acme_cli: Cli) -> None:
    acme_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv")
    acme_cli("tenant", "create", "globex")
    for verb, words in (("show", ()), ("update", ("--name", "X"))):
        assert acme_cli("client", verb, "-t", "globex", "tv", *words).code == 3


def test_a_former_secret_is_good_until_it_ends(acme_cli: Cli) -> None:
    acme_cli("client", "create", "-t", "acme", *MACHINE, "--id", "backup")
    kept = ("--keep-former-hours", "24", "--secret-days", "90")
    assert acme_cli("client", "rotate-secret", "-t", "acme", "backup", *kept).code == 0
    shown = acme_cli("client", "show", "-t", "acme", "backup", "-o", "json").data
    assert shown["former_secret_expires_at"] < shown["secret_expires_at"]
    assert acme_cli("client", "end-former-secret", "-t", "acme", "backup").code == 0
    shown = acme_cli("client", "show", "-t", "acme", "backup", "-o", "json").data
    assert shown["former_secret_expires_at"] is None
    assert acme_cli("client", "end-former-secret", "-t", "acme", "backup").code == 3


def test_a_client_is_gone_once_it_is_deleted(acme_cli: Cli) -> None:
    acme_cli("client", "create", "-t", "acme", *MACHINE, "--id", "backup")
    assert acme_cli("client", "revoke-tokens", "-t", "acme", "backup", "-y").code == 0
    assert acme_cli("client", "delete", "-t", "acme", "backup", "--yes").code == 0
    for words in (
        ("show",),
        ("delete", "--yes"),
        ("revoke-tokens", "--yes"),
        ("approve",),
        ("reject",),
    ):
        name, *more = words
        assert acme_cli("client", name, "-t", "acme", "backup", *more).code == 3


def test_the_addresses_of_a_client_are_given_changed_and_taken_away(lite_cli: Cli) -> None:
    page = ("--allowed-origin", "https://app.example")
    bye = ("--post-logout-redirect-uri", "https://app.example/bye")
    told = ("--backchannel-logout-uri", "https://app.example/gone")
    lite_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv", *page, *bye, *told)

    def shown() -> list[str]:
        data = lite_cli("client", "show", "-t", "acme", "tv", "-o", "json").data
        assert data["post_logout_redirect_uris"] == ["https://app.example/bye"]
        assert data["backchannel_logout_uri"] == "https://app.example/gone"
        return list(data.get("allowed_origins", []))

    assert shown() == ["https://app.example"]
    update = ("client", "update", "-t", "acme", "tv")
    lite_cli(*update, "--name", "Television")
    assert shown() == ["https://app.example"]
    refused = lite_cli(*update, "--allowed-origin", "https://app.example/page")
    assert refused.code == 2
    assert "is no origin" in refused.err
    lite_cli(*update, "--allowed-origin", "")
    assert shown() == []


def test_what_a_client_says_of_itself_is_set_by_the_registered_names(
    lite_cli: Cli, tmp_path: Path
) -> None:
    made = lite_cli("client", "create", "-t", "acme", *MACHINE, "--id", "payroll")
    assert made.code == 0
    keys = SigningKey.make().jwks()
    (tmp_path / "jwks.json").write_text(json.dumps(keys))
    change = ("client", "set", "-t", "acme", "payroll")
    signs = ("token_endpoint_auth_method=private_key_jwt", f"jwks=@{tmp_path}/jwks.json")
    assert lite_cli(*change, *signs, "dpop_bound_access_tokens=true").code == 0
    shown = lite_cli("client", "show", "-t", "acme", "payroll", "-o", "json").data
    assert shown["authentication_methods"] == ["private_key_jwt"]
    assert (shown["jwks"], shown["dpop_bound_access_tokens"]) == (keys, True)
    assert lite_cli(*change, "--unset", "dpop_bound_access_tokens").code == 0
    assert (
        "dpop_bound_access_tokens"
        not in lite_cli("client", "show", "-t", "acme", "payroll", "-o", "json").data
    )


def test_what_no_client_can_say_of_itself_is_refused(lite_cli: Cli) -> None:
    lite_cli("client", "create", "-t", "acme", *MACHINE, "--id", "payroll")
    for typed in (
        *("jwks", "colour=red", "jwks={", "jwks=@/nowhere", "jwks={}"),
        *("jwks_uri=http://payroll.example/", "dpop_bound_access_tokens=perhaps"),
        *("token_endpoint_auth_method=private_key_jwt", "token_endpoint_auth_method=tls"),
    ):
        refused = lite_cli("client", "set", "-t", "acme", "payroll", typed)
        assert refused.code == 2, typed
        assert refused.err.startswith("authgate: ")


def test_how_its_tokens_are_is_set_by_name_and_taken_back(acme_cli: Cli) -> None:
    words = (*MACHINE, "--id", "backup", "--project", "p1")
    assert acme_cli("client", "create", "-t", "acme", *words).code == 0
    change = ("client", "set", "-t", "acme", "backup")
    assert acme_cli(*change, "token_profile=short", "audience=a,b").code == 0
    lasting = ("access_token_lifetime=300", "--unset", "token_profile")
    assert acme_cli(*change, *lasting).code == 0
    shown = acme_cli("client", "show", "-t", "acme", "backup", "-o", "json").data
    assert "token_profile" not in shown
    assert (shown["audience"], shown["access_token_lifetime"]) == (["a", "b"], 300)
    for wrong in ("access_token_lifetime=soon", "token_profile=ever", "extra_claims=sub"):
        assert acme_cli(*change, wrong).code == 2
