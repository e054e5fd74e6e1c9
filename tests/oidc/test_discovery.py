"""What clients discover: metadata and keys, wherever a tenant lives (RFC 8414, RFC 7517)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from authgate import audit, provisioning
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant
from authgate_tenants.models import TenantDomain
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
PROVING = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
SIGNING = ["ES256", "EdDSA", "PS256", "RS256", "HS256"]


@on_sqlite
async def test_the_metadata_say_where_everything_is(at_acme: Caller, acme: Tenant) -> None:
    answer = await at_acme.get(OPENID)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    issuer = acme.issuer
    assert answer.json() == {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "require_pushed_authorization_requests": False,
        "token_endpoint": f"{issuer}/oauth/token",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "device_authorization_endpoint": f"{issuer}/oauth/device/code",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": PROVING,
        "introspection_endpoint_auth_signing_alg_values_supported": SIGNING,
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": [*PROVING, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": SIGNING,
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            GRANT,
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "PS256", "RS256"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": True,
        "ui_locales_supported": ["en", "zh-Hant"],
        "acr_values_supported": ["1", "2"],
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": SIGNING[:-1],
        "authorization_signing_alg_values_supported": ["ES256"],
        "userinfo_signing_alg_values_supported": ["ES256"],
        "introspection_signing_alg_values_supported": ["ES256"],
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "client_id_metadata_document_supported": False,
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
        "token_endpoint_auth_methods_supported": [*PROVING, "none"],
        "token_endpoint_auth_signing_alg_values_supported": SIGNING,
        "scopes_supported": ["openid", "profile", "email", "offline_access", "groups", "roles"],
        "claims_supported": answer.json()["claims_supported"],
    }


@on_sqlite
async def test_every_endpoint_of_the_metadata_answers(
    server: RunningServer, at_acme: Caller
) -> None:
    metadata = (await at_acme.get(OPENID)).json()
    for name, value in metadata.items():
        if name.endswith(("_endpoint", "_uri")):
            answer = await server.http.post(value)
            assert answer.status_code != 404, name


@on_sqlite
async def test_the_metadata_are_found_appended_and_inserted(
    server: RunningServer, at_acme: Caller, acme: Tenant
) -> None:
    appended = await at_acme.get(OPENID)
    for path in (
        f"{acme.prefix}{OAUTH}",
        f"{OAUTH}{acme.prefix}",
        f"{OPENID}{acme.prefix}",
        f"{OAUTH}{acme.prefix}/",
        f"{acme.prefix}/{OPENID}",
        f"{acme.prefix}//.well-known//openid-configuration",
    ):
        answer = await server.http.get(path)
        assert (answer.status_code, answer.content) == (200, appended.content), path


@on_sqlite
async def test_who_has_it_already_is_told_that_it_has_not_changed(at_acme: Caller) -> None:
    for path in (OPENID, JWKS):
        first = await at_acme.get(path)
        etag = first.headers["etag"]
        for known in (etag, f'"other", {etag}', f"W/{etag}"):
            again = await at_acme.get(path, headers=[("If-None-Match", known)])
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
            assert again.headers["cache-control"] == first.headers["cache-control"]
        other = await at_acme.get(path, headers=[("If-None-Match", '"other"')])
        assert (other.status_code, other.content) == (200, first.content)


@on_sqlite
async def test_head_is_answered_like_get_without_the_body(
    server: RunningServer, acme: Tenant
) -> None:
    for path in (OPENID, OAUTH, JWKS):
        full = await server.http.get(f"{acme.issuer}{path}")
        head = await server.http.head(f"{acme.issuer}{path}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(full.content))
        assert head.headers["etag"] == full.headers["etag"]


@on_sqlite
async def test_in_13_metadata_and_keys_may_be_kept_by_everybody(
    at_acme: Caller, at_globex: Caller
) -> None:
    for path in (OPENID, OAUTH, JWKS):
        answer = await at_acme.get(path)
        assert answer.headers["cache-control"].startswith("public, max-age=")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.content != (await at_globex.get(path)).content


@on_sqlite
async def test_ti_15_what_may_be_kept_has_an_address_of_its_own_and_sets_no_cookie(
    at_acme: Caller, at_globex: Caller
) -> None:
    for path in (OPENID, OAUTH, JWKS):
        answers = [await caller.get(path) for caller in (at_acme, at_globex)]
        assert len({str(answer.url) for answer in answers}) == 2
        for answer in answers:
            assert "set-cookie" not in answer.headers
            # Nothing in the request but its address had a part in the answer.
            assert "vary" not in answer.headers


@on_sqlite
async def test_the_metadata_are_read_only(server: RunningServer, acme: Tenant) -> None:
    for path in (OPENID, OAUTH, JWKS):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            answer = await server.http.request(method, f"{acme.issuer}{path}")
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@on_sqlite
async def test_a_changed_tenant_has_changed_metadata(
    server: RunningServer, at_acme: Caller, acme: Tenant
) -> None:
    before = await at_acme.get(OPENID)
    settings = TenantSettings(signing_algorithm="RS256").to_json()
    await change(server, acme, settings=settings)
    etag = before.headers["etag"]
    after = await at_acme.get(OPENID, headers=[("If-None-Match", etag)])
    assert after.status_code == 200
    named = after.json()["id_token_signing_alg_values_supported"]
    assert named == ["RS256", "ES256", "EdDSA"]


@on_sqlite
async def test_an_unknown_tenant_is_not_found(server: RunningServer, acme: Tenant) -> None:
    for path in (f"/t/initech{OPENID}", f"{OPENID}/t/initech", OPENID, JWKS, "/t/initech/login"):
        for accept, content_type in (("*/*", "application/json"), ("text/html", "text/html")):
            answer = await server.http.get(path, headers={"Accept": accept})
            assert answer.status_code == 404
            assert answer.headers["content-type"].startswith(content_type)
            assert acme.name not in answer.text


# --- Keys -----------------------------------------------------------------------------------------


async def test_jw_24_only_public_members_of_keys_are_shown_in_every_state(
    server: RunningServer, at_acme: Caller, acme: Tenant
) -> None:
    async def shown() -> list[dict[str, str]]:
        answer = await at_acme.get(JWKS)
        assert answer.headers["content-type"] == "application/jwk-set+json"
        keys: list[dict[str, str]] = answer.json()["keys"]
        for key in keys:
            assert set(key) == {"kty", "crv", "x", "y", "use", "alg", "kid"}
            assert (key["use"], key["alg"]) == ("sig", "ES256")
        return keys

    active, pending = await shown()
    with use_tenant(acme):
        rotation = await server.parts.keys.rotate("ES256", actor=audit.SYSTEM)
    assert rotation is not None
    kids = {key["kid"] for key in await shown()}
    assert kids == {rotation.retiring, rotation.active, rotation.pending}
    assert {active["kid"], pending["kid"]} < kids
    with use_tenant(acme):
        await server.parts.keys.revoke(rotation.retiring, actor=audit.SYSTEM)
    assert rotation.retiring not in {key["kid"] for key in await shown()}


@on_sqlite
async def test_keys_of_other_algorithms_show_public_members_only(server: RunningServer) -> None:
    tenant = await provisioning.add_tenant(server.parts, slug="initech", name="Initech")
    with use_tenant(tenant):
        for algorithm in ("RS256", "EdDSA", "HS256"):
            await server.parts.keys.ensure(algorithm)
    keys = (await Caller(server.http, tenant).get(JWKS)).json()["keys"]
    assert {key["alg"] for key in keys} == {"ES256", "RS256", "EdDSA"}, "no secret is a public key"
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & set(key)


# --- Where tenants live ---------------------------------------------------------------------------


Hosted = Callable[..., Awaitable[Tenant]]


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Settings:
    """As usual; or with addresses of the test's choice, by indirect parameters."""
    addresses: dict[str, str] = getattr(request, "param", {})
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        log_level="info",
        **addresses,  # type: ignore[arg-type]
    )


