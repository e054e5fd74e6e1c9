"""``/admin/tokens``: what was issued, to whom, and pausing or ending it."""

import base64
import re
from datetime import UTC, date, datetime
from uuid import UUID

import httpx2
import orjson

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.metering.roll_up import Usage
from authgate.storage.metering.usage_days import Count
from authgate.storage.people.users import User
from authgate.web import usage_chart
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer


async def issued(server: RunningServer, tenant: Tenant, client: NewClient) -> str:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client.client.client_id, str(client.secret)),
    )
    return str(answer.json()["access_token"])


async def works(server: RunningServer, tenant: Tenant, token: str) -> bool:
    answer = await server.http.get(
        f"{tenant.issuer}/oauth/tokeninfo", headers={"Authorization": f"Bearer {token}"}
    )
    return answer.status_code == 200


def rows(page: httpx2.Response) -> int:
    return page.text.count('class="first"')


async def test_a_token_is_paused_taken_up_again_and_ended_for_good(
    server: RunningServer,
    acme: Tenant,
    admin: Person,
    alice: User,
    machine: NewClient,
    ledger: Ledger,
) -> None:
    here = f"{acme.issuer}/admin/tokens"
    assert "No token has been issued yet." in (await admin.visit(here)).text
    token = await issued(server, acme, machine)
    page = await admin.visit(f"{here}?client={machine.client.client_id}&status=working")
    assert rows(page) == 1
    assert token not in page.text
    action = next(each.action for each in forms(page.text) if "/admin/tokens/" in each.action)
    for act, said, is_working in (
        ("disable", "Disabled: ", False),
        ("disable", "Nothing was done", False),
        ("enable", "Enabled: ", True),
        ("revoke", "Revoked: ", False),
        ("enable", "Nothing was done", False),
    ):
        await admin.visit(f"{here}?client={machine.client.client_id}")
        csrf = forms(admin.page.text)[0].hidden["csrf_token"]  # type: ignore[union-attr]
        page = await admin.http.post(
            f"http://localhost:8080{action}",
            data={"csrf_token": csrf, "act": act, "list": "client=x&status=nonsense&next=//evil"},
            follow_redirects=True,
        )
        assert said in page.text, act
        assert page.url.path.endswith("/admin/tokens")
        assert "evil" not in str(page.url)
        assert await works(server, acme, token) is is_working, act
    for kind in (Event.TOKEN_DISABLED, Event.TOKEN_ENABLED, Event.TOKEN_REVOKED):
        [event] = await ledger.events(acme, kind)
        assert event.actor_id == str(alice.id)


async def test_tokens_are_found_by_whose_they_are_and_go_on_by_cursors(
    server: RunningServer,
    acme: Tenant,
    admin: Person,
    machine: NewClient,
    console: Application,
) -> None:
    await console.signed_in(admin, scope="openid read")
    for _ in range(27):
        await issued(server, acme, machine)
    here = f"{acme.issuer}/admin/tokens"
    page = await admin.visit(f"{here}?user=alice")
    assert rows(page) == 1
    assert "for <bdi>alice</bdi>" in page.text
    assert "Nobody has this name." in (await admin.visit(f"{here}?user=%00nobody")).text
    page = await admin.visit(here)
    assert rows(page) == 25
    assert rows(await admin.visit(f"{here}?limit=50&kind=client")) == 27
    assert rows(await admin.visit(f"{here}?kind=user")) == 1
    page = await admin.visit(here)
    following = re.findall(r'href="([^"]*cursor=[^"]+)"', page.text)[-1].replace("&amp;", "&")
    page = await admin.visit(f"http://localhost:8080{following}")
    assert rows(page) == 3
    place = ["id", "not-a-uuid", "01936b8e-0000-7000-8000-000000000001", False, False]
    cursor = base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")
    for query in (f"cursor={cursor}", "cursor=x"):
        assert (await admin.visit(f"{here}?{query}")).status_code == 400
    assert (await admin.visit(f"{here}?status=x&client={'c' * 300}")).status_code == 200


async def test_the_tokens_that_are_selected_end_together_or_none_does(
    server: RunningServer, acme: Tenant, globex: Tenant, admin: Person, machine: NewClient
) -> None:
    held = [await issued(server, acme, machine) for _ in range(3)]
    with use_tenant(globex):
        draft = ClientDraft(name="Theirs", grant_types=["client_credentials"])
        theirs = await issued(server, globex, await provisioning.add_client(server.parts, draft))
    last, first, second = (await fields(admin, acme))[:3]
    here = f"{acme.issuer}/admin/tokens?limit=50"
    for wrong in (f"token-{jti(theirs)}", f"token-{UUID(int=1)}"):
        await admin.visit(here)
        page = await admin.submit({first: "1", wrong: "1"}, to="/tokens/selected")
        assert "Nothing was done" in page.text
    await admin.visit(here)
    assert "Nothing was selected." in (await admin.submit({}, to="/tokens/selected")).text
    assert [await works(server, acme, each) for each in held] == [True] * 3
    page = await admin.submit({first: "1", second: "1"}, to="/tokens/selected")
    assert "the selected tokens work no more" in page.text
    assert "limit=50" in str(page.url)
    assert [await works(server, acme, each) for each in held].count(True) == 1
    assert await works(server, globex, theirs)
    assert await fields(admin, acme) == [last]


async def fields(admin: Person, tenant: Tenant) -> list[str]:
    """What selects each token that there is still."""
    page = await admin.visit(f"{tenant.issuer}/admin/tokens")
    return re.findall(r'name="(token-[0-9a-f-]{36})"', page.text)


def jti(token: str) -> str:
    body = token.split(".")[1]
    claims = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return str(claims["jti"])


@on_sqlite
async def test_tokens_are_drawn_by_the_day_for_their_own_tenant_and_client(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    admin: Person,
    foreign_admin: Person,
    machine: NewClient,
) -> None:
    here = f"{acme.issuer}/admin"
    assert "Tokens by day" not in (await admin.visit(f"{here}/tokens")).text
    for _ in range(3):
        await issued(server, acme, machine)
    for seconds in (1, 600):  # not added up yet, and added up
        server.clock.advance(seconds)
        for path, title in (("tokens", "Tokens by day"), (f"clients/{machine.client.id}", "Its ")):
            page = (await admin.visit(f"{here}/{path}")).text
            assert title in page
            assert ": 3 client_credentials</title></rect>" in page
            assert "<td>3</td><td>3</td></tr>" in page
    theirs = await foreign_admin.visit(f"{globex.issuer}/admin/tokens")
    assert "Tokens by day" not in theirs.text
    assert "Tokens by day" not in (await admin.visit(f"{here}/tokens?kind=user")).text


def test_of_many_kinds_the_smallest_are_one() -> None:
    first = date(2026, 3, 1)
    grants = [f"urn:ietf:params:oauth:grant-type:g{number}" for number in range(6)]
    counts = [Count("", first, grant, 10**number) for number, grant in enumerate(grants)]
    chart = usage_chart.drawn(Usage(datetime.now(UTC), counts), first)
    assert [each.name for each in chart.series] == ["g5", "g4", "g3", "other"]
    assert (chart.total, chart.top) == (111_111, 200_000)
    assert sum(bar.height for bar in chart.bars) == round(1000 * 111_111 / 200_000)
