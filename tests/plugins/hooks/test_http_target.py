"""A tenant's own server is asked over https what goes into tokens and who signs in."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.plugin_api import Deny, SetupStep, StepUp, hookspecs
from authgate.plugin_api.hookspecs import HookRules, rules_of
from authgate.plugin_manager import GuardedHttp, Isolation, Outcome, PluginCall, PluginFailed
from authgate.settings import EgressSettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people.users import User
from authgate_http_target import trial
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import EVERYTHING, ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.http_target import OTHER_SECRET, SECRET, Bench, is_signed, said
from authgate_testing.ledger import Ledger
from authgate_testing.pretend_host import Answer, Asked, Host
from authgate_testing.server import RunningServer

HOME = "/account/sessions"


@pytest.fixture
def bench(unhurried: None, host: Host, http: GuardedHttp, isolation: Isolation) -> Bench:
    return Bench(host.name, http, isolation)


async def test_ss_09_what_is_asked_is_signed_told_once_and_fresh(bench: Bench, host: Host) -> None:
    host.site = lambda asked: (
        said(claims={"tier": "gold"}) if b"token.claims" in asked.body else said(decision="allow")
    )
    assert await bench.claims() == {"http-target_tier": "gold"}
    assert await bench.objection() is None
    await bench.claims()
    token, login, again = host.asked
    for each in (token, login, again):
        assert (each.method, each.path) == ("POST", "/hook?of=acme")
        assert each.headers["content-type"] == "application/json"
        assert is_signed(each, SECRET)
        assert not is_signed(each, OTHER_SECRET)
        assert abs(time.time() - int(each.headers["webhook-timestamp"])) < 300
        assert json.loads(each.body)["timestamp"].endswith("+00:00")
    assert len({each.headers["webhook-id"] for each in (token, login, again)}) == 3
    told = json.loads(token.body)
    assert (told["type"], told["data"]) == (
        "token.claims",
        {
            "tenant": "acme",
            "issuer": "https://sso.example/t/acme",
            "client_id": "cli",
            "subject": "alice",
            "grant_type": "client_credentials",
            "scope": ["read", "write"],
        },
    )
    told = json.loads(login.body)
    assert (told["type"], told["data"]) == (
        "login.policy",
        {
            "tenant": "acme",
            "subject": "alice",
            "client_id": "web",
            "address": "192.0.2.7",
            "amr": ["pwd"],
            "acr": "1",
            "connection": "",
            "new_browser": True,
        },
    )
    spoilt = Asked("POST", "/", token.headers, {}, token.body.replace(b"alice", b"mallory"))
    assert not is_signed(spoilt, SECRET)
    late = {**token.headers, "webhook-timestamp": str(int(time.time()) - 900)}
    assert not is_signed(Asked("POST", "/", late, {}, token.body), SECRET)


async def test_while_a_secret_is_replaced_receivers_of_either_believe_what_is_asked(
    bench: Bench,
    host: Host,
) -> None:
    host.site = lambda asked: said(claims={})
    bench.settings["next_secret"] = OTHER_SECRET
    await bench.claims()
    [asked] = host.asked
    assert is_signed(asked, SECRET)
    assert is_signed(asked, OTHER_SECRET)


async def test_each_tenants_events_are_signed_with_its_own_secret(bench: Bench, host: Host) -> None:
    host.site = lambda asked: said(decision="allow")
    acme, globex = uuid4(), uuid4()
    bench.secrets = {acme: SECRET, globex: OTHER_SECRET}
    for tenant in (acme, globex, acme):
        await bench.objection(tenant_id=tenant)
    signed = [(is_signed(each, SECRET), is_signed(each, OTHER_SECRET)) for each in host.asked]
    assert signed == [(True, False), (False, True), (True, False)]


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        ({"decision": "allow"}, None),
        ({"decision": "allow", "text": 1, "more": "to come"}, None),
        ({"decision": "deny", "text": "Ask IT."}, Deny("Ask IT.")),
        ({"decision": "step_up", "acr": "2"}, StepUp("2")),
    ],
    ids=str,
)
async def test_a_sign_in_is_decided_as_the_target_says(
    bench: Bench, host: Host, answer: dict[str, object], decision: object
) -> None:
    host.site = lambda asked: said(**answer)
    assert await bench.objection() == decision


async def test_ss_09_what_has_happened_is_sent_until_it_is_taken_and_keeps_its_id(
    bench: Bench, host: Host
) -> None:
    await bench.tell("1", "2")
    assert not host.asked, "it is not to be told"
    bench.settings["audit_events"] = True
    host.says(status=503)
    with pytest.raises(PluginFailed):
        await bench.tell("1", "2")
    host.says(status=202, body=b"", headers={"content-type": "text/plain"})
    await bench.tell("1", "2")
    await bench.tell("3")
    first, again, other = host.asked
    assert all(is_signed(each, SECRET) for each in host.asked)
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body
    assert other.headers["webhook-id"] != first.headers["webhook-id"]
    told = json.loads(first.body)
    assert (told["type"], told["timestamp"]) == ("audit.events", "2026-03-02T09:12:44.031+00:00")
    assert [each["id"] for each in told["data"]["events"]] == ["1", "2"]
    assert told["data"]["events"][0]["lifecycle"] == "user.created"


async def test_what_it_is_not_to_be_asked_it_is_not_asked(bench: Bench, host: Host) -> None:
    bench.settings |= {"token_claims": False, "never_asked": ["alice"]}
    host.says(status=500)
    assert await bench.claims() == {}
    assert await bench.objection() is None
    bench.settings |= {"login_policy": False, "never_asked": []}
    assert await bench.objection() is None
    assert not host.asked


Fault = Callable[[Bench, Host, pytest.MonkeyPatch], None]


def answering(status: int = 200, body: bytes = b"{}", **headers: str) -> Fault:
    def fault(bench: Bench, host: Host, patch: pytest.MonkeyPatch) -> None:
        del bench, patch
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        host.says(status=status, body=body, headers=named)

    return fault


def slow(bench: Bench, host: Host, patch: pytest.MonkeyPatch) -> None:
    del bench
    for hook in (hookspecs.token_claims, hookspecs.login_policy):
        patch.setattr(hook, "authgate_rules", HookRules(0.05, rules_of(hook).on_failure))
    host.says(body=b" ", never_ends=True)


def dead(bench: Bench, host: Host, patch: pytest.MonkeyPatch) -> None:
    del host, patch
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        bench.settings["url"] = f"https://localhost:{taken.getsockname()[1]}/"


def inside(bench: Bench, host: Host, patch: pytest.MonkeyPatch) -> None:
    del host, patch
    bench.settings["url"] = "https://169.254.169.254/latest/meta-data/"


def rebound(bench: Bench, host: Host, patch: pytest.MonkeyPatch) -> None:
    del bench, host

    def resolve(name: str, port: int, *_: object, **__: object) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))
            for found in ("127.0.0.1", "10.0.0.1")
        ]

    patch.setattr(socket, "getaddrinfo", resolve)


def another_name(bench: Bench, host: Host, patch: pytest.MonkeyPatch) -> None:
    """Whose certificate is for another name."""
    del patch
    bench.settings["url"] = f"https://127.0.0.2:{host.port}/"


def unfit_settings(bench: Bench, host: Host, patch: pytest.MonkeyPatch) -> None:
    del host, patch
    bench.settings["secret"] = "what another version took for one"


_GOOD = b'{"claims": {"tier": "gold"}, "decision": "allow"}'
FAULTS: dict[str, Fault] = {
    "slow": slow,
    "dead": dead,
    "at a private address": inside,
    "at a name that leads inside as well": rebound,
    "with a certificate of another name": another_name,
    "500": answering(500, _GOOD),
    "401": answering(401, _GOOD),
    "redirecting": answering(307, _GOOD, location="https://localhost/elsewhere"),
    "garbage": answering(body=b"\x00\xff{"),
    "too deep": answering(body=b"[" * 100_000),
    "huge": answering(body=b" " * 1_000_001),
    "compressed": answering(body=_GOOD, content_encoding="gzip"),
    "a page": answering(body=_GOOD, content_type="text/html"),
    "a list": answering(body=b"[]"),
    "nothing": answering(body=b""),
    "another object": answering(body=b'{"ok": true}'),
    "odd members": answering(body=b'{"claims": [1], "decision": ["allow"]}'),
    "odd values": answering(
        body=b'{"claims": {"n": NaN}, "decision": "deny", "text": "a\\u202eb\\nc"}'
    ),
    "too much": answering(
        body=json.dumps(
            {"claims": {"x": "x" * 5000}, "decision": "deny", "text": "x" * 301}
        ).encode()
    ),
    "a decision without its acr": answering(body=b'{"claims": null, "decision": "step_up"}'),
    "unfit settings": unfit_settings,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_ss_01_02_03_04_whatever_is_wrong_with_a_target_adds_nothing_and_lets_nobody_in(
    bench: Bench,
    host: Host,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    calls: list[PluginCall],
    capsys: Any,
) -> None:
    FAULTS[fault](bench, host, monkeypatch)
    assert await bench.claims() == {}
    with pytest.raises(PluginFailed) as refused:
        await bench.objection()
    shown = "".join(capsys.readouterr()) + str(refused.value) + "".join(c.fault for c in calls)
    assert SECRET not in shown
    assert SECRET.removeprefix("whsec_") not in shown
    if fault in ("at a private address", "at a name that leads inside as well"):
        assert not host.asked
    expected = {Outcome.TOO_SLOW} if fault == "slow" else {Outcome.RAISED, Outcome.WRONG_RESULT}
    assert {each.outcome for each in calls} - {Outcome.DONE} <= expected, "its settings are fit"


async def test_pl_07_claims_that_are_the_servers_stay_the_servers(bench: Bench, host: Host) -> None:
    host.site = lambda asked: said(
        claims={"sub": "root", "tier": "gold", "a b": 1, "x\u0000": 1, "tenant": "globex"}
    )
    assert await bench.claims() == {
        "http-target_sub": "root", "http-target_tier": "gold", "http-target_tenant": "globex",
    }  # fmt: skip


async def test_one_tenants_target_that_fails_is_left_alone_and_no_other_tenants_is(
    bench: Bench, host: Host, calls: list[PluginCall]
) -> None:
    acme, globex = uuid4(), uuid4()
    bench.secrets = {globex: OTHER_SECRET}
    host.site = lambda asked: (
        said(claims={"tier": "gold"}) if is_signed(asked, OTHER_SECRET) else Answer(status=500)
    )
    for _ in range(8):
        assert await bench.claims(tenant_id=acme) == {}
    assert len(host.asked) == 5
    assert [each.outcome for each in calls if each.outcome is Outcome.SUSPENDED] != []
    assert await bench.claims(tenant_id=globex) == {"http-target_tier": "gold"}


async def test_a_tenant_whose_target_hangs_keeps_no_other_waiting(
    bench: Bench, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, globex = uuid4(), uuid4()
    bench.secrets = {globex: OTHER_SECRET}
    host.site = lambda asked: (
        said(decision="allow")
        if is_signed(asked, OTHER_SECRET)
        else Answer(body=b" ", never_ends=True)
    )
    hanging = [asyncio.create_task(bench.objection(tenant_id=acme)) for _ in range(20)]
    async with asyncio.timeout(30):
        while len(host.asked) < 8:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await bench.objection(tenant_id=globex) is None
    for each in hanging:
        each.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_test_events_show_what_a_target_makes_of_each(bench: Bench, host: Host) -> None:
    host.site = lambda asked: (
        said(claims={"tier": "gold", "x\u202e": 1})
        if b'"token.claims"' in asked.body
        else said(decision="deny", text="secret plans")
    )
    bench.settings["audit_events"] = True
    assert await bench.shown() == {
        "Test event": (True, "It was taken."),
        "What has happened": (True, "It was taken."),
        "Claims in tokens": (True, "Tokens gain http-target_tier, http-target_x\\u202e."),
        "Who signs in": (True, "Somebody nobody knows is not let in."),
    }
    events = [json.loads(each.body) for each in host.asked]
    assert events[0]["type"] == "test"
    assert sorted(each["type"] for each in events[1:]) == [
        "audit.events", "login.policy", "token.claims",
    ]  # fmt: skip
    assert all(each["data"]["test"] and is_signed(asked, SECRET)
               for each, asked in zip(events, host.asked, strict=True))  # fmt: skip


async def test_ss_10_test_events_show_neither_status_nor_text_of_a_server(
    bench: Bench, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant that may name a server looks around with it no more than with a browser."""
    seen = set()
    for status in (301, 401, 404, 500):
        host.says(status=status, body=b"internal wiki", headers={"server": "wiki"})
        seen.add(str(await bench.shown()))
    assert len(seen) == 1
    shown = seen.pop()
    assert "another status than one of success" in shown
    assert "wiki" not in shown
    host.says(body=b"internal wiki")
    unfit = await bench.shown()
    assert unfit["Test event"][0]
    assert (unfit["Claims in tokens"], unfit["Who signs in"]) == (
        ((False, "The answer is not JSON."),) * 2
    )
    nowhere = set()
    for url in ("https://10.0.0.1/", "https://169.254.169.254:81/", "https://nowhere.invalid/"):
        bench.settings["url"] = url
        nowhere.add(str(await bench.shown()))
    assert len(nowhere) == 1, "what is inside and what is not there are told alike"