HOSTS = {"base_url": "https://id.test", "base_domain": "id.test"}
ROOT = {"base_url": "https://id.test", "default_tenant": "acme"}
PATHS = {"base_url": "https://id.test"}


async def issuer_at(server: RunningServer, url: str, path: str = OPENID) -> str:
    """What the metadata at an address say, having asked like a client that knows no more."""
    answer = await server.http.get(f"{url}{path}")
    assert answer.status_code == 200, url
    issuer: str = answer.json()["issuer"]
    assert answer.json()["token_endpoint"] == f"{issuer}/oauth/token"
    return issuer


@on_sqlite
@pytest.mark.parametrize("settings", [PATHS], indirect=True)
async def test_the_issuer_of_a_tenant_on_a_path(server: RunningServer, acme: Tenant) -> None:
    assert await issuer_at(server, "https://id.test/t/acme") == "https://id.test/t/acme"
    assert acme.issuer == "https://id.test/t/acme"


@on_sqlite
@pytest.mark.parametrize("settings", [ROOT], indirect=True)
async def test_the_issuer_of_the_default_tenant_at_the_root(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    assert await issuer_at(server, "https://id.test") == acme.issuer == "https://id.test"
    assert await issuer_at(server, "https://id.test/t/acme") == "https://id.test"
    assert await issuer_at(server, "https://id.test/t/globex") == globex.issuer
    home = await server.http.get("https://id.test/")
    assert (home.status_code, home.headers["location"]) == (303, "/account/sessions")


@on_sqlite
@pytest.mark.parametrize("settings", [HOSTS], indirect=True)
async def test_the_issuer_of_a_tenant_on_a_host(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    assert await issuer_at(server, "https://acme.id.test") == "https://acme.id.test"
    assert await issuer_at(server, "https://acme.id.test", OAUTH) == acme.issuer
    assert await issuer_at(server, "https://ACME.id.test") == acme.issuer
    assert await issuer_at(server, "https://globex.id.test") == globex.issuer
    # Below the shared address it would have a second origin, and neighbours there.
    for path in (f"/t/acme{OPENID}", f"{OPENID}/t/acme", "/t/acme/login", "/t/acme/oauth/token"):
        assert (await server.http.get(f"https://id.test{path}")).status_code == 404
    home = await server.http.get("https://acme.id.test/")
    assert (home.status_code, home.headers["location"]) == (303, "/account/sessions")
    front = await server.http.get("https://id.test/")
    assert front.status_code == 200
    assert acme.name not in front.text


@pytest.mark.parametrize("settings", [PATHS], indirect=True)
async def test_the_issuer_of_a_tenant_with_a_domain_of_its_own(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    with use_tenant(acme):
        await TenantDomain.create(
            tenant_id=acme.id, host="login.acme.example", verified_at=utc_now()
        )
        await provisioning.make_canonical(server.parts, "login.acme.example", overlap=timedelta(0))
    with use_tenant(globex):
        await TenantDomain.create(tenant_id=globex.id, host="login.globex.example")
    await server.parts.tenants.invalidate((None, "slug", acme.slug))

    own = "https://login.acme.example"
    assert await issuer_at(server, own) == own
    assert await issuer_at(server, "https://login.acme.example.") == own
    assert (await server.http.get(f"https://id.test/t/acme{OPENID}")).status_code == 404
    unproven = await server.http.get(f"https://login.globex.example{OPENID}")
    assert unproven.status_code == 421, "nobody has proven to own it"


@on_sqlite
@pytest.mark.parametrize("settings", [HOSTS | {"default_tenant": "acme"}], indirect=True)
async def test_a_tenant_is_served_at_the_origin_of_its_issuer_only(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    assert await issuer_at(server, "https://id.test") == acme.issuer
    assert (await server.http.get(f"https://acme.id.test{OPENID}")).status_code == 404
    for host in ("login.globex.example", "globex.example"):
        with use_tenant(globex):
            await TenantDomain.create(tenant_id=globex.id, host=host, verified_at=utc_now())
    with use_tenant(globex):
        await provisioning.make_canonical(
            server.parts, "login.globex.example", overlap=timedelta(0)
        )
    assert await issuer_at(server, "https://login.globex.example") == "https://login.globex.example"
    assert (await server.http.get(f"https://globex.id.test{OPENID}")).status_code == 404
    # Of its other hosts each says which one that is, and serves nothing else.
    assert await issuer_at(server, "https://globex.example") == "https://login.globex.example"
    assert (await server.http.post("https://globex.example/oauth/token")).status_code == 421
    found = await server.parts.resolver.find("globex")
    assert found is not None
    assert found.issuer == "https://login.globex.example"


@on_sqlite
@pytest.mark.parametrize("settings", [HOSTS], indirect=True)
async def test_mx_02_the_issuer_is_the_tenants_whatever_the_request_says(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    url = f"{acme.issuer}{OPENID}"
    for headers in (
        {"X-Forwarded-Host": "globex.id.test"},
        {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "http"},
        {"Forwarded": "host=globex.id.test"},
        {"X-Original-URL": f"/t/globex{OPENID}"},
        {"X-Rewrite-URL": f"/t/globex{OPENID}"},
        {"Origin": globex.issuer},
    ):
        answer = await server.http.get(url, headers=headers)
        assert answer.json()["issuer"] == acme.issuer
    # A path of another tenant on this one's host is nobody's.
    for path in (f"/t/globex{OPENID}", f"{OPENID}/t/globex"):
        assert (await server.http.get(f"{acme.issuer}{path}")).status_code == 404
    for host in ("evil.test", "id.test.evil.test", "acme.id.test.evil.test", "acmeid.test"):
        answer = await server.http.get(f"https://{host}{OPENID}")
        assert (answer.status_code, answer.json()["error"]) == (421, "misdirected_request")
    for host in ("initech.id.test", "www.acme.id.test", "xn--80ak6aa92e.id.test"):
        assert (await server.http.get(f"https://{host}{OPENID}")).status_code in (404, 421)


@on_sqlite
@pytest.mark.parametrize("settings", [PATHS], indirect=True)
async def test_ht_01_a_strange_host_is_told_nothing_of_what_this_is(server: RunningServer) -> None:
    told = set()
    for path in ("/", "/login", "/api/v1/users", "/oauth/token", OPENID, "/static/app.css"):
        for accepted in ("text/html", "application/json"):
            url = f"https://evil.test{path}"
            answer = await server.http.get(url, headers={"Accept": accepted})
            assert answer.status_code == 421
            told.add(answer.content)
    assert told == {b'{"error":"misdirected_request"}'}


# --- Suspended tenants ----------------------------------------------------------------------------


async def test_ti_27_a_suspended_tenant_is_served_nowhere(
    server: RunningServer, at_acme: Caller, acme: Tenant, globex: Tenant, ledger: Ledger
) -> None:
    assert (await at_acme.get(OPENID)).status_code == 200
    await change(server, acme, status=TenantStatus.SUSPENDED)
    async with ledger.nothing_granted(acme):
        for path in (OPENID, OAUTH, JWKS, "/oauth/tokeninfo", "/oauth/userinfo", "/x"):
            answer = await at_acme.get(path)
            assert (answer.status_code, answer.json()["error"]) == (403, "access_denied")
        for path in ("/oauth/token", "/oauth/device/code", "/login", "/device/decision"):
            answer = await at_acme.post(path, {"client_id": "x"})
            assert (answer.status_code, answer.json()["error"]) == (403, "access_denied")
        for path in ("/login", "/device", "/account/sessions", "/"):
            answer = await at_acme.get(path, headers=[("Accept", "text/html")])
            assert answer.status_code == 403
            assert "This organisation is suspended" in answer.text
            assert "set-cookie" not in answer.headers
    assert await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE) == []
    assert (await server.http.get(f"{globex.issuer}{OPENID}")).status_code == 200


@on_sqlite
async def test_a_client_that_was_turned_away_finds_its_server(
    server: RunningServer, at_acme: Caller, acme: Tenant
) -> None:
    """RFC 9728 section 5: from a challenge to the resource, and on to its server."""
    refused = await at_acme.get("/oauth/userinfo")
    named = (
        refused.headers["www-authenticate"].partition('resource_metadata="')[2].partition('"')[0]
    )
    inserted = await server.http.get(named)
    appended = await at_acme.get("/.well-known/oauth-protected-resource")
    assert inserted.json() == appended.json()
    assert inserted.headers["access-control-allow-origin"] == "*"
    described = inserted.json()
    assert described["resource"] == acme.issuer
    assert described["authorization_servers"] == [acme.issuer]
    assert described["bearer_methods_supported"] == ["header", "body"]
