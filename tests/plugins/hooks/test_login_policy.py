"""Plugins decide who signs in: by the networks that a tenant names, or as others see fit."""

from typing import Any

import pytest

from authgate import provisioning
from authgate.accounts.second_factors import has_any
from authgate.audit import Event
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.authenticator import Authenticator, enrolled, is_asked, show
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"
OFFICE, ELSEWHERE = "192.0.2.7", "198.51.100.7"
TOLD = "Please connect to the VPN first."

CURIOUS = """
    from authgate.plugin_api import Deny, StepUp, hookimpl

    plugin_api_version = "1.1"

    @hookimpl
    async def login_policy(request):
        if request.subject == "nobody":
            return StepUp("1")
        return Deny("|".join([
            request.tenant, request.client_id, request.address, "+".join(request.amr),
            request.acr, request.connection, str(request.new_browser),
        ]))
"""

DEMANDING = """
    from authgate.plugin_api import StepUp, hookimpl

    plugin_api_version = "1.1"

    @hookimpl
    def login_policy():
        return StepUp("unheard-of")
"""

SATISFIED = """
    from authgate.plugin_api import Allow, StepUp, hookimpl

    plugin_api_version = "1.1"

    @hookimpl
    def login_policy(request):
        return StepUp(request.acr)
"""

SINGLE = """
    from authgate.plugin_api import Allow, Deny, hookimpl

    plugin_api_version = "1.1"

    @hookimpl
    def login_policy(request):
        return Deny(f"not for {request.client_id}") if request.acr == "2" else Allow()
"""

pytestmark = on_sqlite


@pytest.fixture(autouse=True)
def plugins(install: Any) -> None:
    """Beside the bundled ones."""
    install("curious", CURIOUS)
    install("satisfied", SATISFIED)
    install("single", SINGLE)
    install("demanding", DEMANDING)


async def test_people_sign_in_from_the_networks_that_their_tenant_names_and_from_nowhere_else(
    acme: Tenant, globex: Tenant, alice: User, bob: User, run: Any, sign_in: Any, ledger: Ledger
) -> None:
    await run(acme, "networks", networks=["192.0.2.0/24", "2001:db8::/32"], told=TOLD)
    inside = await sign_in(acme, "alice", address=OFFICE)
    assert inside.url.path.endswith("/account/sessions")
    outside = await sign_in(acme, "alice", address=ELSEWHERE)
    assert (outside.status_code, TOLD in outside.text) == (403, True)
    assert "authgate_session" not in "".join(outside.headers.get_list("set-cookie"))
    [denied] = await ledger.events(acme, Event.LOGIN_DENIED)
    assert (denied.actor_name, denied.ip) == ("alice", ELSEWHERE)
    assert denied.details == {"connection": "", "plugin": "networks", "told": TOLD}
    assert len(await ledger.events(acme, Event.AUTHENTICATION_SUCCESS)) == 1
    at_globex = await sign_in(globex, "bob", address=ELSEWHERE)
    assert at_globex.url.path.endswith("/account/sessions"), "that tenant has named none"


async def test_from_elsewhere_more_may_be_asked_for_instead(
    server: RunningServer, acme: Tenant, alice: User, run: Any, sign_in: Any
) -> None:
    await run(acme, "networks", networks=["192.0.2.0/24"], step_up="2")
    assert (await sign_in(acme, "alice", address=OFFICE)).status_code == 200
    app, _ = await enrolled(server, acme, alice)
    person = Person(server.from_address(ELSEWHERE))
    await person.sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
    assert is_asked(person)
    assert await show(person, app.code) == 200
    assert person.page is not None
    assert person.page.url.path.endswith("/account/sessions")


@pytest.mark.parametrize("second_factor", ["optional", "required"])
async def test_whoever_knows_a_password_brings_no_factor_of_theirs_where_a_policy_asks_for_one(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    run: Any,
    sign_in: Any,
    ledger: Ledger,
    second_factor: str,
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: before.changed({"second_factor": second_factor})
    )
    await run(acme, "networks", networks=["192.0.2.0/24"], step_up="2")
    refused = await sign_in(acme, "alice", address=ELSEWHERE)
    assert (refused.status_code, "More than this" in refused.text) == (403, True)
    assert "authgate_half" not in "".join(refused.headers.get_list("set-cookie"))
    [denied] = await ledger.events(acme, Event.LOGIN_DENIED)
    assert denied.details == {"connection": "", "plugin": "networks", "asked_for": "2"}
    led = (await sign_in(acme, "alice", address=OFFICE)).url.path
    assert led.endswith("/set-up" if second_factor == "required" else "/account/sessions"), led


async def test_what_cannot_be_reached_lets_nobody_in(
    acme: Tenant, alice: User, run: Any, sign_in: Any
) -> None:
    await run(acme, "demanding")
    assert (await sign_in(acme, "alice")).status_code == 403


async def test_who_has_reached_what_a_policy_asks_for_is_signed_in(
    acme: Tenant, alice: User, run: Any, sign_in: Any
) -> None:
    await run(acme, "satisfied")
    assert (await sign_in(acme, "alice")).url.path.endswith("/account/sessions")


async def test_a_policy_that_is_not_set_up_yet_locks_nobody_out(
    acme: Tenant, alice: User, run: Any, sign_in: Any
) -> None:
    await run(acme, "networks")
    assert (await sign_in(acme, "alice")).url.path.endswith("/account/sessions")


async def test_a_policy_learns_where_somebody_goes_and_whether_their_browser_is_new(
    server: RunningServer, acme: Tenant, alice: User, run: Any, console: Application
) -> None:
    person = Person(server.from_address(OFFICE))
    await person.sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
    session = next(name for name in person.http.cookies if "known" not in name)
    person.http.cookies.delete(session)
    await run(acme, "curious")
    await person.visit(console.ask().url)
    denied = await person.submit(
        {"username": "alice", "password": "correct-horse-battery-staple"}, to="/login"
    )
    assert f"acme|console|{OFFICE}|pwd|1||False" in denied.text


async def test_whoever_is_not_let_on_has_set_up_nothing(
    server: RunningServer, acme: Tenant, alice: User, run: Any, console: Application
) -> None:
    await run(acme, "single")
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: before.changed({"second_factor": "required"})
    )
    person = Person(server.browser())
    await person.visit(console.ask().url)
    page = await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
    app = Authenticator.scanned(server, page.text)
    denied = await person.submit({"code": app.code}, to="/set-up")
    assert (denied.status_code, "not for console" in denied.text) == (403, True)
    with use_tenant(acme):
        assert not await has_any(alice.id)


async def test_a_policy_has_no_say_in_another_password(
    server: RunningServer, acme: Tenant, alice: User, run: Any
) -> None:
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    await run(acme, "curious")
    await person.visit(f"{acme.issuer}/account/password")
    chosen = {"current": PASSWORD, "password": "several words of another kind"}
    page = await person.submit(chosen, to="/password")
    assert (page.status_code, page.url.query) == (200, b"done=changed")
