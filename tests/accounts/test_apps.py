"""``/account/apps``: what a person has let in, once for each client, and how all of it ends."""

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientChange
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, hidden_fields, is_asked, sent_on
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT, Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

HERE = "/account/apps"


async def shown(person: Person, tenant: Tenant) -> str:
    page = await person.visit(f"{tenant.issuer}{HERE}")
    assert page.status_code == 200
    return page.text


async def works(application: Application, tokens: dict[str, str]) -> bool:
    answer = await application.http.get(
        f"{application.tenant.issuer}/oauth/tokeninfo",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    return answer.status_code == 200


async def test_an_application_is_listed_once_with_all_that_it_may_do(
    acme: Tenant, console: Application, person: Person
) -> None:
    assert "Nothing has access to your account." in await shown(person, acme)
    await console.signed_in(person, scope="openid read")
    await console.signed_in(person, scope="openid write")
    await console.signed_in(person, scope="openid offline_access")
    page = await shown(person, acme)
    assert page.count("<b><bdi>Acme Console</bdi></b>") == 1
    for line in ("Know that it is you", "Read your data", "Change your data", "Stay signed in"):
        assert page.count(line) == 1
    assert "used <time" in page


async def test_removing_an_application_ends_all_of_it_on_every_device(
    server: RunningServer,
    acme: Tenant,
    device: Device,
    device_client: NewClient,
    person: Person,
    ledger: Ledger,
) -> None:
    with use_tenant(acme):
        change = ClientChange(grant_types=[GRANT, "refresh_token"])
        await provisioning.change_client(server.parts, device_client.client.client_id, change)
    application = Application(server.http, acme, device_client, "")
    first, second, waiting = [await device.start(scope="openid read") for _ in range(3)]
    for each in (first, second, waiting):
        await decide(person, each)
    tokens = [(await device.poll(each["device_code"])).json() for each in (first, second)]
    assert (await shown(person, acme)).count("<b><bdi>Acme CLI</bdi></b>") == 1
    await person.submit({}, to=f"{HERE}/remove")
    assert person.page is not None
    assert "Removed" in person.page.text
    assert "Acme CLI" not in person.page.text
    for each in tokens:
        assert not await works(application, each)
        assert (await application.refresh(each["refresh_token"])).status_code == 400
    assert (await device.poll(waiting["device_code"])).status_code == 400
    [event] = await ledger.events(acme, Event.USER_AUTHORIZATION_REVOKED)
    assert event.client_id == device_client.client.client_id


async def test_a_device_that_was_approved_and_has_not_come_yet_is_listed(
    acme: Tenant, device: Device, person: Person
) -> None:
    waiting = await device.start(scope="openid read")
    await decide(person, waiting)
    page = await shown(person, acme)
    assert "Acme CLI" in page
    assert "not in use now" in page
    await person.submit({}, to=f"{HERE}/remove")
    assert (await device.poll(waiting["device_code"])).json()["error"] == "access_denied"


async def test_what_is_remembered_is_forgotten_with_the_application(
    acme: Tenant, console: Application, person: Person
) -> None:
    await console.signed_in(person)
    assert not is_asked(await sent_on(person, console.ask().url))
    await shown(person, acme)
    await person.submit({}, to=f"{HERE}/remove")
    assert is_asked(await sent_on(person, console.ask().url))


async def test_what_ended_with_a_session_is_not_in_use(
    server: RunningServer, acme: Tenant, console: Application, person: Person
) -> None:
    tokens = await console.signed_in(person, scope="openid read")
    server.clock.advance(12 * 3600 + 1)  # beyond the absolute end of the session
    assert (await console.refresh(tokens["refresh_token"])).status_code == 400
    await person.sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
    page = await shown(person, acme)
    assert "Acme Console" in page, "it is remembered that it may"
    assert "not in use now" in page
    sessions = await person.visit(f"{acme.issuer}/account/sessions")
    assert "used <time" not in sessions.text


@on_sqlite
async def test_ti_02_nobody_removes_what_somebody_else_has_let_in(
    acme: Tenant,
    globex: Tenant,
    console: Application,
    person: Person,
    colleague: Person,
    stranger: Person,
    ledger: Ledger,
) -> None:
    tokens = await console.signed_in(person, scope="openid offline_access")
    for somebody, tenant in ((colleague, acme), (stranger, globex)):
        page = await shown(somebody, tenant)
        assert "Acme Console" not in page
        token = hidden_fields(page)["csrf_token"]
        for client_id in ("console", "nobody", "", "\u0661" * 64, "x" * 9000):
            answer = await somebody.http.post(
                f"{tenant.issuer}{HERE}/remove", data={"client": client_id, "csrf_token": token}
            )
            assert answer.headers["location"] == f"{tenant.prefix}{HERE}"
    assert await works(console, tokens)
    assert await ledger.events(acme, Event.USER_AUTHORIZATION_REVOKED) == []
