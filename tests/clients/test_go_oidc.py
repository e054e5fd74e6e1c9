"""go-oidc and x/oauth2 sign people in, and act for themselves, against a tenant's issuer."""

from pathlib import Path
from typing import Literal

import pytest

from authgate.storage.clients.drafts import ClientDraft
from authgate.vocabulary import ApplicationType
from authgate_tenants import TenantSettings
from authgate_testing.conversation import outcome
from authgate_testing.issuers import Issuer, MakeIssuer
from authgate_testing.live import DEVICE_GRANT, PASSWORD
from authgate_testing.person import Person


def application(*, public: bool) -> ClientDraft:
    return ClientDraft(
        name="Fleet App",
        grant_types=["authorization_code", "refresh_token", DEVICE_GRANT],
        scopes=["openid", "profile", "email", "offline_access", "read"],
        redirect_uris=["http://127.0.0.1/callback"],
        application_type=ApplicationType.NATIVE,
        public=public,
    )


@pytest.mark.parametrize(
    ("public", "algorithm"), [(False, "RS256"), (True, "ES256"), (True, "EdDSA")]
)
async def test_go_oidc_verifies_what_a_person_who_signs_in_is_given(
    make_issuer: MakeIssuer,
    mira: Person,
    go_client: Path,
    public: bool,
    algorithm: Literal["RS256", "ES256", "EdDSA"],
) -> None:
    issuer = await make_issuer(TenantSettings(signing_algorithm=algorithm))
    made = await issuer.add(application(public=public))
    await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    given = {"to": "sign in", "issuer": issuer.url, "client_id": made.client.client_id}
    told = await outcome(go_client, given=given | {"client_secret": made.secret}, person=mira)
    assert told["nonce"] == "the nonce"
    assert told["subject"] == told["access"]
    assert told["email"] == "mira@northwind.example"
    assert told["rotated"]
    assert told["dead"] == "invalid_grant"
    assert "did not match" in told["slash"]
    assert "audience" in told["another"]


async def test_x_oauth2_signs_a_device_in(
    make_issuer: MakeIssuer, mira: Person, go_client: Path
) -> None:
    issuer = await make_issuer(TenantSettings(device_poll_interval=1))
    made = await issuer.add(application(public=True))
    await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    given = {"to": "sign in a device", "issuer": issuer.url, "client_id": made.client.client_id}
    told = await outcome(go_client, given=given, person=mira)
    assert told == {"type": "Bearer", "scope": "read"}


async def test_a_service_in_go_gets_a_token_with_its_secret(
    issuer: Issuer, go_client: Path
) -> None:
    made = await issuer.add(
        ClientDraft(name="Nightly backup", grant_types=["client_credentials"], scopes=["read"])
    )
    given = {"to": "act for itself", "issuer": issuer.url, "client_id": made.client.client_id}
    told = await outcome(go_client, given=given | {"client_secret": made.secret or ""})
    assert told == {"subject": f"client:{made.client.client_id}", "scope": "read"}
