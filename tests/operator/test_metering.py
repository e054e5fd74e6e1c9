"""What operators see of tenants' use: page by page, month by month, and how each tenant is."""

import jwt
from uuid_utils.compat import uuid7

from authgate.clock import utc_now
from authgate.storage.mail import mails
from authgate.storage.metering import usage_days
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure, UsageMark
from authgate.vocabulary import MailPurpose, MailStatus
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.models import DomainClaim
from authgate_testing.api import ApiClient, is_problem, renewed
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


async def test_what_every_tenant_uses_is_told_page_by_page(
    operator: ApiClient, acme: Tenant, globex: Tenant
) -> None:
    today = utc_now().date()
    for tenant, total in ((acme, 7), (globex, 9)):
        with use_tenant(tenant):
            await usage_days.add(Measure.API_CALLS, [Count(ALL_CLIENTS, today, "admin", total)])
            await usage_days.add(Measure.API_CALLS, [Count("job", today, "admin", total)])
    found, cursor = {}, ""
    while True:
        page = (await operator.get(f"/usage?limit=1{cursor}")).json()
        [item] = page["items"]
        found[item["slug"]] = item["api_calls"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == {"acme": 7, "globex": 9, "ops": 0}
    assert is_problem(await operator.get("/usage?since=2020-01-01"), 422, "invalid")


@on_sqlite
async def test_a_tenant_that_nobody_counts_is_in_the_lists_with_what_it_has(
    operator: ApiClient, at_browser: Person, ops: Tenant, acme: Tenant
) -> None:
    today = utc_now().date()
    with use_tenant(acme):
        await UsageMark.all().delete()
        await usage_days.add(Measure.API_CALLS, [Count(ALL_CLIENTS, today, "admin", 7)])
    items = (await operator.get("/usage")).json()["items"]
    [counted] = [each for each in items if each["slug"] == "acme"]
    assert (counted["api_calls"], counted["counted_until"][:4]) == (7, "2000")
    assert (await operator.get(f"/tenants/{acme.id}/health")).status_code == 200
    page = await at_browser.visit(f"{ops.issuer}/operator/tenants")
    assert (page.status_code, "acme" in page.text) == (200, True)


async def test_statements_of_all_tenants_are_handed_to_operators(
    server: RunningServer, operator: ApiClient, acme: Tenant, globex: Tenant
) -> None:
    month = f"{utc_now():%Y-%m}"
    told = (await operator.get(f"/usage/statements?month={month}")).json()["items"]
    assert {each["slug"]: each["statement"] for each in told} == dict.fromkeys(
        ("acme", "globex", "ops")
    )
    server.clock.advance(33 * 86400)
    operator = await renewed(server, operator)
    mine = (await operator.get(f"/tenants/{acme.id}/usage/statements")).json()["items"]
    assert month in {each["month"] for each in mine}
    told = (await operator.get(f"/usage/statements?month={month}")).json()["items"]
    kept = {each["slug"]: each["statement"] for each in told}
    assert kept["acme"] in mine
    assert kept["globex"]["month"] == month, "it is made for whoever asks first"
    assert all(each["signed_here"] for each in kept.values())
    assert is_problem(await operator.get("/usage/statements?month=0000-01"), 422, "invalid")
    keys = (await operator.get("/usage/statement-keys")).json()["keys"]
    stated = jwt.decode(
        kept["acme"]["statement"],
        jwt.PyJWK(keys[0]),
        algorithms=["EdDSA"],
        options={"verify_iat": False},
    )
    assert stated["tenant"]["id"] == str(acme.id)


@on_sqlite
async def test_what_is_wrong_at_a_tenant_is_seen_in_the_list_and_on_its_page(
    server: RunningServer, operator: ApiClient, at_browser: Person, ops: Tenant, acme: Tenant
) -> None:
    here, now = f"{ops.issuer}/operator/tenants", utc_now()
    well = (await operator.get(f"/tenants/{acme.id}/health")).json()
    assert (well["failures"], well["error_share"], well["last_sign_in"]) == (0, 0.0, None)
    assert (await at_browser.visit(here)).text.count('badge ok">well') == 2
    with use_tenant(acme):
        await usage_days.add(Measure.SIGN_INS, [Count(ALL_CLIENTS, now.date(), "password", 10)])
        await usage_days.add(Measure.FAILURES, [Count(ALL_CLIENTS, now.date(), "client", 30)])
        await usage_days.add(Measure.REFUSALS, [Count(ALL_CLIENTS, now.date(), "login_per_ip", 4)])
        await DomainClaim.create(host="id.acme.example", token="x", missing_since=now)
        await mails.add(
            uuid7(),
            purpose=MailPurpose.INVITATION,
            recipient="ada@acme.example",
            mailbox="ada@acme.example",
            sealed=b"",
            status=MailStatus.FAILED,
            now=now,
        )
    told = (await operator.get(f"/tenants/{acme.id}/health")).json()
    assert (told["failures"], told["error_share"], told["refusals"]) == (30, 75.0, 4)
    assert (told["last_sign_in"], told["failed_mails"]) == (str(now.date()), 1)
    assert (told["hosts"], told["unproven_hosts"]) == (1, 1)
    for page in (here, f"{here}/{acme.id}"):
        text = (await at_browser.visit(page)).text
        for said in ("75.0 % fail", "proof missing", "mail fails"):
            assert said in text
