"""Whatever ends what a person has given a client: once it has answered, nothing of it lives on,
whoever has redeemed and refreshed at two other processes meanwhile.

``--rounds 20 -o faulthandler_timeout=900`` makes it fifty rounds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from authgate import provisioning
from authgate.accounts import access
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.grants.authorization_codes import AuthorizationCode
from authgate.storage.issued.refresh_tokens import RefreshStatus, RefreshToken
from authgate.storage.issued.tokens import Token
from authgate.storage.people.users import User
from authgate.vocabulary import TokenStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed
from authgate_testing.doors import PASSWORD
from authgate_testing.person import Person
from authgate_testing.racer import Racers
from authgate_testing.server import RunningServer

REFRESHES = 6
CALLBACK = "https://console.example/callback"


@dataclass(frozen=True, slots=True)
class Scene:
    """A person who has let an application in, and is about to do so once more."""

    server: RunningServer
    application: Application
    person: Person
    user: User
    refresh_token: str
    redemption: dict[str, str]

    @property
    def client_id(self) -> str:
        return self.application.client.client.client_id

    def race(self, racers: Racers) -> Awaitable[Any]:
        """One process refreshes, the other redeems a code."""
        url = f"{self.application.tenant.issuer}/oauth/token"
        refresh = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        form = self.application.credentials() | refresh
        return racers.race(
            {"url": url, "data": form, "times": REFRESHES},
            {"url": url, "data": self.redemption, "times": 1},
        )


async def scene(server: RunningServer, tenant: Tenant, alice: User, number: int) -> Scene:
    with use_tenant(tenant):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Console",
                client_id=f"console-{number}",
                grant_types=["authorization_code", "refresh_token"],
                scopes=["openid", "read"],
                redirect_uris=[CALLBACK],
            ),
        )
    person = Person(server.browser())
    await person.sign_in(tenant.issuer, alice.username, PASSWORD)
    application = Application(server.http, tenant, client, CALLBACK, scope="openid read")
    tokens = await application.signed_in(person)
    asking = application.ask()
    code = (await allowed(person, asking))["code"]
    redemption = application.redemption(code, asking)
    return Scene(server, application, person, alice, tokens["refresh_token"], redemption)


async def given_back(scene: Scene) -> None:
    form = scene.application.credentials() | {"token": scene.refresh_token}
    url = f"{scene.application.tenant.issuer}/oauth/revoke"
    assert (await scene.application.http.post(url, data=form)).status_code == 200


async def signed_out(scene: Scene) -> None:
    await scene.person.visit(f"{scene.application.tenant.issuer}/account/sessions")
    await scene.person.submit({}, to="/logout")


async def taken_back(scene: Scene) -> None:
    now = scene.server.clock()
    await access.end_of_client(scene.user.id, scene.client_id, now=now)


async def all_revoked(scene: Scene) -> None:
    await provisioning.revoke_client_tokens(scene.server.parts, scene.client_id)


async def client_deleted(scene: Scene) -> None:
    await provisioning.delete_client(scene.server.parts, scene.client_id)


async def person_disabled(scene: Scene) -> None:
    await provisioning.disable_user("alice", now=scene.server.clock())


Ending: TypeAlias = Callable[[Scene], Awaitable[None]]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(given_back, id="in_08_given_back"),
        pytest.param(signed_out, id="rt_11_signed_out"),
        pytest.param(taken_back, id="rt_11_consent_taken_back"),
        pytest.param(all_revoked, id="rt_11_all_of_the_client_revoked"),
        pytest.param(client_deleted, id="ad_08_client_deleted"),
        pytest.param(person_disabled, id="co_08_person_disabled"),
    ],
)
async def test_nothing_lives_on(
    racers: Racers, server: RunningServer, acme: Tenant, alice: User, rounds: int, end: Ending
) -> None:
    for number in range(rounds // 2):
        with use_tenant(acme):
            await provisioning.enable_user("alice")
        begun = await scene(server, acme, alice, number)
        with use_tenant(acme):
            statuses, _ = await asyncio.gather(begun.race(racers), end(begun))
            assert set(statuses) <= {200, 400, 401}, statuses
            await nothing_lives(begun, end)


async def nothing_lives(scene: Scene, end: Ending) -> None:
    living = RefreshToken.filter(client_id=scene.client_id, status=RefreshStatus.ACTIVE)
    if end is given_back:
        # The code that was redeemed meanwhile has begun another family.
        [former] = await RefreshToken.filter(client_id=scene.client_id).order_by("id").limit(1)
        living = living.filter(family_id=former.family_id)
    assert await living.count() == 0
    if end not in (given_back, signed_out):
        assert await AuthorizationCode.filter(client_id=scene.client_id, spent_at=None).count() == 0
        working = Token.filter(client_id=scene.client_id, status=TokenStatus.ACTIVE)
        assert await working.count() == 0


async def test_in_05_what_another_process_has_ended_is_inactive_here_at_once(
    racers: Racers, console: Application, person: Person, acme: Tenant
) -> None:
    tokens = await console.signed_in(person)
    held = [tokens["access_token"], tokens["refresh_token"]]

    async def are_active() -> list[bool]:
        url = f"{acme.issuer}/oauth/introspect"
        answers = [
            await console.http.post(url, data=console.credentials() | {"token": token})
            for token in held
        ]
        return [answer.json()["active"] for answer in answers]

    assert await are_active() == [True, True]
    form = console.credentials() | {"token": tokens["refresh_token"]}
    await racers.race({"url": f"{acme.issuer}/oauth/revoke", "data": form, "times": 1})
    assert await are_active() == [False, False]
