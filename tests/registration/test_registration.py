"""Clients register themselves (RFC 7591), as far as the tenant lets them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients import clients, initial_access_tokens
from authgate.storage.clients.rows import Client
from authgate.storage.sweep.expiry import remove_expired
from authgate.vocabulary import ApplicationType, ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, is_asked, sent_on
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.registering import PATH, answers, register
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

Choose = Callable[..., Awaitable[None]]
Allow = Callable[..., Awaitable[str]]


async def stored(tenant: Tenant, client_id: str) -> Client:
    """What the database holds of a client."""
    with use_tenant(tenant):
        found = await clients.find(client_id)
    assert found is not None
    return found


def application(
    server: RunningServer, tenant: Tenant, told_: dict[str, Any], client: Client
) -> Application:
    """The application that has registered."""
    return Application(
        server.http,
        tenant,
        NewClient(client, told_.get("client_secret")),
        redirect_uri=told_["redirect_uris"][0],
        scope="openid profile",
    )


async def test_an_application_registers_and_lets_people_sign_in(
    server: RunningServer, at_open: Caller, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    answer = await register(
        at_open,
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="client_secret_post",
        scope="openid profile offline_access",
        software_id="4NRB1-0XZABZI9E6-5SM3R",
        software_version="2.2",
        contacts=["ops@ledger.example"],
        tos_uri="https://ledger.example/terms",
        unknown="ignored",
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert made["client_secret_expires_at"] == 0
    assert {name: made[name] for name in ("software_id", "software_version", "contacts")} == {
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.2",
        "contacts": ["ops@ledger.example"],
    }
    assert made["response_types"] == ["code"]
    assert made["tos_uri"] == "https://ledger.example/terms"
    assert "unknown" not in made
    with use_tenant(acme):
        assert await clients.unseen_among([made["client_id"]]), "administrators are told of it"
    program = application(server, acme, made, await stored(acme, made["client_id"]))
    tokens = await program.signed_in(person, scope="openid profile offline_access")
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200
    [event] = await ledger.events(acme, Event.CLIENT_REGISTERED)
    assert event.details["software"] == "4NRB1-0XZABZI9E6-5SM3R"


@on_sqlite
async def test_a_client_says_where_it_is_told_that_a_session_is_over(
    at_open: Caller, acme: Tenant
) -> None:
    addresses: dict[str, Any] = {
        "backchannel_logout_uri": "https://backend.ledger.example/gone",
        "backchannel_logout_session_required": True,
        "frontchannel_logout_uri": "https://ledger.example/gone",
        "frontchannel_logout_session_required": True,
        "post_logout_redirect_uris": ["https://ledger.example/bye"],
    }
    made = (await register(at_open, **addresses)).json()
    assert {name: made[name] for name in addresses} == addresses
    client = await stored(acme, made["client_id"])
    assert client.metadata.backchannel_logout_uri == addresses["backchannel_logout_uri"]


@on_sqlite
async def test_a_public_client_gets_no_secret_and_no_grant_that_it_did_not_ask_for(
    at_open: Caller, acme: Tenant
) -> None:
    answer = await register(at_open, token_endpoint_auth_method="none")
    made = answer.json()
    assert "client_secret" not in made
    assert "client_secret_expires_at" not in made
    assert made["grant_types"] == ["authorization_code"]
    client = await stored(acme, made["client_id"])
    assert client.grant_types == {"authorization_code"}
    assert client.secrets.current is None
    assert "offline_access" not in made["scope"].split()


@on_sqlite
async def test_a_client_that_signs_gets_no_secret(at_open: Caller, acme: Tenant) -> None:
    keys = SigningKey.make().jwks()
    answer = await register(at_open, token_endpoint_auth_method="private_key_jwt", jwks=keys)
    assert answer.status_code == 201, answer.text
    assert "client_secret" not in answer.json()
    assert answer.json()["jwks"] == keys
    client = await stored(acme, answer.json()["client_id"])
    assert client.authentication_methods == {"private_key_jwt"}
    refused = await register(at_open, token_endpoint_auth_method="private_key_jwt")
    assert answers(refused, 400, "invalid_client_metadata")


@on_sqlite
async def test_dc_01_nobody_registers_where_the_tenant_does_not_say_so(
    at_acme: Caller, at_globex: Caller, choose: Choose
) -> None:
    assert answers(await register(at_acme), 403, "registration_not_supported")
    await choose(client_registration="token")
    assert answers(await register(at_acme), 401, "missing_token")
    refused = await register(at_acme, token="agreg_guessed")
    assert answers(refused, 401, "invalid_token")
    assert "Bearer" in refused.headers["www-authenticate"]
    assert answers(await register(at_globex), 403, "registration_not_supported")


async def test_dc_02_an_initial_access_token_is_good_at_its_tenant_so_often_and_so_long(
    server: RunningServer,
    at_acme: Caller,
    at_globex: Caller,
    globex: Tenant,
    acme: Tenant,
    choose: Choose,
    allow: Allow,
) -> None:
    await choose(client_registration="token")
    await provisioning.change_tenant(
        server.parts, globex, change=lambda old: old.changed({"client_registration": "token"})
    )
    token = await allow(acme, uses=2)
    assert answers(await register(at_globex, token=token), 401, "invalid_token")
    # What is refused for another reason costs no use.
    assert answers(
        await register(at_acme, token=token, redirect_uris=[]), 400, "invalid_redirect_uri"
    )
    assert (await register(at_acme, token=token)).status_code == 201
    assert (await register(at_acme, token=token)).status_code == 201
    server.clock.advance(60)  # past the limit for an address
    assert answers(await register(at_acme, token=token), 401, "invalid_token")
    brief = await allow(acme, seconds=60)
    server.clock.advance(61)
    assert answers(await register(at_acme, token=brief), 401, "invalid_token")


@on_sqlite
async def test_a_token_that_is_taken_back_registers_nobody(
    at_acme: Caller, acme: Tenant, choose: Choose, allow: Allow, server: RunningServer
) -> None:
    await choose(client_registration="token")
    token = await allow(acme, uses=10)
    with use_tenant(acme):
        [kept] = await initial_access_tokens.all_tokens(now=server.parts.clock())
        await provisioning.withdraw_registration(kept.id)
    assert answers(await register(at_acme, token=token), 401, "invalid_token")


_URLS = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri")


@on_sqlite
async def test_dc_03_nothing_that_a_client_names_is_fetched(
    at_open: Caller, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(
        "authgate.plugin_manager.egress.GuardedHttp._ask", lambda *given: asked.append(given)
    )
    elsewhere = "https://169.254.169.254/latest/meta-data"
    named = (*_URLS, "sector_identifier_uri", "initiate_login_uri", "backchannel_logout_uri")
    answer = await register(
        at_open,
        request_uris=[elsewhere],
        software_statement="eyJhbGciOiJub25lIn0.e30.",
        **dict.fromkeys(named, elsewhere),
    )
    assert answer.status_code == 201
    assert asked == []


@on_sqlite
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://ledger.example/", "data:text/html,x", "https://a@b/"]
)
async def test_dc_04_only_https_addresses_are_kept(at_open: Caller, url: str) -> None:
    for member in _URLS[:4]:
        refused = await register(at_open, **{member: url})
        assert answers(refused, 400, "invalid_client_metadata"), member


@on_sqlite
async def test_dc_04_a_name_is_text_on_every_page(
    server: RunningServer, at_open: Caller, acme: Tenant, person: Person
) -> None:
    made = (await register(at_open, client_name="<img src=x onerror=alert(1)>")).json()
    program = application(server, acme, made, await stored(acme, made["client_id"]))
    page = await sent_on(person, program.ask().url)
    assert is_asked(page)
    assert "<img" not in page.text
    assert "&lt;img src=x" in page.text


@on_sqlite
@pytest.mark.parametrize(
    "name",
    ["Goo\u200bgle", "\u202eelgooG", "Goo\ngle", "G" * 10_000, "G" * 81],
    ids=["zero width", "turned around", "two lines", "10 KB", "81"],
)
async def test_dc_05_a_name_hides_nothing_and_is_short(at_open: Caller, name: str) -> None:
    assert answers(await register(at_open, client_name=name), 400, "invalid_client_metadata")


@on_sqlite
async def test_dc_05_whoever_is_asked_sees_that_nobody_vouches_for_the_name(
    server: RunningServer, at_open: Caller, acme: Tenant, person: Person
) -> None:
    made = (await register(at_open, client_name="\uff27oogle")).json()
    assert made["client_name"] == "Google"
    program = application(server, acme, made, await stored(acme, made["client_id"]))
    page = await sent_on(person, program.ask().url)
    assert "registered itself" in page.text
    assert "ledger.example" in page.text


@on_sqlite
async def test_dc_05_whoever_lets_a_device_in_sees_that_nobody_vouches_for_the_name(
    at_open: Caller, acme: Tenant, person: Person
) -> None:
    device = "urn:ietf:params:oauth:grant-type:device_code"
    made = await register(
        at_open,
        client_name="Google",
        grant_types=[device],
        redirect_uris=None,
        response_types=[],
        token_endpoint_auth_method="none",
    )
    client_id = made.json()["client_id"]
    shown = (await at_open.post("/oauth/device/code", {"client_id": client_id})).json()
    page = await person.visit(shown["verification_uri_complete"])
    assert "Is this your device?" in page.text
    assert "registered itself" in page.text


@on_sqlite
async def test_dc_06_rights_are_not_a_client_s_to_give(at_open: Caller, acme: Tenant) -> None:
    plain = await stored(acme, (await register(at_open)).json()["client_id"])
    answer = await register(
        at_open,
        status="active",
        tenant_id="1",
        client_id="admin",
        client_secret="of-my-own-choice-of-my-own-choice",
        is_first_party=True,
        first_party=True,
        introspects=True,
        skip_consent=True,
        consent="implicit",
        token_lifetime=10**9,
        access_token_lifetime=10**9,
        allowed_origins=["https://evil.example"],
        owner_id="1",
        self_registered=False,
    )
    made = answer.json()
    assert made["client_id"] != "admin"
    assert made["client_secret"] != "of-my-own-choice-of-my-own-choice"
    client = await stored(acme, made["client_id"])
    own = {"id", "client_id", "secrets", "created_at", "updated_at", "expires_at"}
    assert {name: getattr(client, name) for name in client.__slots__ if name not in own} == {
        name: getattr(plain, name) for name in plain.__slots__ if name not in own
    }
    for scope in ("admin", "openid admin"):
        assert answers(await register(at_open, scope=scope), 400, "invalid_client_metadata")


@on_sqlite
async def test_dc_09_what_is_huge_is_refused(at_open: Caller) -> None:
    many = [f"https://ledger.example/{number}" for number in range(1000)]
    assert answers(await register(at_open, redirect_uris=many), 400, "invalid_redirect_uri")
    contacts = [f"{number}@ledger.example" for number in range(1000)]
    assert answers(await register(at_open, contacts=contacts), 400, "invalid_client_metadata")
    assert (await register(at_open, logo_uri="https://a/" + "a" * 5_000_000)).status_code == 413


@on_sqlite
async def test_dc_10_names_in_many_languages_are_too_many(at_open: Caller) -> None:
    few = {f"client_name#x{number}": "Ledger" for number in range(20)}
    assert (await register(at_open, **few)).status_code == 201
    many = {f"client_name#x{number}": "Ledger" for number in range(21)}
    assert answers(await register(at_open, **many), 400, "invalid_client_metadata")


async def test_dc_11_who_waits_for_approval_is_not_served(
    server: RunningServer, at_acme: Caller, acme: Tenant, person: Person, choose: Choose
) -> None:
    await choose(client_registration="open")
    made = (await register(at_acme, token_endpoint_auth_method="client_secret_post")).json()
    client = await stored(acme, made["client_id"])
    assert client.status is ClientStatus.PENDING
    program = application(server, acme, made, client)
    assert (await sent_on(person, program.ask().url)).status_code == 400
    device = "urn:ietf:params:oauth:grant-type:device_code"
    for grant in ("authorization_code", "refresh_token", "client_credentials", device):
        answer = await program.token(grant_type=grant, code="c", refresh_token="r", device_code="d")
        assert answers(answer, 401, "invalid_client"), grant
    for path in ("/oauth/par", "/oauth/device/code", "/oauth/introspect", "/oauth/revoke"):
        answer = await at_acme.post(path, program.credentials() | {"token": "t"})
        assert answers(answer, 401, "invalid_client"), path
    with use_tenant(acme):
        await provisioning.review_client(server.parts, made["client_id"], approved=True)
    await program.signed_in(person)


@on_sqlite
async def test_ru_20_a_client_that_nobody_has_approved_sends_nobody_anywhere(
    server: RunningServer, at_acme: Caller, acme: Tenant, person: Person, choose: Choose
) -> None:
    await choose(client_registration="open")
    made = (await register(at_acme)).json()
    program = application(server, acme, made, await stored(acme, made["client_id"]))
    page = await sent_on(person, program.ask(prompt="none").url)
    assert page.status_code == 400
    assert "location" not in page.headers


@on_sqlite
@pytest.mark.parametrize(
    "body",
    [b"{evil", b"[]", b'"evil"', b"\xff\xfe{\0}\0", b"", b"1" * 100],
    ids=["no JSON", "a list", "a text", "UTF-16", "nothing", "a number"],
)
async def test_dc_12_what_cannot_be_read_is_not_said_again(at_open: Caller, body: bytes) -> None:
    answer = await at_open.post(PATH, body=body, headers=[("Content-Type", "application/json")])
    assert answers(answer, 400, "invalid_client_metadata")
    assert answer.json()["error_description"] in (
        "The body is not JSON in which each member has a name of its own.",
        "The body has to be one JSON object.",
    )


_KEYS = SigningKey.make().jwks()["keys"]


@pytest.mark.parametrize(
    "said",
    [
        {"contacts": ["a\0@ledger.example"]},
        {"software_id": "a\0"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": _KEYS, "x": ["\0"]}},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": _KEYS, "\0": 1}},
    ],
    ids=["contact", "software", "in a key set", "named"],
)
async def test_un_03_a_nul_is_nowhere_in_what_is_kept(
    at_open: Caller, said: dict[str, Any]
) -> None:
    assert answers(await register(at_open, **said), 400, "invalid_client_metadata")


@on_sqlite
async def test_ht_11_a_member_that_comes_twice_is_not_believed(at_open: Caller) -> None:
    body = b'{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://b.example/cb"]}'
    answer = await at_open.post(PATH, body=body, headers=[("Content-Type", "application/json")])
    assert answers(answer, 400, "invalid_client_metadata")


@on_sqlite
@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://ledger.example/callback",
        "app://callback",
        "//evil.example",
        "https://*.ledger.example/callback",
        "https://ledger.example/callback#x",
        "",
    ],
)
async def test_ru_11_no_client_is_answered_where_anybody_could_listen(
    at_open: Caller, uri: str
) -> None:
    for kind in ("web", "native"):
        refused = await register(at_open, redirect_uris=[uri], application_type=kind)
        assert answers(refused, 400, "invalid_redirect_uri")


@on_sqlite
@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("http://127.0.0.1/callback", ApplicationType.NATIVE),
        ("http://localhost:3334/oauth/callback", ApplicationType.NATIVE),
        ("com.example.app:/callback", ApplicationType.NATIVE),
        ("https://ledger.example/callback", ApplicationType.WEB),
    ],
)
async def test_where_an_application_runs_is_seen_where_it_does_not_say_so(
    at_open: Caller, acme: Tenant, uri: str, kind: ApplicationType
) -> None:
    made = (await register(at_open, redirect_uris=[uri], token_endpoint_auth_method="none")).json()
    assert made["application_type"] == kind
    assert (await stored(acme, made["client_id"])).application_type is kind


@on_sqlite
async def test_a_client_says_what_its_id_tokens_are_to_be_signed_by(
    at_open: Caller, acme: Tenant
) -> None:
    uris = ["https://ledger.example/callback"]
    usual = (await register(at_open, redirect_uris=uris)).json()
    assert usual["id_token_signed_response_alg"] == "ES256"
    made = (
        await register(at_open, redirect_uris=uris, id_token_signed_response_alg="RS256")
    ).json()
    assert made["id_token_signed_response_alg"] == "RS256"
    assert (await stored(acme, made["client_id"])).metadata.id_token_signed_response_alg == "RS256"


_SHARED = {"kty": "oct", "k": "c2VjcmV0"}
_PRIVATE = {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "d": "A" * 43}


@on_sqlite
@pytest.mark.parametrize(
    "said",
    [
        {"grant_types": ["implicit"]},
        {"grant_types": ["client_credentials"]},
        {"grant_types": []},
        {"response_types": ["token"]},
        {"response_types": ["code"], "grant_types": ["refresh_token"]},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"application_type": "other"},
        {"client_name": 5},
        {"contacts": ["nobody"]},
        {"contacts": ["a\0b@ledger.example"]},
        {"scope": ["openid"]},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS256"},
        {"post_logout_redirect_uris": ["javascript:alert(1)"]},
        {"backchannel_logout_uri": "http://ledger.example/gone"},
        {"frontchannel_logout_uri": "https://other.example/gone"},
        {"jwks": {"keys": []}, "jwks_uri": "https://ledger.example/jwks"},
        {"jwks": {"keys": [_SHARED]}},
        {"jwks": {"keys": [_PRIVATE]}},
    ],
    ids=lambda said: f"ca_15_{'-'.join(said)}" if "jwks" in said else "-".join(said),
)
async def test_what_no_client_can_be_is_refused(at_open: Caller, said: dict[str, Any]) -> None:
    answer = await register(at_open, **said)
    assert answers(answer, 400, "invalid_client_metadata"), answer.text


@on_sqlite
async def test_ca_20_nobody_chooses_a_client_id(
    at_open: Caller, acme: Tenant, person: Person, alice: Any
) -> None:
    made = (await register(at_open, client_id=str(alice.id))).json()
    assert made["client_id"] != str(alice.id)


@pytest.mark.usefixtures("limits_stand_still")
@on_sqlite
async def test_registrations_of_one_address_are_limited(at_open: Caller) -> None:
    statuses = [(await register(at_open)).status_code for _ in range(6)]
    assert statuses == [201] * 5 + [429]


@on_sqlite  # PostgreSQL shows the sweep what is over by its own clock alone
async def test_who_is_not_used_goes_and_who_is_stays(
    server: RunningServer, at_open: Caller, acme: Tenant
) -> None:
    unused = (await register(at_open)).json()
    made = (await register(at_open, token_endpoint_auth_method="client_secret_post")).json()
    itself = {name: made[name] for name in ("client_id", "client_secret")}
    key = SigningKey.make()
    signer = await register(at_open, token_endpoint_auth_method="private_key_jwt", jwks=key.jwks())
    signer_id = signer.json()["client_id"]
    server.clock.advance(50 * 86_400)
    end = int(server.clock().timestamp()) + 60
    signed = key.credentials(signer_id, acme.issuer, exp=end)
    for proof in (itself, signed):
        assert (await at_open.post("/oauth/revoke", proof | {"token": "t"})).status_code == 200
    server.clock.advance(50 * 86_400)
    await remove_expired(server.parts.settings.database, batch=10, now=server.parts.clock())
    with use_tenant(acme):
        assert await clients.find(unused["client_id"]) is None
        assert await clients.find(made["client_id"]) is not None
        assert await clients.find(signer_id) is not None


@on_sqlite
async def test_where_to_register_is_discovered_where_one_may(
    at_acme: Caller, acme: Tenant, choose: Choose
) -> None:
    async def endpoint() -> str | None:
        known = await at_acme.get("/.well-known/oauth-authorization-server")
        told_: str | None = known.json().get("registration_endpoint")
        return told_

    assert await endpoint() is None
    await choose(client_registration="token")
    assert await endpoint() == f"{acme.issuer}{PATH}"


@on_sqlite
async def test_a_page_of_any_origin_may_register(at_open: Caller, acme: Tenant) -> None:
    preflight = await at_open.http.request(
        "OPTIONS",
        f"{acme.issuer}{PATH}",
        headers={
            "Origin": "https://inspector.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"


@on_sqlite
async def test_who_keeps_a_secret_may_do_without_pkce_where_the_tenant_says_so(
    server: RunningServer, at_open: Caller, acme: Tenant, person: Person, choose: Choose
) -> None:
    async def is_let_in(**chosen: Any) -> bool:
        made = (await register(at_open, scope="openid profile", **chosen)).json()
        app = application(server, acme, made, await stored(acme, made["client_id"]))
        return is_asked(
            await sent_on(person, app.ask(code_challenge="", code_challenge_method="").url)
        )

    by_secret = {"token_endpoint_auth_method": "client_secret_basic"}
    assert not await is_let_in(**by_secret)
    await choose(client_registration_strict=False)
    assert await is_let_in(**by_secret)
    assert not await is_let_in(token_endpoint_auth_method="none"), "nothing else proves who it is"


@on_sqlite
async def test_a_client_says_where_it_keeps_its_requests(at_open: Caller, acme: Tenant) -> None:
    key, uris = SigningKey.make(), ["https://ledger.example/request.jwt#abc"]
    made = (await register(at_open, jwks=key.jwks(), request_uris=uris)).json()
    assert made["request_uris"] == uris
    assert (await stored(acme, made["client_id"])).metadata.request_uris == tuple(uris)
    for wrong in ("http://ledger.example/request.jwt", "https://user@ledger.example/", "x"):
        answer = await register(at_open, jwks=key.jwks(), request_uris=[wrong])
        assert answers(answer, 400, "invalid_client_metadata"), wrong


@on_sqlite
async def test_assertions_for_the_token_endpoint_are_taken_where_the_tenant_is_not_strict(
    at_open: Caller, acme: Tenant, choose: Choose
) -> None:
    key, token_endpoint = SigningKey.make(), f"{acme.issuer}/oauth/token"

    async def refusal() -> str:
        made = await register(
            at_open, jwks=key.jwks(), token_endpoint_auth_method="private_key_jwt"
        )
        credentials = key.credentials(made.json()["client_id"], token_endpoint)
        form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "x"}
        error: str = (await at_open.post("/oauth/token", form | credentials)).json()["error"]
        return error

    assert await refusal() == "invalid_client"
    await choose(client_registration_strict=False)
    assert await refusal() == "invalid_grant"


@on_sqlite
async def test_people_are_shown_where_an_application_says_what_it_does_and_on_which_terms(
    server: RunningServer, at_open: Caller, acme: Tenant, person: Person
) -> None:
    policy, terms = "https://ledger.example/privacy", "https://ledger.example/terms"
    made = (
        await register(at_open, scope="openid profile", policy_uri=policy, tos_uri=terms)
    ).json()
    app = application(server, acme, made, await stored(acme, made["client_id"]))
    stranger = Person(server.browser())
    for somebody in (stranger, person):
        page = await sent_on(somebody, app.ask().url)
        assert page.status_code == 200
        for uri in (policy, terms):
            assert f'<a href="{uri}" rel="noopener noreferrer nofollow">' in page.text
    assert "/login?" in str(stranger.page and stranger.page.url)
