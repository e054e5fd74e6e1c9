"""Acting for somebody else: only where the tenant and the person allow it, both are named in all
that is told of it, and what is the person's own stays theirs (RFC 8693 section 4.1)."""

import base64
import re
from datetime import timedelta
from uuid import uuid4

import httpx2
import orjson
import pytest

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people import factor_deadlines
from authgate.storage.people.impersonations import ImpersonationRow
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.application import Application, sent_on, told
from authgate_testing.authenticator import enrolled
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change, choose


@pytest.fixture
async def allowed(server: RunningServer, acme: Tenant) -> None:
    """Acme lets those in charge act for people who allow it."""
    await change(server, acme, settings=TenantSettings(impersonation="consent").to_json())


async def begun(acme: Tenant, admin: Person, carol: User, colleague: Person) -> httpx2.Response:
    """Alice acts for Carol, who was asked."""
    await admin.visit(f"{acme.issuer}/admin/users/{carol.id}")
    assert "Asked" in (await admin.submit({"reason": "Ticket 7"}, to="/impersonations")).text
    page = await colleague.visit(f"{acme.issuer}/account/impersonations")
    assert "Ticket 7" in page.text
    await colleague.submit({}, to="/allow")
    await admin.visit(f"{acme.issuer}/admin/users/{carol.id}")
    return await admin.submit({}, to="/begin")


