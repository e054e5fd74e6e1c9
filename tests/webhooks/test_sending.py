"""What happens at a tenant is sent to its webhooks: all of it, signed, and each by itself."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import WebhookVerificationError

from authgate import audit
from authgate.audit import SYSTEM, Event
from authgate.plugin_manager import egress
from authgate.pretend.host import Answer, Host, opened
from authgate.storage.webhooks import sendings
from authgate.storage.webhooks.endpoints import WebhookEndpointRow
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate.telemetry.families import REGISTRY
from authgate.webhooks import collecting, delivering
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient
from authgate_testing.databases import on_sqlite
from authgate_testing.hooks import Hook, go_round, happen
from authgate_testing.server import RunningServer


async def test_ss_09_what_was_wanted_comes_once_signed_and_with_the_id_of_its_delivery(
    hook: Hook, acme: Tenant, globex: Tenant
) -> None:
    await happen(acme, "ada", "bert")
    await happen(acme, "ada", kind=Event.USER_PASSWORD_CHANGED)
    await happen(globex, "gwen")
    await go_round(hook.server, acme, globex)
    await hook.round(after=10)
    assert sorted(hook.whom()) == ["ada", "bert"]
    [first, _] = hook.opened()
    assert first["type"] == "USER_CREATED"
    assert first["timestamp"] == first["data"]["occurred_at"]
    assert first["data"]["lifecycle"] == "user.created"
    assert first["data"]["tenant"] == "acme"
    assert first["data"]["truncated"] is False
    sent = {each.headers["webhook-id"] for each in hook.host.asked}
    assert sent == {each["webhook_id"] for each in await hook.deliveries("?status=delivered")}
    with pytest.raises(WebhookVerificationError):
        hook.by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").opened()


@on_sqlite
async def test_types_areas_and_kinds_of_life_are_told_apart_and_nothing_named_is_everything(
    server: RunningServer, acme: Tenant, api: ApiClient, host: Host
) -> None:
    for name, wanted in (
        ("types", {"event_types": ["USER_CREATED"]}),
        ("areas", {"areas": ["clients"]}),
        ("lives", {"lifecycles": ["user.deleted"]}),
        ("all", {}),
    ):
        await Hook.made(server, acme, api, host, name=name, **wanted)
    for kind in (Event.USER_CREATED, Event.CLIENT_DELETED, Event.USER_DELETED):
        await happen(acme, "ada", kind=kind)
    await go_round(server, acme)
    came: dict[str, set[str]] = {}
    for each in host.asked:
        came.setdefault(each.path, set()).add(json.loads(each.body)["type"])
    assert came["/types"] == {"USER_CREATED"}
    assert came["/areas"] == {"CLIENT_DELETED"}
    assert came["/lives"] == {"USER_DELETED"}
    assert came["/all"] >= {"USER_CREATED", "CLIENT_DELETED", "USER_DELETED"}


@on_sqlite
async def test_what_was_not_taken_is_tried_again_for_three_days_with_the_same_id_and_then_given_up(
    hook: Hook, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "may_be_reached", lambda _address, **_: True)
    hook.host.says(status=503, body=b"away\x00 token=abcdefgh12345678 " + b"x" * 5000)
    await happen(acme, "ada")
    await hook.round()
    [first] = await hook.deliveries()
    assert (first["status"], first["attempts"], first["last_status"]) == ("pending", 1, 503)
    told = (await hook.api.get(f"{hook.here}/deliveries/{first['id']}")).json()
    assert told["answer"].startswith("away")
    assert "abcdefgh" not in told["answer"]
    assert len(told["answer"]) <= 1024
    assert told["message"]["data"]["resource_id"] == "ada"
    for seconds in delivering.AGAIN_AFTER_SECONDS:
        await hook.round(after=seconds * 1.2 + 301)
    [last] = await hook.deliveries()
    assert (last["status"], last["attempts"]) == ("failed", 10)
    assert len({each.headers["webhook-id"] for each in hook.host.asked}) == 1
    assert len(hook.host.asked) == 10
    assert 1.2 * sum(delivering.AGAIN_AFTER_SECONDS) < delivering.TRIED_FOR.total_seconds()


@on_sqlite
async def test_one_that_is_gone_delays_nobody_else_and_is_asked_for_one_thing_at_a_time(
    hook: Hook, acme: Tenant, api: ApiClient, certificate: tuple[Path, Path]
) -> None:
    async with opened(certificate) as other:
        dead = await Hook.made(hook.server, acme, api, other, name="dead")
        other.says(status=500)
        await happen(acme, *(f"u{number}" for number in range(8)))
        await hook.round()
        assert len(hook.host.asked) == 8
        tried = len(other.asked)
        assert (await dead.now()).is_weary
        await hook.round(after=361)
        assert len(other.asked) == tried + 1, "one, to see"
        other.says(status=204)
        await hook.round(after=400)
        assert (await dead.now()).failures == 0
        for _ in range(2):
            await hook.round(after=400)
    assert {each["status"] for each in await dead.deliveries()} == {"delivered"}


@on_sqlite
async def test_what_waits_for_too_long_at_one_that_fails_is_given_up_although_it_was_not_tried(
    hook: Hook, acme: Tenant
) -> None:
    hook.host.says(status=500)
    await happen(acme, *(f"u{number}" for number in range(7)))
    await hook.round()
    hook.server.clock.advance(timedelta(days=2).total_seconds())
    await hook.round(after=timedelta(days=1, minutes=10).total_seconds())
    assert {each["status"] for each in await hook.deliveries()} == {"failed"}


@on_sqlite
async def test_more_than_there_is_room_for_stays_in_the_log_and_is_sent_when_there_is(
    hook: Hook, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MOST_WAITING", 3)
    hook.host.says(status=500)
    await happen(acme, *(f"u{number}" for number in range(5)))
    await hook.round()
    assert len(await hook.deliveries()) == 3
    hook.host.says(status=200)
    for _ in range(4):
        await hook.round(after=400)
    taken = await hook.deliveries("?status=delivered")
    assert len(taken) == 5


@on_sqlite
async def test_of_what_has_ended_the_oldest_goes_and_what_waits_stays(
    hook: Hook, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await happen(acme, "old")
    await hook.round()
    hook.host.says(status=500)
    monkeypatch.setattr(collecting, "MOST_KEPT", 2)
    await happen(acme, "ada", "bert")
    await hook.round()
    assert {each["status"] for each in await hook.deliveries()} == {"pending"}
    with use_tenant(acme):
        assert await WebhookDelivery.all().count() == 2


@on_sqlite
async def test_a_message_that_is_large_comes_without_its_details(hook: Hook, acme: Tenant) -> None:
    with use_tenant(acme):
        await audit.record(
            Event.USER_CREATED,
            actor=SYSTEM,
            resource=("user", "ada"),
            details={f"n{number}": "x" * 400 for number in range(60)},
        )
    await hook.round()
    [message] = hook.opened()
    assert message["data"]["truncated"] is True
    assert message["data"]["details"] == {}
    assert len(hook.host.asked[0].body) <= 20_000


@pytest.mark.parametrize("settings", [()], indirect=True)
@on_sqlite
async def test_ss_01_an_address_inside_is_never_reached_and_nobody_learns_what_is_there(
    hook: Hook, acme: Tenant
) -> None:
    await happen(acme, "ada")
    await hook.round()
    assert hook.host.asked == []
    [one] = await hook.deliveries()
    assert (one["status"], one["last_status"]) == ("pending", None)
    assert one["last_error"] == "The name leads to no address that may be reached."
    tested = (await hook.api.post(f"{hook.here}/test")).json()
    assert not tested["passed"]


@on_sqlite
async def test_ss_10_what_a_receiver_inside_of_the_installation_says_is_kept_from_the_tenant(
    hook: Hook, acme: Tenant
) -> None:
    hook.host.says(status=500, body=b"of another service")
    await happen(acme, "ada")
    await hook.round()
    [one] = await hook.deliveries()
    told = (await hook.api.get(f"{hook.here}/deliveries/{one['id']}")).json()
    assert (told["last_status"], told["answer"], told["took_ms"]) == (None, "", None)
    tested = (await hook.api.post(f"{hook.here}/test")).json()
    assert [each["said"] for each in tested["steps"]][1:] == ["It was not taken."]


@on_sqlite
async def test_ss_03_a_redirect_is_not_followed(hook: Hook, acme: Tenant) -> None:
    hook.host.site = lambda asked: Answer(307, headers={"location": f"https://{hook.host.name}/x"})
    await happen(acme, "ada")
    await hook.round()
    assert [each.path for each in hook.host.asked] == ["/billing"]
    [one] = await hook.deliveries()
    assert one["last_error"] == "It was not taken."


@on_sqlite
async def test_one_that_came_with_its_tenant_is_sent_nothing_of_what_came_with_it(
    hook: Hook, acme: Tenant
) -> None:
    await happen(acme, "former")
    with use_tenant(acme):
        await WebhookEndpointRow.filter(id=hook.id).update(seq=None, since=None)
    await hook.round()
    await happen(acme, "ada")
    await hook.round()
    assert hook.whom() == ["ada"]


@on_sqlite
async def test_an_event_that_the_log_has_no_more_is_sent_to_nobody(
    hook: Hook, acme: Tenant
) -> None:
    hook.host.says(status=500)
    await happen(acme, "ada")
    await hook.round()
    with use_tenant(acme):
        await WebhookDelivery.all().update(event_id=hook.id)
    sent = len(hook.host.asked)
    await hook.round(after=60)
    [one] = await hook.deliveries()
    assert (one["status"], one["last_error"]) == ("failed", "The log has it no more.")
    assert len(hook.host.asked) == sent


@on_sqlite
async def test_lag_and_what_waits_are_measured(hook: Hook, acme: Tenant) -> None:
    def level(name: str) -> float:
        value = REGISTRY.get_sample_value(f"authgate_webhook_{name}")
        assert value is not None
        return value

    hook.host.says(status=410)
    await happen(acme, "ada", "bert")
    await hook.round()
    await hook.round()
    assert level("endpoints_paused") == 1
    assert level("deliveries_waiting") >= 1
    assert level("lag_seconds") == 0, "nobody waits for one that is left alone"


@on_sqlite
async def test_when_somebody_is_forgotten_so_is_what_receivers_have_said(
    hook: Hook, acme: Tenant
) -> None:
    await happen(acme, "ada")
    await hook.round()
    with use_tenant(acme):
        await WebhookDelivery.all().update(answer="ada is here")
        await sendings.forget_answers()
        assert await WebhookDelivery.exclude(answer="").count() == 0
