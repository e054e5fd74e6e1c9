"""Of uses of one thing that arrive together, over two processes, exactly one counts: every time.

``--rounds 20`` makes it a hundred rounds.
"""

from authgate import provisioning
from authgate.storage.client_drafts import ClientDraft
from authgate.storage.client_metadata import ClientMetadata
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.racer import Racers
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

USES = 100


async def test_ca_12_an_assertion_is_good_once_however_many_try_at_once(
    racers: Racers, server: RunningServer, acme: Tenant, rounds: int
) -> None:
    key = SigningKey.make()
    draft = ClientDraft(
        name="Payroll",
        client_id="payroll",
        grant_types=["client_credentials"],
        scopes=["read"],
        authentication_methods=["private_key_jwt"],
        metadata=ClientMetadata(jwks=key.jwks()),
    )
    with use_tenant(acme):
        await provisioning.add_client(server.parts, draft)
    for _ in range(rounds):
        form = {"grant_type": "client_credentials"} | key.credentials("payroll", acme.issuer)
        statuses = await racers.race(
            {"url": f"{acme.issuer}/oauth/token", "data": form, "times": USES // 2}
        )
        assert statuses == {200: 1, 401: USES - 1}, statuses


async def test_mx_12_a_pushed_request_is_taken_once_however_many_try_at_once(
    racers: Racers, console: Application, rounds: int
) -> None:
    issuer, client_id = console.tenant.issuer, console.client.client.client_id
    for _ in range(rounds):
        request_uri = (await console.pushed(console.ask())).json()["request_uri"]
        statuses = await racers.race(
            {
                "url": f"{issuer}/oauth/authorize",
                "data": {"client_id": client_id, "request_uri": request_uri},
                "times": USES // 2,
            }
        )
        assert statuses == {303: 1, 400: USES - 1}, statuses
