"""``GET|POST /oauth/logout`` (OpenID Connect RP-Initiated Logout 1.0): who is signed out, and where
they are led."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, sent_on
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

BACK, EVIL = "https://console.example/bye?of=acme", "https://evil.test/"
HERE = "/account/sessions"

Leave = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture(autouse=True)
async def registered(server: RunningServer, console: Application, acme: Tenant) -> None:
    """The application has said where it takes people back."""
    client = console.client.client
    metadata = replace(client.metadata, post_logout_redirect_uris=(BACK,))
    with use_tenant(acme):
        change = ClientChange(metadata=metadata)
        await provisioning.change_client(server.parts, client.client_id, change)


@pytest.fixture
async def id_token(console: Application, person: Person) -> str:
    """What the application knows of Alice's session."""
    return (await console.signed_in(person, scope="openid"))["id_token"]


@pytest.fixture
def leave(person: Person, acme: Tenant) -> Leave:
    """Alice comes from the application, which has these parameters."""

    async def leave(**parameters: str) -> httpx2.Response:
        return await sent_on(person, f"{acme.issuer}/oauth/logout?{urlencode(parameters)}")

    return leave


async def is_signed_in(person: Person, tenant: Tenant) -> bool:
    page = await person.http.get(f"{tenant.issuer}{HERE}")
    return page.status_code == 200


def asks(answer: httpx2.Response) -> bool:
    """Whether the person is asked."""
    return "<h1>Sign out?</h1>" in answer.text and len(forms(answer.text)) == 1


async def confirmed(person: Person) -> httpx2.Response:
    """The person says yes."""
    assert person.page is not None
    return await person.submit({}, to=forms(person.page.text)[0].action, follow=False)


async def test_an_application_signs_the_person_of_its_id_token_out_and_takes_them_back(
    person: Person,
    console: Application,
    acme: Tenant,
    id_token: str,
    leave: Leave,
    ledger: Ledger,
) -> None:
    code = console.ask(scope="openid")
    given = await sent_on(person, code.url)
    tokens = await console.signed_in(person, scope="openid read")
    answer = await leave(
        id_token_hint=id_token, post_logout_redirect_uri=BACK, state="st&te", ui_locales="de"
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{BACK}&state=st%26te"
    assert not await is_signed_in(person, acme)
    assert (await console.refresh(tokens["refresh_token"])).status_code == 400
    code_of = dict(each.split("=") for each in urlsplit(given.headers["location"]).query.split("&"))
    assert (await console.redeem(code_of["code"], code)).status_code == 400
    [event] = await ledger.events(acme, Event.LOGOUT)
    assert event.client_id == "console"


async def test_a_hint_that_ended_long_ago_is_as_good(
    server: RunningServer, person: Person, acme: Tenant, id_token: str, leave: Leave
) -> None:
    for _ in range(3):
        server.clock.advance(1700)
        assert await is_signed_in(person, acme)
    await person.sign_in(acme.issuer, "alice", PASSWORD)  # once more: it is the same session
    answer = await leave(id_token_hint=id_token, post_logout_redirect_uri=BACK)
    assert answer.headers["location"] == BACK
    assert not await is_signed_in(person, acme)


@on_sqlite
async def test_the_hint_may_come_with_a_form_from_the_application_s_page(
    person: Person, acme: Tenant, id_token: str
) -> None:
    form = {"id_token_hint": id_token, "post_logout_redirect_uri": BACK, "client_id": "console"}
    site = {"Origin": "https://console.example", "Sec-Fetch-Site": "cross-site"}
    cookies, person.http.cookies = person.http.cookies, httpx2.Cookies()  # SameSite=Lax
    answer = await person.http.post(f"{acme.issuer}/oauth/logout", data=form, headers=site)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    assert id_token not in answer.headers["location"]
    person.http.cookies = cookies
    answer = await person.http.get(answer.headers["location"])
    assert answer.headers["location"] == BACK
    assert not await is_signed_in(person, acme)


@on_sqlite
@pytest.mark.parametrize("parameters", [{}, {"client_id": "console"}, {"logout_hint": "alice"}])
async def test_wb_02_a_link_alone_signs_nobody_out(
    person: Person, acme: Tenant, leave: Leave, ledger: Ledger, parameters: dict[str, str]
) -> None:
    before = await ledger.rows(acme)
    answer = await leave(**parameters)
    assert asks(answer)
    assert ("Acme Console" in answer.text) == bool(parameters.get("client_id"))
    assert await ledger.rows(acme) == before
    answer = await confirmed(person)
    assert answer.status_code == 200
    assert "You are signed out" in answer.text
    assert not await is_signed_in(person, acme)


async def test_the_id_token_of_another_session_signs_nobody_out_by_itself(
    server: RunningServer,
    person: Person,
    colleague: Person,
    console: Application,
    acme: Tenant,
    id_token: str,
    device: Device,
) -> None:
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, "alice", PASSWORD)
    shown = await device.start(scope="openid")
    await decide(person, shown)
    of_device = (await device.poll(shown["device_code"])).json()["id_token"]
    for somebody, hint in ((elsewhere, id_token), (colleague, id_token), (person, of_device)):
        query = urlencode({"id_token_hint": hint})
        assert asks(await sent_on(somebody, f"{acme.issuer}/oauth/logout?{query}"))
        assert await is_signed_in(somebody, acme)


