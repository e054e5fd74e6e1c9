"""requests-oauthlib signs people in, and acts for itself, against a tenant's issuer."""

from pathlib import Path
from typing import Any

from authgate.storage.clients.drafts import ClientDraft
from authgate.vocabulary import ApplicationType
from authgate_testing.conversation import outcome
from authgate_testing.issuers import Issuer
from authgate_testing.live import PASSWORD
from authgate_testing.person import Person

PROGRAM = Path(__file__).parent / "programs/requests_oauthlib_program.py"


async def said(
    python: Path, issuer: Issuer, draft: ClientDraft, to: str, person: Person | None = None
) -> dict[str, Any]:
    made = await issuer.add(draft)
    return await outcome(
        python,
        PROGRAM,
        given={
            "to": to,
            "issuer": issuer.url,
            "client_id": made.client.client_id,
            "client_secret": made.secret,
        },
        person=person,
        environment={"OAUTHLIB_INSECURE_TRANSPORT": "1"},  # loopback
    )


async def test_a_person_signs_in_and_the_token_is_refreshed(
    issuer: Issuer, mira: Person, clients_python: Path
) -> None:
    await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    application = ClientDraft(
        name="Fleet App",
        grant_types=["authorization_code", "refresh_token"],
        scopes=["openid", "profile", "offline_access"],
        redirect_uris=["http://127.0.0.1/callback"],
        application_type=ApplicationType.NATIVE,
    )
    told = await said(clients_python, issuer, application, "sign in", mira)
    assert told["person"]["name"] == "Mira Halvorsen"
    assert told["rotated"]


async def test_a_service_gets_a_token_and_none_for_somebodys_password(
    issuer: Issuer, clients_python: Path
) -> None:
    service = ClientDraft(name="Backup", grant_types=["client_credentials"], scopes=["read"])
    told = await said(clients_python, issuer, service, "act for itself")
    assert told["token"]["scope"] == ["read"]
    told = await said(clients_python, issuer, service, "ask for a password")
    assert told == {"error": "unsupported_grant_type"}
