"""``/api/v1/usage``: API calls, people and sign-ins by the day, and what is stated of a month."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from jwt.types import Options

from authgate import background
from authgate.clock import utc_now
from authgate.installation import key_encryption_keys
from authgate.jobs import Result, RollUpUsage
from authgate.provisioning import usage_statements as provisioned
from authgate.storage import transaction
from authgate.storage.database import StorageUnavailable
from authgate.storage.metering import usage_entries, usage_statements
from authgate.storage.metering.usage_days import Measure
from authgate.storage.metering.usage_entries import UsageEntry
from authgate.storage.people.users import User
from authgate.tokens.signed_statement import BadStatement, StatementKey, read
from authgate.tokens.usage_statement import USAGE
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_testing.api import ApiClient, is_problem, renewed
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

Line = tuple[str, str, int]


async def used(api: ApiClient, query: str = "") -> set[Line]:
    """What the days asked for come to."""
    answer = await api.get(f"/usage/days{query}")
    assert answer.status_code == 200, answer.text
    return {(each["measure"], each["detail"], each["total"]) for each in answer.json()["items"]}


async def test_what_apis_have_done_is_counted_once_and_what_they_refuse_is_not(
    api: ApiClient, foreign_api: ApiClient, acme: Tenant
) -> None:
    for _ in range(3):
        assert (await api.get("/scopes")).status_code == 200
    assert (await api.get("/clients/nobody")).status_code == 404
    assert (await api.post("/scopes", {"name": ""})).status_code == 422
    said, key = {"name": "orders", "title": "See orders"}, {"Idempotency-Key": "once"}
    first, again = [await api.post("/scopes", said, **key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert ("api_calls", "admin", 4) in await used(api)
    assert ("api_calls", "admin", 5) in await used(api), "to look is a call as well"
    with use_tenant(acme):
        assert await UsageEntry.all().count() == 1, "the last look; the others are added up"
    assert not [each for each in await used(foreign_api) if each[0] == "api_calls"]


async def test_people_are_active_once_a_day_and_sign_in_as_often_as_they_do(
    server: RunningServer, api: ApiClient, acme: Tenant, alice: User, person: Person
) -> None:
    for seconds in (60, 86400):
        server.clock.advance(seconds)
        await person.sign_in(acme.issuer, alice.username, PASSWORD)
    api = await renewed(server, api)
    await person.sign_in(acme.issuer, alice.username, "tr0mb0ne-9")
    found = (await api.get("/usage/days")).json()["items"]
    days = {
        (each["measure"], each["day"], each["total"])
        for each in found
        if each["measure"] in ("sign_ins", "active_users")
    }
    first, second = (str((utc_now() + timedelta(days=each)).date()) for each in (0, 1))
    assert days == {
        ("active_users", first, 1),
        ("active_users", second, 1),
        ("sign_ins", first, 3),  # the log keeps another clock than the test
    }
    assert not await used(api, "?since=2020-01-01&to=2020-01-31")
    long_ago = "since=0001-01-01&to=0001-01-02"
    for wrong in ("since=2020-01-01", "since=2030-01-02&to=2030-01-01", "to=x", long_ago):
        assert is_problem(await api.get(f"/usage/days?{wrong}"), 422, "invalid")


async def test_a_month_is_stated_once_and_what_comes_late_is_a_correction(
    server: RunningServer, api: ApiClient, foreign_api: ApiClient, acme: Tenant
) -> None:
    begun = utc_now()
    assert (await api.get("/usage/statements")).json() == {"items": []}
    month = f"{begun:%Y-%m}"
    server.clock.advance((end_of_month(begun) - begun).total_seconds() + 3600)
    api = await renewed(server, api)
    assert (await api.get("/usage/statements")).json() == {"items": []}, "it is not settled yet"
    server.clock.advance(86400)
    api, foreign_api = await renewed(server, api), await renewed(server, foreign_api)
    [first] = (await api.get("/usage/statements")).json()["items"]
    assert first["month"] == month
    lines = {(each["measure"], each["detail"]): each["total"] for each in first["lines"]}
    assert lines["api_calls", "admin"] == 1
    assert lines["tokens", "client_credentials"] >= 1

    with use_tenant(acme):
        for _ in range(2):
            await usage_entries.note(Measure.API_CALLS, now=begun, detail="admin")
    [again] = (await api.get(f"/usage/statements?month={month}")).json()["items"]
    assert again["statement"] == first["statement"], "it never changes"
    assert (await api.get("/usage/statements?month=2001-01")).json()["items"] == []

    server.clock.advance(32 * 86400)
    job = background.performer(server.parts)
    assert await job.perform(RollUpUsage(), tenant_id=None) is Result.DONE
    api = await renewed(server, api)
    second, kept = (await api.get("/usage/statements")).json()["items"]
    assert kept == first
    late = {"month": month, "measure": "api_calls", "detail": "admin"}
    assert second["corrections"] == [late | {"stated": 1, "counted": 3, "difference": 2}]

    server.clock.advance(32 * 86400)
    api = await renewed(server, api)
    third, *_ = (await api.get("/usage/statements")).json()["items"]
    assert third["corrections"] == [], "what was corrected is corrected"

    keys = (await api.get("/usage/statement-keys")).json()["keys"]
    stated = jwt.decode(
        first["statement"], jwt.PyJWK(keys[0]), algorithms=["EdDSA"], options=ANY_TIME
    )
    assert stated["tenant"] == {"id": str(acme.id), "slug": "acme"}
    assert stated["lines"] == first["lines"]
    theirs = (await (await renewed(server, foreign_api)).get("/usage/statements")).json()["items"]
    assert {
        jwt.decode(each["statement"], options=UNCHECKED)["tenant"]["slug"] for each in theirs
    } == {"globex"}


async def test_a_tenant_that_is_looked_at_all_the_time_has_its_months_stated(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    month = utc_now().date().replace(day=1)
    server.clock.advance(33 * 86400)
    api = await renewed(server, api)
    await used(api)  # what is added up is as new as it can be
    job = background.performer(server.parts)
    assert await job.perform(RollUpUsage(), tenant_id=None) is Result.DONE
    with use_tenant(acme):
        assert await usage_statements.of_month(month)


@on_sqlite
async def test_what_is_stated_for_a_page_stays_whatever_becomes_of_the_page(
    server: RunningServer, acme: Tenant
) -> None:
    server.clock.advance(33 * 86400)

    async def page() -> None:
        async with transaction():
            assert await provisioned.up_to_date(server.parts)
            raise ConnectionResetError

    with use_tenant(acme):
        with pytest.raises(ConnectionResetError):
            await page()
        assert await usage_statements.newest(limit=1)


@on_sqlite
async def test_what_another_installation_has_stated_is_shown_as_its_own_and_not_corrected(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    now = utc_now()
    last = (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    before = (last - timedelta(days=1)).replace(day=1)
    line = {"measure": "tokens", "detail": "", "total": 9}
    said = {"month": f"{last:%Y-%m}", "plan": "gold", "lines": [line], "corrections": []}
    other = StatementKey.of(USAGE, KeyEncryptionKey("00", bytes(range(32))))
    with use_tenant(acme):
        await usage_statements.add(last, other.sign(said), now=now)
        await usage_statements.add(before, "x", now=now)
    foreign, unread = (await api.get("/usage/statements")).json()["items"]
    assert (foreign["signed_here"], foreign["plan"], foreign["lines"]) == (False, "gold", [line])
    assert (unread["signed_here"], unread["lines"]) == (False, [])
    server.clock.advance(33 * 86400)
    api = await renewed(server, api)
    items = (await api.get("/usage/statements")).json()["items"]
    [own] = [each for each in items if each["month"] == f"{now:%Y-%m}"]
    assert (own["signed_here"], own["corrections"]) == (True, [])


@on_sqlite
async def test_what_cannot_be_counted_is_not_done_and_whoever_reads_is_answered(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"name": "orders", "title": "See orders"}
    with monkeypatch.context() as patch:
        patch.setattr(usage_entries, "note", out_of_reach)
        assert (await api.post("/scopes", said)).status_code == 503
        assert (await api.get("/scopes")).json()["items"] == [], "nothing was done"
    assert (await api.post("/scopes", said)).status_code == 201


async def out_of_reach(*_: object, **__: object) -> None:
    """As a database that has just gone down."""
    raise StorageUnavailable("gone")


UNCHECKED: Options = {"verify_signature": False}
ANY_TIME: Options = {"verify_iat": False}


async def test_a_statement_that_was_changed_or_is_anothers_is_not_believed(
    server: RunningServer,
) -> None:
    keks = key_encryption_keys(server.parts.settings.keys, may_create=False)
    own = StatementKey.of(USAGE, keks[0])
    other = StatementKey.of(USAGE, KeyEncryptionKey("00", bytes(range(32))))
    genuine = own.sign({"month": "2026-03", "lines": []})
    assert read(USAGE, genuine, trusted=[own.thumbprint])["month"] == "2026-03"
    head, _, signature = genuine.split(".")
    _, forged, _ = own.sign({"month": "2026-03", "lines": [1]}).split(".")
    for wrong in (f"{head}.{forged}.{signature}", other.sign({"month": "2026-03"}), "x", ""):
        with pytest.raises(BadStatement):
            read(USAGE, wrong, trusted=[own.thumbprint])


def end_of_month(moment: datetime) -> datetime:
    """The first moment of the next one."""
    year, month = divmod(moment.year * 12 + moment.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
