"""Of uses of one thing that arrive together, over two processes, exactly one counts: every time.

``--rounds 20 -o faulthandler_timeout=900`` makes it a hundred rounds.
"""

from collections import Counter
from datetime import timedelta

from authgate import provisioning
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.issued.tokens import Token
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed
from authgate_testing.caller import Caller
from authgate_testing.person import Person
from authgate_testing.racer import Racers
from authgate_testing.registering import PATH, WEB, manage, register
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

USES = 100


async def test_co_01_a_code_yields_tokens_once_however_many_try_at_once(
    racers: Racers, console: Application, person: Person, rounds: int
) -> None:
    for _ in range(rounds):
        asking = console.ask()
        code = (await allowed(person, asking))["code"]
        form = console.redemption(code, asking)
        statuses = await racers.race(
            {"url": f"{console.tenant.issuer}/oauth/token", "data": form, "times": USES // 2}
        )
        assert one_has_won(statuses, won=200, lost=400), statuses
    with use_tenant(console.tenant):
        assert await Token.all().count() == await RefreshToken.all().count() <= rounds


async def test_rt_01_without_grace_a_token_is_refreshed_once_however_many_try_at_once(
    racers: Racers, server: RunningServer, console: Application, person: Person, rounds: int
) -> None:
    await provisioning.change_tenant(
        server.parts, console.tenant, change=lambda old: old.changed({"refresh_token_grace": 0})
    )
    for _ in range(rounds):
        token = (await console.signed_in(person))["refresh_token"]
        form = console.credentials() | {"grant_type": "refresh_token", "refresh_token": token}
        statuses = await racers.race(
            {"url": f"{console.tenant.issuer}/oauth/token", "data": form, "times": USES // 2}
        )
        assert one_has_won(statuses, won=200, lost=400), statuses
    with use_tenant(console.tenant):
        assert await Token.all().count() == await RefreshToken.all().count() <= 2 * rounds


def one_has_won(statuses: Counter[int], *, won: int, lost: int) -> bool:
    """Who waits for too long for the row that all of them want is told to come back (503), and may
    have been the one."""
    told = set(statuses) <= {won, lost, 503} and statuses.total() == USES
    return told and (statuses[won] == 1 or (statuses[won] == 0 and statuses[503] > 0))


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
        assert one_has_won(statuses, won=200, lost=401), statuses


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
        assert one_has_won(statuses, won=303, lost=400), statuses


async def test_dc_02_an_initial_access_token_registers_one_client_however_many_try_at_once(
    racers: Racers, server: RunningServer, acme: Tenant, rounds: int
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda old: old.changed({"client_registration": "token"})
    )
    for _ in range(rounds):
        now = server.parts.clock()
        with use_tenant(acme):
            token, _ = await provisioning.allow_registration(
                description="", uses=1, now=now, expires_at=now + timedelta(hours=1)
            )
        statuses = await racers.race(
            {
                "url": f"{acme.issuer}{PATH}",
                "headers": {"Authorization": f"Bearer {token}"},
                "document": WEB,
                "times": USES // 2,
            }
        )
        assert one_has_won(statuses, won=201, lost=401), statuses


async def test_dc_07_a_registration_access_token_changes_its_client_once_however_many_try_at_once(
    racers: Racers, server: RunningServer, acme: Tenant, rounds: int
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda old: old.changed({"client_registration": "open"})
    )
    at_acme = Caller(server.http, acme)
    for _ in range(rounds):
        made = (await register(at_acme)).json()
        bearer = {"Authorization": f"Bearer {made['registration_access_token']}"}
        statuses = await racers.race(
            {
                "url": made["registration_client_uri"],
                "method": "PUT",
                "headers": bearer,
                "document": made | {"client_name": "Another"},
                "times": USES // 2,
            }
        )
        assert one_has_won(statuses, won=200, lost=401), statuses
        assert (await manage("GET", made, at_acme)).status_code == 401
