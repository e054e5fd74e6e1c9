"""A shell script with curl and jq signs a device in, as AuthGate's own does."""

import os
from pathlib import Path

from authgate.storage.clients.drafts import ClientDraft
from authgate_tenants import TenantSettings
from authgate_testing.conversation import outcome
from authgate_testing.issuers import MakeIssuer
from authgate_testing.live import DEVICE_GRANT, PASSWORD
from authgate_testing.person import Person

PROGRAM = Path(__file__).parent / "programs/device_flow.sh"


async def test_a_shell_script_signs_a_device_in(make_issuer: MakeIssuer, mira: Person) -> None:
    issuer = await make_issuer(TenantSettings(device_poll_interval=1))
    made = await issuer.add(
        ClientDraft(
            name="Fleet CLI",
            grant_types=[DEVICE_GRANT, "refresh_token"],
            scopes=["profile", "email"],
            public=True,
        )
    )
    await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    told = await outcome(
        "bash",
        PROGRAM,
        given={"issuer": issuer.url, "client_id": made.client.client_id},
        person=mira,
        environment={"PATH": os.environ["PATH"]},
    )
    assert told["person"]["email"] == "mira@northwind.example"
    assert told["token"]["user_id"] == told["person"]["sub"]
    assert told["refreshed"]
