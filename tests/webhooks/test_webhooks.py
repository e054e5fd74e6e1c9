"""Webhooks are made, changed, rotated, tried, paused and replayed by the API."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.plugin_manager import egress
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.mail.mails import Mail
from authgate.storage.people.users import User, UserRow
from authgate.storage.webhooks import endpoints
from authgate.storage.webhooks.endpoints import WebhookEndpointRow
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate.webhooks import administering, delivering, pausing, secrets
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, is_problem, renewed
from authgate_testing.databases import on_sqlite
from authgate_testing.hooks import Hook, happen

pytestmark = on_sqlite


async def events(tenant: Tenant, kind: Event) -> list[AuditEvent]:
    with use_tenant(tenant):
        return await AuditEvent.filter(event_type=kind)


async def test_its_secret_is_told_once_and_kept_sealed(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    assert hook.secret.startswith("whsec_")
    for path in ("/webhooks", hook.here):
        assert hook.secret not in (await api.get(path)).text
    with use_tenant(acme):
        row = await WebhookEndpointRow.get(id=hook.id)
    assert hook.secret.encode() not in bytes(row.sealed_secrets)
    [event] = await events(acme, Event.WEBHOOK_CREATED)
    assert event.details["host"] == hook.host.name
    assert hook.secret not in str(event.details)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"url": "http://hooks.example.com/a"}, "/url"),
        ({"url": "https://who:it@hooks.example.com/"}, "/url"),
        ({"url": "https://hooks.example.com/#a"}, "/url"),
        ({"name": " "}, "/name"),
        ({"name": "a\u202eb"}, "/name"),
        ({"event_types": ["USER_CREATED", "NO_SUCH"]}, "/event_types/1"),
        ({"areas": ["weather"]}, "/areas/0"),
        ({"lifecycles": ["user.born"]}, "/lifecycles/0"),
    ],
    ids=lambda each: each if isinstance(each, str) else next(iter(each)),
)
async def test_what_cannot_be_is_refused_by_the_field(
    api: ApiClient, said: dict[str, object], field: str
) -> None:
    fit = {"name": "billing", "url": "https://hooks.example.com/a"}
    refused = await api.post("/webhooks", fit | said)
    assert is_problem(refused, 422, "invalid")
    assert refused.json()["errors"][0]["pointer"] == field


async def test_a_name_is_had_once_and_there_are_only_so_many(
    hook: Hook, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = {"name": "billing", "url": "https://hooks.example.com/a"}
    assert is_problem(await api.post("/webhooks", again), 409, "conflict")
    monkeypatch.setattr(administering, "MOST", 1)
    assert is_problem(await api.post("/webhooks", again | {"name": "b"}), 409, "conflict")


async def test_a_change_says_what_was_and_what_is_and_one_over_another_is_refused(
    hook: Hook, api: ApiClient, acme: Tenant
) -> None:
    read = await api.get(hook.here)
    tag = read.headers["etag"]
    changed = await api.patch(hook.here, {"description": "For the books"}, if_match=tag)
    assert changed.json()["description"] == "For the books"
    assert is_problem(
        await api.patch(hook.here, {"description": "Mine"}, if_match=tag), 412, "changed"
    )
    [event] = await events(acme, Event.WEBHOOK_UPDATED)
    assert event.details["was"] == {"description": ""}
    assert event.details["is"] == {"description": "For the books"}


async def test_who_has_read_one_may_change_it_however_often_it_failed_since(
    hook: Hook, api: ApiClient, acme: Tenant
) -> None:
    tag = (await api.get(hook.here)).headers["etag"]
    with use_tenant(acme):
        failing = {"failures": 3, "failing_since": datetime.now(UTC)}
        assert await WebhookEndpointRow.all().update(**failing)
    read = await api.get(hook.here)
    assert (read.json()["failures"], read.headers["etag"] == tag) == (3, False)
    changed = await api.patch(hook.here, {"url": "https://hooks.example.com/b"}, if_match=tag)
    assert changed.status_code == 200, changed.text


async def test_one_that_is_switched_off_is_sent_nothing_and_on_again_only_what_follows(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    async def switch(*, on: bool) -> None:
        tag = (await api.get(hook.here)).headers["etag"]
        assert (await api.patch(hook.here, {"enabled": on}, if_match=tag)).status_code == 200

    hook.host.says(status=500)
    await happen(acme, "ada")
    await hook.round()
    await switch(on=False)
    hook.host.says(status=200)
    await happen(acme, "bert")
    await hook.round(after=60)
    [given_up] = await hook.deliveries()
    assert given_up["status"] == "failed"
    assert is_problem(
        await api.post(f"{hook.here}/deliveries/{given_up['id']}/replay"), 409, "conflict"
    )
    await switch(on=True)
    await happen(acme, "carol")
    await hook.round()
    assert hook.whom() == ["ada", "carol"]


async def test_secrets_follow_each_other_and_both_sign_for_a_while(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    added = await api.post(f"{hook.here}/secrets", {"overlap_hours": 48})
    assert added.status_code == 201
    newer = hook.by(added.json()["secret"])
    first, second = added.json()["secrets"]
    assert first["ends_at"] is not None
    assert second["ends_at"] is None
    await happen(acme, "ada")
    await hook.round()
    assert hook.whom() == newer.whom() == ["ada"]
    assert len(hook.host.asked[0].headers["webhook-signature"].split()) == 2
    hook.server.clock.advance(timedelta(hours=49).total_seconds())
    await happen(acme, "bert")
    await hook.round()
    [signature] = hook.host.asked[1].headers["webhook-signature"].split()
    said = hook.host.asked[1]
    stamped = int(said.headers["webhook-timestamp"])
    assert (
        Webhook(newer.secret).sign(
            said.headers["webhook-id"], datetime.fromtimestamp(stamped, UTC), said.body.decode()
        )
        == signature
    )


async def test_a_secret_that_got_out_signs_no_more_at_once_and_the_last_one_stays(
    hook: Hook, api: ApiClient
) -> None:
    [only] = (await api.get(hook.here)).json()["secrets"]
    gone = await api.delete(f"{hook.here}/secrets/{only['id']}")
    assert is_problem(gone, 409, "conflict")
    made = (await api.post(f"{hook.here}/secrets", {})).json()["secrets"]
    assert (await api.delete(f"{hook.here}/secrets/{made[0]['id']}")).status_code == 204
    assert is_problem(await api.delete(f"{hook.here}/secrets/{uuid4()}"), 404, "not-found")
    for _ in range(secrets.MOST - 1):
        assert (await api.post(f"{hook.here}/secrets", {})).status_code == 201
    assert is_problem(await api.post(f"{hook.here}/secrets", {}), 409, "conflict")
    assert len((await api.get(hook.here)).json()["secrets"]) == secrets.MOST


async def test_a_test_event_says_step_by_step_what_came_of_it(
    hook: Hook, acme: Tenant, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if this machine were at a public address.
    monkeypatch.setattr(egress, "may_be_reached", lambda _address, **_: True)
    tested = (await api.post(f"{hook.here}/test")).json()
    assert tested["passed"]
    assert [each["name"] for each in tested["steps"]] == ["Secrets", "Connection", "Answer"]
    [message] = hook.opened()
    assert message["type"] == "TEST"
    hook.host.says(status=404)
    tested = (await api.post(f"{hook.here}/test")).json()
    assert not tested["passed"]
    assert tested["steps"][1]["said"].startswith("It answered 404")
    assert [each.success for each in await events(acme, Event.WEBHOOK_TESTED)] == [True, False]
    assert await hook.deliveries() == []


async def test_one_that_fails_for_days_is_left_alone_and_those_in_charge_are_told(
    hook: Hook, acme: Tenant, alice: User, api: ApiClient
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.OWNER, email_verified=True)
    hook.host.says(status=500)
    await happen(acme, "ada")
    await hook.round()
    await happen(acme, "bert")
    await hook.round(after=(pausing.AFTER + timedelta(hours=1)).total_seconds())
    now = await hook.now()
    assert now.paused_at is not None
    assert now.pause_reason == "Last: It was not taken."
    assert len(await events(acme, Event.WEBHOOK_PAUSED)) == 1
    with use_tenant(acme):
        [mail] = await Mail.filter(recipient=alice.email)
    assert mail.recipient == "alice@acme.example"
    sent = len(hook.host.asked)
    hook.host.says(status=200)
    await happen(acme, "carol")
    await hook.round(after=600)
    assert len(hook.host.asked) == sent
    api = await renewed(hook.server, api)
    assert (await api.get(hook.here)).json()["state"] == "paused"
    matters = (await api.get("/overview")).json()["attention"]
    assert {"matter": "webhooks_paused", "total": 1} in matters
    resumed = await api.post(f"{hook.here}/resume")
    assert resumed.json()["state"] == "active"
    await hook.round()
    whom = [json.loads(each.body)["data"]["resource_id"] for each in hook.host.asked[sent:]]
    assert set(whom) == {"bert", "carol"}
    assert len(await events(acme, Event.WEBHOOK_RESUMED)) == 1


async def test_one_that_says_that_it_is_gone_is_left_alone_at_once(
    hook: Hook, acme: Tenant
) -> None:
    hook.host.says(status=410)
    await happen(acme, "ada")
    await hook.round()
    assert (await hook.now()).pause_reason == "It says that it is gone (410)."
    assert len(hook.host.asked) == 1


async def test_what_was_given_up_since_a_moment_is_sent_once_more_with_the_ids_that_it_had(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    await happen(acme, "early")
    await hook.round()
    [early] = await hook.deliveries()
    hook.host.says(status=500)
    await happen(acme, "ada", "bert")
    await hook.round()
    with use_tenant(acme):
        await WebhookDelivery.filter(status="pending").update(status="failed")
    before = {each["webhook_id"] for each in await hook.deliveries("?status=failed")}
    hook.host.says(status=200)
    hook.host.asked.clear()
    again = await api.post(f"{hook.here}/replay", {"since": early["occurred_at"]})
    assert again.json() == {"deliveries": 2}
    await hook.round(after=60)
    assert {each.headers["webhook-id"] for each in hook.host.asked} == before
    assert sorted(hook.whom()) == ["ada", "bert"]
    [event] = await events(acme, Event.WEBHOOK_REPLAYED)
    assert event.details["deliveries"] == 2
    none = await api.post(f"{hook.here}/replay", {"since": "2099-01-01T00:00:00Z"})
    assert none.json() == {"deliveries": 0}


async def test_one_that_was_taken_is_sent_once_more_when_somebody_asks_for_it(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    await happen(acme, "ada")
    await hook.round()
    [one] = await hook.deliveries()
    again = f"{hook.here}/deliveries/{one['id']}/replay"
    assert (await api.post(again)).json()["status"] == "pending"
    with use_tenant(acme):
        await delivering.deliver(hook.server.parts)  # as the job does that a replay asks for
    assert hook.whom() == ["ada", "ada"]
    assert len({each.headers["webhook-id"] for each in hook.host.asked}) == 1


async def test_the_log_of_a_webhook_is_told_by_status_and_type_and_page_by_page(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    await happen(acme, "ada", "bert")
    await happen(acme, "bert", kind=Event.USER_DELETED)
    await hook.round()
    assert len(await hook.deliveries("?event_type=USER_DELETED")) == 1
    assert await hook.deliveries("?status=failed") == []
    page = (await api.get(f"{hook.here}/deliveries?limit=2")).json()
    rest = (await api.get(f"{hook.here}/deliveries?limit=2&cursor={page['next']}")).json()
    assert len(page["items"]) == 2
    assert len(rest["items"]) == 1


async def test_another_tenants_webhooks_are_unknown(
    hook: Hook, acme: Tenant, foreign_api: ApiClient
) -> None:
    hook.host.says(status=500)
    await happen(acme, "ada")
    await hook.round()
    [one] = await hook.deliveries()
    assert (await foreign_api.get("/webhooks")).json()["items"] == []
    [secret] = (await hook.api.get(hook.here)).json()["secrets"]
    deliveries = f"{hook.here}/deliveries"
    for path in (hook.here, f"{hook.here}/secrets", deliveries, f"{deliveries}/{one['id']}"):
        assert is_problem(await foreign_api.get(path), 404, "not-found")
    for path, said in (
        (f"{hook.here}/secrets", {}),
        (f"{hook.here}/resume", None),
        (f"{hook.here}/test", None),
        (f"{hook.here}/replay", {"since": "2026-01-01T00:00:00Z"}),
        (f"{deliveries}/{one['id']}/replay", None),
    ):
        assert is_problem(await foreign_api.post(path, said), 404, "not-found"), path
    change = await foreign_api.patch(hook.here, {"enabled": False}, if_match='"any"')
    assert is_problem(change, 404, "not-found")
    for path in (hook.here, f"{hook.here}/secrets/{secret['id']}"):
        assert is_problem(await foreign_api.delete(path), 404, "not-found")
    assert (await hook.now()).enabled


async def test_one_that_is_removed_leaves_nothing_behind(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    await happen(acme, "ada")
    await hook.round()
    tag = (await api.get(hook.here)).headers["etag"]
    assert (await api.delete(hook.here, if_match=tag)).status_code == 204
    assert is_problem(await api.get(hook.here), 404, "not-found")
    with use_tenant(acme):
        assert await WebhookDelivery.all().count() == 0
        assert await endpoints.find(UUID(hook.id)) is None
    assert len(await events(acme, Event.WEBHOOK_DELETED)) == 1


async def test_an_address_is_in_no_event_since_it_may_have_a_secret_in_its_path(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    tag = (await api.get(hook.here)).headers["etag"]
    address = "https://hooks.example.com/s3cr3tpath"
    changed = await api.patch(hook.here, {"url": address}, if_match=tag)
    other = {"name": "other", "url": f"{address}/other"}
    assert (await api.post("/webhooks", other)).status_code == 201
    tag = changed.headers["etag"]
    assert (await api.delete(hook.here, if_match=tag)).status_code == 204
    kinds = (Event.WEBHOOK_CREATED, Event.WEBHOOK_UPDATED, Event.WEBHOOK_DELETED)
    said = [str(each.details) for kind in kinds for each in await events(acme, kind)]
    assert len(said) == 4
    assert all("s3cr3tpath" not in each for each in said)
    [event] = await events(acme, Event.WEBHOOK_UPDATED)
    assert event.details["is"]["url"].startswith("https://hooks.example.com #")


async def test_who_reads_what_was_sent_has_looked_at_the_log(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    await happen(acme, "ada")
    await hook.round()
    [one] = await hook.deliveries()
    assert await events(acme, Event.AUDIT_LOG_VIEWED) == []
    assert (await api.get(f"{hook.here}/deliveries/{one['id']}")).status_code == 200
    [looked] = await events(acme, Event.AUDIT_LOG_VIEWED)
    assert looked.details["filter"] == {"id": one["event_id"]}


async def test_secrets_that_cannot_be_opened_are_replaced_and_followed_by_none(
    hook: Hook, acme: Tenant, api: ApiClient
) -> None:
    with use_tenant(acme):
        await WebhookEndpointRow.filter(id=hook.id).update(sealed_secrets=b"broken")
    assert is_problem(await api.post(f"{hook.here}/secrets", {}), 409, "conflict")
    added = await api.post(f"{hook.here}/secrets", {"overlap_hours": 0})
    assert added.status_code == 201
    await happen(acme, "ada")
    await hook.round()
    assert hook.by(added.json()["secret"]).whom() == ["ada"]


async def test_a_moment_that_no_database_holds_is_refused(hook: Hook, api: ApiClient) -> None:
    refused = await api.post(f"{hook.here}/replay", {"since": "0001-01-01T00:00:00+14:00"})
    assert is_problem(refused, 422, "invalid")