async def test_an_answer_that_would_come_too_late_is_shown_as_that(
    bench: Bench, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.site = lambda asked: said(claims={}, decision="allow")
    for hook in (hookspecs.token_claims, hookspecs.login_policy):
        monkeypatch.setattr(hook, "authgate_rules", HookRules(0.0, rules_of(hook).on_failure))
    shown = await bench.shown()
    assert shown["Claims in tokens"] == (False, "A fit answer, but not within 0 seconds.")
    assert shown["Who signs in"] == (False, "A fit answer, but not within 0 seconds.")


def _hanging_at(event: bytes, asked: Asked) -> Answer:
    return Answer(never_ends=True) if event in asked.body else said(claims={}, decision="allow")


async def test_each_test_event_is_answered_for_while_another_hangs(
    bench: Bench, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = trial._step

    async def timed(name: str, asking: Coroutine[None, None, str]) -> SetupStep:
        # Until it begins to wait nothing else runs, so each step has its own.
        monkeypatch.setattr(trial, "_SECONDS", 0.3 if name == hangs else 60.0)
        return await step(name, asking)

    monkeypatch.setattr(trial, "_step", timed)
    for hook in (hookspecs.token_claims, hookspecs.login_policy, hookspecs.examine_config):
        monkeypatch.setattr(hook, "authgate_rules", HookRules(60.0, rules_of(hook).on_failure))
    bench.settings["audit_events"] = True
    for hangs, event in (
        ("Claims in tokens", b'"token.claims"'),
        ("What has happened", b'"audit.events"'),
        ("Test event", b'"test","timestamp"'),
    ):
        host.site = partial(_hanging_at, event)
        shown = await bench.shown()
        late = [each for each, answered in shown.items() if not answered[0]]
        assert {each: shown[each][1] for each in late} == {hangs: "It did not answer in time."}
        assert len(shown) == (1 if late == ["Test event"] else 4)


# --- At the server -------------------------------------------------------------------------------


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    """The server may reach this machine, where the target is."""
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=certificate[0])
    return settings.model_copy(update={"egress": egress})


@on_sqlite
@pytest.mark.usefixtures("unhurried")
async def test_a_target_speaks_in_tokens_and_decides_who_signs_in_of_its_own_tenant_alone(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, bob: User, host: Host,
    run: Any, sign_in: Any, ledger: Ledger,
) -> None:  # fmt: skip
    text = "<b>Not</b> \u201cnow\u201d; ask IT."
    host.site = lambda asked: (
        said(claims={"tier": "gold"})
        if b'"token.claims"' in asked.body
        else said(decision="deny", text=text)
    )
    url = f"https://{host.name}/"
    now = await run(
        acme, "http-target", url=url, secret=SECRET, token_claims=True, login_policy=True
    )
    with use_tenant(now):
        made = await provisioning.add_client(
            server.parts,
            ClientDraft(name="Backup", grant_types=["client_credentials"], scopes=["read"]),
        )
    answer = await server.http.post(
        f"{acme.issuer}/oauth/token",
        data={"grant_type": "client_credentials", "scope": "read"},
        auth=(made.client.client_id, made.secret or ""),
    )
    token = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert token["http-target_tier"] == "gold"
    [asked] = host.asked
    assert is_signed(asked, SECRET)
    refused = await sign_in(acme, "alice")
    assert refused.status_code == 403
    assert "&lt;b&gt;Not&lt;/b&gt;" in refused.text
    [denied] = await ledger.events(acme, Event.LOGIN_DENIED)
    assert denied.details == {"connection": "", "plugin": "http-target", "told": text}
    told = json.loads(host.asked[-1].body)["data"]
    assert (told["tenant"], told["subject"], told["amr"]) == ("acme", str(alice.id), ["pwd"])
    asked_so_far = len(host.asked)
    assert (await sign_in(globex, "bob")).url.path.endswith(HOME)
    assert len(host.asked) == asked_so_far, "that tenant has not enabled it"


@on_sqlite
@pytest.mark.usefixtures("unhurried")
async def test_ad_03_a_dead_target_shuts_nobody_out_for_good(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, carol: User, host: Host,
    run: Any, sign_in: Any, ledger: Ledger,
) -> None:  # fmt: skip
    """Who is excepted comes in, and whoever may set the plugin pauses it; sessions go on."""
    host.says(status=503)
    await run(
        acme, "http-target", url=f"https://{host.name}/", secret=SECRET, login_policy=True,
        never_asked=[str(carol.id)],
    )  # fmt: skip
    assert (await sign_in(acme, "alice")).status_code == 503
    [event] = await ledger.events(acme, Event.LOGIN_DENIED)
    assert event.details["failed"] == "raised"
    assert (await sign_in(acme, "carol")).url.path.endswith(HOME)
    api = await api_client(server, acme, *EVERYTHING)
    tested = await api.post("/plugins/http-target/test")
    assert (tested.status_code, tested.json()["passed"]) == (200, False)
    assert [each["name"] for each in tested.json()["steps"]] == ["Settings", "Test event"]
    foreign = await api_client(server, globex, *EVERYTHING)
    assert is_problem(await foreign.post("/plugins/http-target/test"), 404, "not-found")
    assert (await api.patch("/plugins/http-target", {"paused": True}, if_match="*")).is_success
    assert (await sign_in(acme, "alice")).url.path.endswith(HOME)


@on_sqlite
async def test_a_target_that_moves_has_its_secrets_entered_anew(
    server: RunningServer, acme: Tenant, run: Any
) -> None:
    await run(
        acme, "http-target", url="https://a.example/", secret=SECRET, next_secret=OTHER_SECRET
    )
    api: ApiClient = await api_client(server, acme, *EVERYTHING)
    moved: dict[str, Any] = {"url": "https://thief.example/", "secret": SECRET}
    refused = await api.patch("/plugins/http-target", {"settings": moved}, if_match="*")
    assert is_problem(refused, 422, "invalid"), refused.text
    assert refused.json()["errors"][0]["pointer"] == "/settings/next_secret"
    moved["next_secret"] = None
    changed = await api.patch("/plugins/http-target", {"settings": moved}, if_match="*")
    assert changed.status_code == 200, changed.text
    assert SECRET not in changed.text
