"""What AuthGate's own clients in Go hold against an issuer, on top of go-oidc and x/oauth2."""

from typing import Any

import httpx2
import pytest

from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.vocabulary import ApplicationType
from authgate_tenants import TenantSettings
from authgate_testing.application import Application, Asking, allowed
from authgate_testing.go_oidc import AutoDetecting, Provider
from authgate_testing.issuers import Issuer, MakeIssuer
from authgate_testing.live import PASSWORD
from authgate_testing.person import Person

CLI, SDK = "http://localhost:8888/callback", "http://127.0.0.1:8088/callback"


def web(**chosen: Any) -> ClientDraft:
    return ClientDraft(
        **{
            "name": "Go application",
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["openid", "profile", "email", "read", "write", "offline_access"],
            "redirect_uris": [CLI, SDK],
            "application_type": ApplicationType.NATIVE,
        }
        | chosen
    )


async def code(mira: Person, issuer: Issuer, made: NewClient, **asked: str) -> tuple[str, Asking]:
    """A code that Mira's browser brings back."""
    application = Application(mira.http, issuer.tenant, made, CLI)
    await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    asking = application.ask(**asked)
    return (await allowed(mira, asking))["code"], asking


def redeeming(answer: str, asking: Asking) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": answer,
        "redirect_uri": CLI,
        "code_verifier": asking.verifier,
    }


def x_oauth2(http: httpx2.AsyncClient, issuer: Issuer, made: NewClient) -> AutoDetecting:
    return AutoDetecting(
        http, f"{issuer.url}/oauth/token", made.client.client_id, made.secret or ""
    )


async def test_an_access_token_says_what_jwksauth_looks_at(
    make_issuer: MakeIssuer, mira: Person
) -> None:
    issuer = await make_issuer(TenantSettings(domain="northwind"))
    made = await issuer.add(web(project="fleet", service_account="go@northwind"))
    client_id = made.client.client_id
    provider = await Provider.discovered(mira.http, issuer.url)
    assert "ES256" in provider.algorithms
    answer, asking = await code(mira, issuer, made)
    tokens = await x_oauth2(mira.http, issuer, made).retrieve(**redeeming(answer, asking))
    access = provider.verified(tokens["access_token"], issuer.url)
    assert access["type"] == "access"
    assert (access["client_id"], access["scope"]) == (client_id, "openid profile email")
    assert access["extra_domain"] == "northwind"
    assert access["extra_project"] == "fleet"
    assert access["extra_service_account"] == "go@northwind"


async def test_the_issuer_is_the_same_to_the_byte_wherever_it_is_said(
    issuer: Issuer, mira: Person
) -> None:
    made = await issuer.add(web())
    provider = await Provider.discovered(mira.http, issuer.url)
    answer, asking = await code(mira, issuer, made)
    tokens = await x_oauth2(mira.http, issuer, made).retrieve(**redeeming(answer, asking))
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    introspected = await mira.http.post(
        f"{issuer.url}/oauth/introspect",
        data={"token": tokens["access_token"]},
        auth=(made.client.client_id, made.secret or ""),
    )
    said = [
        provider.metadata,
        provider.verified(tokens["id_token"], made.client.client_id),
        provider.verified(tokens["access_token"], issuer.url),
        (await mira.http.get(f"{issuer.url}/oauth/tokeninfo", headers=bearer)).json(),
        (await mira.http.get(f"{issuer.url}/oauth/userinfo", headers=bearer)).json(),
        introspected.json(),
    ]
    named = [each.get("iss", each.get("issuer")) for each in said]
    assert named == [issuer.url] * 6


@pytest.mark.parametrize(
    ("chosen", "tried"),
    [
        ({}, ["header"]),
        ({"public": True}, ["header"]),
        ({"authentication_methods": ["client_secret_post"]}, ["header", "form"]),
    ],
    ids=["confidential", "public", "by form only"],
)
async def test_x_oauth2_finds_out_how_to_authenticate_and_the_code_waits_for_it(
    issuer: Issuer, mira: Person, chosen: dict[str, Any], tried: list[str]
) -> None:
    """It sends Basic first, with an empty password where there is no secret, and no client_id."""
    made = await issuer.add(web(**chosen))
    answer, asking = await code(mira, issuer, made, scope="openid offline_access")
    client = x_oauth2(mira.http, issuer, made)
    tokens = await client.retrieve(**redeeming(answer, asking))
    assert client.tried == tried
    again = await client.retrieve(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again["access_token"] != tokens["access_token"]
    assert client.tried == tried * 2


async def test_a_command_line_client_needs_no_nonce_and_names_scopes_or_none(
    issuer: Issuer, mira: Person
) -> None:
    """AuthGate's ``cli`` asks for ``read write``; its Python SDK sends ``scope=`` where none is
    chosen."""
    made = await issuer.add(web(public=True))
    client = x_oauth2(mira.http, issuer, made)
    answer, asking = await code(mira, issuer, made, scope="read write", nonce="")
    assert (await client.retrieve(**redeeming(answer, asking)))["scope"] == "read write"
    _, asking = await code(mira, issuer, made)
    bare = asking.url.replace("scope=openid+profile+email", "scope=")
    answer = (await allowed(mira, Asking(bare, "", "", asking.verifier)))["code"]
    assert "read" in (await client.retrieve(**redeeming(answer, asking)))["scope"].split()


async def test_the_loopback_addresses_of_authgates_clients_are_taken(
    issuer: Issuer, mira: Person
) -> None:
    """The command line listens at ``localhost:8888``, the SDKs at 8088 or at any port."""
    made = await issuer.add(web(public=True))
    for redirect_uri in (CLI, SDK, "http://127.0.0.1:49152/callback"):
        answer, asking = await code(mira, issuer, made, redirect_uri=redirect_uri)
        form = redeeming(answer, asking) | {"redirect_uri": redirect_uri}
        assert await x_oauth2(mira.http, issuer, made).retrieve(**form)


async def test_an_audience_of_the_clients_own_is_what_jwksauth_is_configured_with(
    issuer: Issuer, mira: Person
) -> None:
    audience = "https://api.northwind.example"
    made = await issuer.add(
        ClientDraft(
            name="Go service",
            grant_types=["client_credentials"],
            scopes=["read"],
            metadata=ClientMetadata(audience=(audience,)),
        )
    )
    provider = await Provider.discovered(mira.http, issuer.url)
    tokens = await x_oauth2(mira.http, issuer, made).retrieve(grant_type="client_credentials")
    claims = provider.verified(tokens["access_token"], audience)
    assert claims["sub"] == f"client:{made.client.client_id}"