def claims(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    said: dict[str, object] = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return said


async def test_ti_30_both_are_named_on_pages_in_tokens_and_in_the_log_until_the_person_ends_it(
    server: RunningServer,
    acme: Tenant,
    allowed: None,
    admin: Person,
    alice: User,
    carol: User,
    colleague: Person,
    console: Application,
    ledger: Ledger,
) -> None:
    await console.signed_in(colleague, scope="openid read offline_access")
    page = await begun(acme, admin, carol, colleague)
    assert page.url.path.endswith("/account/sessions")
    for path in ("account/sessions", "account/apps", "login"):
        page = await admin.visit(f"{acme.issuer}/{path}")
        assert re.search("alice.* acts for .*carol", page.text), path
    await choose(server, acme, audience=["https://api.acme.example"])
    issued = await console.signed_in(admin, scope="openid read offline_access")
    by = {"Authorization": f"Bearer {issued['access_token']}"}
    told_of = await server.http.get(f"{acme.issuer}/oauth/userinfo", headers=by)
    assert told_of.json()["sub"] == str(carol.id), "whatever the audience of all tokens is"
    access, identity = claims(issued["access_token"]), claims(issued["id_token"])
    assert (access["sub"], access["act"]) == (str(carol.id), {"sub": str(alice.id)})
    assert (identity["sub"], identity["act"]) == (str(carol.id), {"sub": str(alice.id)})
    refreshed = await console.refresh(issued["refresh_token"])
    assert claims(refreshed.json()["access_token"])["act"] == {"sub": str(alice.id)}
    codes = await ledger.events(acme, Event.AUTHORIZATION_CODE_GENERATED)
    assert codes[-1].details["act"] == {"sub": str(alice.id), "name": "alice"}
    assert "act" not in codes[0].details
    tokens = await ledger.events(acme, Event.ACCESS_TOKEN_ISSUED)
    assert tokens[-1].details["act"] == {"sub": str(alice.id)}
    seen = await colleague.visit(f"{acme.issuer}/account/sessions")
    assert "alice acts for you here" in seen.text
    await choose(server, acme, second_factor="required", second_factor_grace_days=14)
    for path in ("account/security", "second-factor/soon"):
        assert (await admin.visit(f"{acme.issuer}/{path}")).status_code == 200
    with use_tenant(acme):
        assert await factor_deadlines.find(carol.id) is None, "her days have not begun"
    await choose(server, acme, second_factor="optional")
    await colleague.visit(f"{acme.issuer}/account/impersonations")
    await colleague.submit({}, to="/end")
    page = await admin.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login")
    bearer = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    answer = await server.http.get(f"{acme.issuer}/oauth/tokeninfo", headers=bearer)
    assert answer.status_code == 401
    assert (await console.refresh(refreshed.json()["refresh_token"])).status_code == 400
    for kind, actor in (
        (Event.IMPERSONATION_ASKED, "alice"),
        (Event.IMPERSONATION_ALLOWED, "carol"),
        (Event.IMPERSONATION_BEGUN, "alice"),
        (Event.IMPERSONATION_ENDED, "carol"),
    ):
        [event] = await ledger.events(acme, kind)
        assert (event.actor_name, event.resource_id) == (actor, str(carol.id)), kind


@on_sqlite
async def test_ad_04_who_acts_for_somebody_changes_nothing_of_theirs(
    server: RunningServer,
    acme: Tenant,
    allowed: None,
    admin: Person,
    carol: User,
    colleague: Person,
    console: Application,
    ledger: Ledger,
) -> None:
    await begun(acme, admin, carol, colleague)
    assert admin.page is not None
    token = forms(admin.page.text)[0].hidden["csrf_token"]
    before = await ledger.rows(acme)
    for path in (
        "account/sessions/end",
        "account/sessions/end-others",
        "account/access/remove",
        "account/apps/remove",
        "account/impersonations/x/allow",
        "device",
        "invitation/join",
        "login/github",
    ):
        answer = await admin.http.post(f"{acme.issuer}/{path}", data={"csrf_token": token})
        assert answer.status_code in (403, 405), path
    assert (await admin.visit(f"{acme.issuer}/admin/users")).status_code == 403
    await enrolled(server, acme, carol)
    essential = orjson.dumps({"id_token": {"acr": {"essential": True, "value": "2"}}}).decode()
    refused = told(await sent_on(admin, console.ask(claims=essential).url))
    assert refused["error"] == "unmet_authentication_requirements", "the factor is not theirs"
    asked = await admin.visit(console.ask(scope="openid read", acr_values="2").url)
    decision = next(each for each in forms(asked.text) if "decision" in each.action)
    answer = await admin.http.post(
        f"http://localhost:8080{decision.action}", data=decision.hidden | {"decision": "allow"}
    )
    assert answer.status_code == 403, "nobody consents for somebody else"
    after = await ledger.rows(acme)
    for table in ("consents", "users", "device_codes", "authorization_codes", "tokens"):
        assert after[table] == before[table], table
    await admin.visit(f"{acme.issuer}/account/sessions")
    await admin.submit({}, to="/logout")
    assert (await colleague.visit(f"{acme.issuer}/account/sessions")).status_code == 200
    page = await admin.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login")


@on_sqlite
async def test_ad_04_nobody_acts_for_who_has_a_role_or_has_not_allowed_it(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    admin: Person,
    alice: User,
    carol: User,
    colleague: Person,
    foreign_admin: Person,
) -> None:
    here = f"{acme.issuer}/admin/users/{carol.id}"
    page = await admin.visit(here)
    assert "/impersonations" not in page.text, "it is off"
    token = {"csrf_token": forms(page.text)[0].hidden["csrf_token"], "reason": "Ticket 7"}

    async def asks(user: User = carol) -> int:
        there = f"{acme.issuer}/admin/users/{user.id}/impersonations"
        await admin.http.post(there, data=token)
        with use_tenant(acme):
            return await ImpersonationRow.all().count()

    assert await asks() == 0
    settings = TenantSettings(impersonation="consent").to_json()
    await change(server, acme, settings=settings)
    assert await asks(alice) == 0, "for oneself"
    for role in (UserRole.AUDITOR, UserRole.ADMIN, UserRole.OWNER):
        with use_tenant(acme):
            await UserRow.filter(id=carol.id).update(role=role)
        assert await asks() == 0, role
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.USER)
    assert await asks() == 1
    with use_tenant(acme):
        [row] = await ImpersonationRow.all()
    begin = f"{here}/impersonations/{row.id}/begin"
    assert (await admin.http.post(begin, data=token)).status_code == 404, "nobody has allowed it"
    own = await colleague.visit(f"{acme.issuer}/account/impersonations")
    mine = {"csrf_token": forms(own.text)[0].hidden["csrf_token"]}
    theirs = f"{acme.issuer}/account/impersonations/{row.id}"
    await admin.visit(f"{acme.issuer}/account/sessions")
    stolen = {"csrf_token": forms(admin.page.text)[0].hidden["csrf_token"]}  # type: ignore[union-attr]
    assert (await admin.http.post(f"{theirs}/allow", data=stolen)).status_code == 404
    await foreign_admin.visit(f"{globex.issuer}/admin")
    foreign = forms(foreign_admin.page.text)[0].hidden  # type: ignore[union-attr]
    elsewhere = f"{globex.issuer}/account/impersonations/{row.id}/allow"
    assert (await foreign_admin.http.post(elsewhere, data=foreign)).status_code == 404
    assert (await colleague.http.post(f"{theirs}/allow", data=mine)).status_code == 303
    other = f"{here}/impersonations/{uuid4()}/begin"
    assert (await admin.http.post(other, data=token)).status_code == 404
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.ADMIN)
    assert "done=nothing" in (await admin.http.post(begin, data=token)).headers["location"]
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.USER)
    assert (await admin.http.post(begin, data=token)).status_code == 303
    assert (await admin.visit(f"{acme.issuer}/account/sessions")).status_code == 200
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.AUDITOR)
    page = await admin.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login"), "who is in charge no more acts for nobody"
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    assert (await admin.visit(f"{acme.issuer}/account/sessions")).url.path.endswith("/sessions")
    server.clock.advance(timedelta(minutes=31).total_seconds())
    page = await admin.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login"), "its time is over"