@on_sqlite
async def test_whoever_is_signed_out_already_is_taken_back_by_a_proof_alone(
    server: RunningServer, acme: Tenant, id_token: str
) -> None:
    somebody = Person(server.browser())
    back = {"post_logout_redirect_uri": BACK}
    proven = urlencode({"id_token_hint": id_token} | back)
    answer = await sent_on(somebody, f"{acme.issuer}/oauth/logout?{proven}")
    assert answer.headers["location"] == BACK
    named = urlencode({"client_id": "console"} | back)
    answer = await sent_on(somebody, f"{acme.issuer}/oauth/logout?{named}")
    assert answer.status_code == 200, "a link of anybody's leads to no other site by itself"
    assert BACK.replace("&", "&amp;") in answer.text


@on_sqlite
async def test_ru_15_whoever_registers_a_client_redirects_nobody_by_a_token_of_their_own(
    server: RunningServer, acme: Tenant, console: Application, id_token: str
) -> None:
    """It proves that somebody has signed in once, and nothing of who follows a link."""
    client = console.client.client
    said = replace(client.metadata, post_logout_redirect_uris=(BACK,), self_registered=True)
    with use_tenant(acme):
        await provisioning.change_client(server.parts, "console", ClientChange(metadata=said))
    hint = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": BACK})
    for _ in range(2):
        answer = await sent_on(Person(server.browser()), f"{acme.issuer}/oauth/logout?{hint}")
        assert answer.status_code == 200
        assert BACK.replace("&", "&amp;") in answer.text, "where a person goes who wants to"
        server.clock.advance(7200)  # the token has ended


