"""``/admin/usage``: charts without a script, files for spreadsheets, and statements."""

import csv
import io
from datetime import timedelta

import jwt

from authgate.clock import utc_now
from authgate.storage.metering import usage_days, usage_statements
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


@on_sqlite
async def test_use_is_drawn_beside_the_time_before_and_fetched_without_formulas(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    today = utc_now().date()
    before, evil = today - timedelta(days=40), "=HYPERLINK(1)"
    with use_tenant(acme):
        await usage_days.add(Measure.API_CALLS, [Count(ALL_CLIENTS, today, evil, 30)])
        await usage_days.add(Measure.API_CALLS, [Count(ALL_CLIENTS, before, "admin", 40)])
    here = f"{acme.issuer}/admin/usage"
    page = (await admin.visit(here)).text
    assert "25 % less than before" in page
    assert f"<title>{today}: 30 {evil}</title>" in page
    assert "No month is over yet." in page
    table = (await admin.visit(f"{here}/days.csv?since={before}&to={today}")).text
    head, *lines = list(csv.reader(io.StringIO(table)))
    assert head == ["day", "measure", "detail", "total"]
    assert [str(today), "api_calls", f"'{evil}", "30"] in lines
    assert [str(before), "api_calls", "admin", "40"] in lines
    told = (await admin.visit(f"{here}/days.json")).json()["items"]
    assert {"day": str(today), "measure": "api_calls", "detail": evil, "total": 30} in told
    long_ago = "since=0001-01-01&to=0001-01-02"
    for wrong in ("since=2030-01-02&to=2030-01-01", "since=x", long_ago):
        assert (await admin.visit(f"{here}?{wrong}")).status_code == 400
        assert (await admin.visit(f"{here}/days.csv?{wrong}")).status_code == 404

    month = f"{today:%Y-%m}"
    with use_tenant(acme):
        await usage_statements.add(before.replace(day=1), "of others", now=utc_now())
    server.clock.advance(timedelta(days=33).total_seconds())
    await admin.sign_in(acme.issuer, "alice", PASSWORD)
    page = (await admin.visit(here)).text
    assert f"{acme.prefix}/admin/usage/statement?month={month}" in page
    assert page.count("by another installation") == 1
    fetched = await admin.visit(f"{here}/statement?month={month}")
    assert fetched.headers["content-disposition"] == f'attachment; filename="acme-{month}.jws"'
    stated = jwt.decode(fetched.text.strip(), options={"verify_signature": False})
    assert {"measure": "api_calls", "detail": evil, "total": 30} in stated["lines"]
    assert (await admin.visit(f"{here}/statement?month=2001-01")).status_code == 404
