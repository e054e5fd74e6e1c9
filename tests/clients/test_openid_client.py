"""openid-client of npm, which checks strictly, signs people in at a tenant's issuer."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import PRIVATE_KEY_JWT, ClientMetadata
from authgate.vocabulary import ApplicationType
from authgate_testing.conversation import outcome
from authgate_testing.issuers import Issuer
from authgate_testing.live import PASSWORD
from authgate_testing.person import Person
from authgate_testing.signing import SigningKey

PROGRAM = Path(__file__).parent / "npm/openid_client.mjs"
CALLBACK = "http://127.0.0.1:8765/callback"

Run = Callable[..., Awaitable[dict[str, Any]]]


def application(metadata: ClientMetadata, *methods: str) -> ClientDraft:
    return ClientDraft(
        name="Fleet App",
        grant_types=["authorization_code", "refresh_token"],
        scopes=["openid", "profile", "email", "offline_access"],
        redirect_uris=[CALLBACK],
        application_type=ApplicationType.NATIVE,
        authentication_methods=methods,
        metadata=metadata,
    )


@pytest.fixture
def run(issuer: Issuer, mira: Person, clients_node: Path) -> Run:
    async def running(to: str, made: NewClient, **more: object) -> dict[str, Any]:
        await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
        named = {"to": to, "issuer": issuer.url, "client_id": made.client.client_id}
        given = named | {"client_secret": made.secret} | more
        return await outcome(clients_node, PROGRAM, given=given, person=mira)

    return running


async def test_a_person_signs_in_and_out_and_everything_ends(issuer: Issuer, run: Run) -> None:
    metadata = ClientMetadata(post_logout_redirect_uris=(f"{CALLBACK}/bye",))
    told = await run("sign in", await issuer.add(application(metadata)))
    assert told["claims"]["iss"] == issuer.url
    assert told["person"]["email"] == "mira@northwind.example"
    assert told["before"]["active"]
    assert told["after"] == {"active": False}
    assert told["again"] == "invalid_grant"
    assert told["goodbye"] == f"{CALLBACK}/bye?state=goodbye"


async def test_a_client_of_high_security_pushes_proves_and_binds(issuer: Issuer, run: Run) -> None:
    key = SigningKey.make()
    metadata = ClientMetadata(
        jwks=key.jwks(),
        require_pushed_authorization_requests=True,
        dpop_bound_access_tokens=True,
    )
    made = await issuer.add(application(metadata, PRIVATE_KEY_JWT))
    told = await run("sign in by keys", made, private_key=key.private_jwk())
    assert set(told["sent"]) == {"client_id", "request_uri"}
    assert told["kind"].lower() == "dpop"
    assert told["person"]["name"] == "Mira Halvorsen"
    assert "jkt" in told["known"]["cnf"]
    assert told["bearer"] == 401


async def test_a_client_signs_what_it_asks_and_reads_a_signed_answer(
    issuer: Issuer, run: Run
) -> None:
    key = SigningKey.make()
    metadata = ClientMetadata(jwks=key.jwks(), require_signed_request_object=True)
    made = await issuer.add(application(metadata, PRIVATE_KEY_JWT))
    told = await run("sign in with signed messages", made, private_key=key.private_jwk())
    assert told["told"] == ["response"]
    assert told["claims"]["aud"] == made.client.client_id