@on_sqlite
async def test_ad_04_a_person_says_no_or_nothing_for_a_day_and_where_it_is_stated_nobody_asks(
    server: RunningServer,
    acme: Tenant,
    allowed: None,
    admin: Person,
    carol: User,
    colleague: Person,
    ledger: Ledger,
) -> None:
    here = f"{acme.issuer}/admin/users/{carol.id}"
    own = f"{acme.issuer}/account/impersonations"

    async def asked() -> str:
        await admin.visit(here)
        await admin.submit({"reason": "Ticket 7"}, to="/impersonations")
        with use_tenant(acme):
            [newest, *_] = await ImpersonationRow.all().order_by("-id")
        return str(newest.id)

    async def sent(person: Person, page: str, there: str) -> int:
        form = forms((await person.visit(page)).text)[0]
        token = {"csrf_token": form.hidden["csrf_token"]}
        return (await person.http.post(there, data=token)).status_code

    refused = await asked()
    assert await sent(colleague, own, f"{own}/{refused}/refuse") == 303
    [event] = await ledger.events(acme, Event.IMPERSONATION_REFUSED)
    assert (event.actor_name, event.resource_id) == ("carol", str(carol.id))
    assert await sent(admin, here, f"{here}/impersonations/{refused}/begin") == 404
    assert "Refused" in (await admin.visit(here)).text
    unanswered = await asked()
    await change(server, acme, settings=TenantSettings(impersonation="stated").to_json())
    begin = f"{here}/impersonations/{await asked()}/begin"
    assert await sent(admin, here, begin) == 303, "it is stated, and nobody was asked"
    assert "acts for" in (await admin.visit(own)).text
    server.clock.advance(timedelta(days=1).total_seconds())
    await colleague.sign_in(acme.issuer, "carol", PASSWORD)
    assert await sent(colleague, own, f"{own}/{unanswered}/allow") == 404
    with use_tenant(acme):
        assert await ImpersonationRow.filter(id=unanswered).exists(), "it is too late, not gone"