async def test_ru_15_nobody_is_led_where_the_application_is_not_registered(
    server: RunningServer,
    person: Person,
    acme: Tenant,
    globex: Tenant,
    id_token: str,
    leave: Leave,
) -> None:
    with use_tenant(acme):
        draft = ClientDraft(
            name="Other",
            client_id="other",
            grant_types=["authorization_code"],
            redirect_uris=["https://other.example/cb"],
        )
        other = (await provisioning.add_client(server.parts, draft)).client
        metadata = replace(other.metadata, post_logout_redirect_uris=(EVIL,))
        await provisioning.change_client(server.parts, "other", ClientChange(metadata=metadata))
    hint = {"id_token_hint": id_token}
    wrong = [
        hint | {"post_logout_redirect_uri": uri}
        for uri in (
            EVIL,
            "https://console.example/callback",
            f"{BACK}&x=1",
            f"{BACK}#x",
            BACK.upper(),
            BACK.replace("bye", "bye/../x"),
            BACK.replace("https", "http"),
            f"//{BACK}",
            "javascript:alert(1)",
            "\u0661" * 3000,
        )
    ]
    wrong += [
        {"post_logout_redirect_uri": BACK},
        {"post_logout_redirect_uri": EVIL},
        {"post_logout_redirect_uri": EVIL, "client_id": "console"},
        {"post_logout_redirect_uri": BACK, "client_id": "nobody"},
        {"post_logout_redirect_uri": BACK, "client_id": "x" * 3000},
        hint | {"post_logout_redirect_uri": EVIL, "client_id": "other"},
        hint | {"post_logout_redirect_uri": BACK, "client_id": "other"},
        hint | {"post_logout_redirect_uri": BACK, "state": "x" * 2049},
    ]
    for parameters in wrong:
        answer = await leave(**parameters)
        assert answer.status_code == 400
        assert asks(answer)
        assert "You will stay on this page" in answer.text
        assert await is_signed_in(person, acme)
    answer = await confirmed(person)
    assert (answer.status_code, "You are signed out" in answer.text) == (400, True)
    assert not await is_signed_in(person, acme)


async def test_jw_09_only_an_id_token_of_this_tenant_is_a_hint(
    server: RunningServer,
    person: Person,
    console: Application,
    acme: Tenant,
    globex: Tenant,
    id_token: str,
    leave: Leave,
) -> None:
    access_token = (await console.signed_in(person))["access_token"]
    head, payload, signature = id_token.split(".")
    for forged in (
        access_token,
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{payload}.",
        f"{payload}.{payload}.{signature}",
        "x",
        "x" * 9000,
    ):
        answer = await leave(id_token_hint=forged, post_logout_redirect_uri=BACK)
        assert (answer.status_code, asks(answer)) == (400, True)
    stranger = Person(server.browser())
    query = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": BACK})
    answer = await sent_on(stranger, f"{globex.issuer}/oauth/logout?{query}")
    assert answer.status_code == 400
    assert await is_signed_in(person, acme)


@on_sqlite
async def test_a_client_that_is_not_served_takes_nobody_back(
    server: RunningServer, person: Person, acme: Tenant, id_token: str, leave: Leave
) -> None:
    with use_tenant(acme):
        await provisioning.set_client_status(server.parts, "console", ClientStatus.INACTIVE)
    answer = await leave(id_token_hint=id_token, post_logout_redirect_uri=BACK)
    assert (answer.status_code, asks(answer)) == (400, True)


@on_sqlite
async def test_mx_08_a_parameter_that_comes_twice_is_not_believed(
    person: Person, acme: Tenant, id_token: str
) -> None:
    query = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": BACK})
    for more in (f"&post_logout_redirect_uri={EVIL}", "&client_id=console&client_id=x", "&%"):
        answer = await sent_on(person, f"{acme.issuer}/oauth/logout?{query}{more}")
        assert (answer.status_code, asks(answer)) == (400, True)
    assert await is_signed_in(person, acme)


@on_sqlite
async def test_what_was_understood_is_kept_for_an_hour_and_opens_in_its_tenant_only(
    server: RunningServer,
    person: Person,
    acme: Tenant,
    globex: Tenant,
    stranger: Person,
    leave: Leave,
) -> None:
    await leave(client_id="console", post_logout_redirect_uri=BACK)
    assert person.page is not None
    path = forms(person.page.text)[0].action
    elsewhere = await stranger.visit(f"{globex.issuer}{path.removeprefix(acme.prefix)}")
    assert "Acme Console" not in elsewhere.text
    assert asks(elsewhere)
    server.clock.advance(1700)
    assert "Acme Console" in (await person.visit(str(person.page.url))).text
    server.clock.advance(1700)
    await person.visit(f"{acme.issuer}{HERE}")
    server.clock.advance(300)
    late = await person.visit(f"http://localhost:8080{path}")
    assert asks(late)
    assert "Acme Console" not in late.text
