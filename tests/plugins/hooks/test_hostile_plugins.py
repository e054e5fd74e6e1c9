"""Thirteen kinds of plugins that mean harm or know no better, in every hook that a request reaches.

Each runs for one tenant beside a plugin that does its part. What is held: that one still does, the
other tenant is answered as if the hostile one were not there, and nothing of it is told but where
and how it failed. What is counted is work, not time.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from textwrap import dedent
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from authgate.plugin_api import (
    ConsoleRequest,
    LoginRequest,
    MailMessage,
    TokenClaimsRequest,
    hookspecs,
)
from authgate.plugin_api.hookspecs import HookRules, rules_of
from authgate.plugin_manager import Isolation, Outcome, PluginCall, PluginFailed, Plugins, load
from authgate.plugin_manager.console import ConsolePages
from authgate.plugin_manager.mail import MailPlugins
from authgate.testing.sink_contract import events

InstalledPlugins = Callable[[Isolation], Plugins]

SECRET = "what-only-the-plugin-knows"

GOOD = """
    from authgate.plugin_api import Allow, MailTaken, hookimpl

    plugin_api_version = "1.1"

    @hookimpl
    async def token_claims(request):
        return {"good_tier": request.tenant}

    @hookimpl
    async def login_policy(request):
        return Allow()

    @hookimpl
    async def send_mail(message):
        return MailTaken(reference=message.tenant)

    @hookimpl
    async def audit_events(events):
        pass
"""

HEAD = """
    import asyncio, sys, threading, time
    from authgate.plugin_api import Allow, ConsolePage, Deny, StepUp, hookimpl

    plugin_api_version = "1.1"
    SECRET = "what-only-the-plugin-knows"
    CALLS = []
    LET_GO = threading.Event()

    class Evil(dict):
        def items(self):
            CALLS.append("evil")
            raise SystemExit(SECRET)
        __iter__ = keys = __len__ = __eq__ = __getitem__ = items

    class EvilAllow(Allow):
        def __getattribute__(self, name):
            CALLS.append("evil")
            raise SystemExit(SECRET)

    class EvilText(str):
        def isprintable(self):
            CALLS.append("evil")
            return True
        __len__ = isprintable
"""

TAIL = """
    @hookimpl
    {kind} token_claims(request):
        CALLS.append(request.tenant)
        decides = False
        {body}

    @hookimpl
    {kind} login_policy(request):
        CALLS.append(request.tenant)
        decides = True
        {body}

    @hookimpl
    def register_console_pages():
        return [ConsolePage(name="mine", title="Mine")]

    @hookimpl
    {kind} console_page(request):
        CALLS.append(request.tenant)
        decides = False
        {body}

    @hookimpl
    {kind} send_mail(message):
        CALLS.append(message.tenant)
        decides = False
        {body}

    @hookimpl
    {kind} audit_events(events):
        CALLS.append(events[0].tenant)
        decides = False
        {body}
"""

KINDS = {
    "sleeps": ("async def", "await asyncio.sleep(3600)"),
    "blocks_its_thread": ("def", "LET_GO.wait(60)"),
    "throws": ("async def", "raise ValueError(SECRET)"),
    "ends_the_process": ("def", "sys.exit(SECRET)"),
    "interrupts": ("async def", "raise KeyboardInterrupt(SECRET)"),
    "cancels_itself": ("async def", "raise asyncio.CancelledError(SECRET)"),
    "cancels_its_task": ("async def", "asyncio.current_task().cancel(); await asyncio.sleep(0)"),
    "swallows_cancelling": (
        "async def",
        "for _ in range(3):\n"
        "        try: await asyncio.sleep(3600)\n"
        "        except asyncio.CancelledError: pass",
    ),
    "recurses": ("def", "deeper = lambda: deeper(); deeper()"),
    "returns_megabytes": (
        "def",
        "return Deny(SECRET * 400_000) if decides else {'hostile_x': SECRET * 400_000}",
    ),
    "returns_a_subclass": ("def", "return EvilAllow() if decides else Evil(hostile_x=1)"),
    "returns_texts_that_are_code": (
        "def",
        "return Deny(EvilText(SECRET)) if decides else {'hostile_x': EvilText(SECRET)}",
    ),
    "returns_nonsense": (
        "def",
        "loop = []; loop.append(loop)\n"
        "    return None if decides else {'hostile_x': [float('nan'), loop]}",
    ),
}
"""How each defines its hooks, and what is in them."""

TOO_SLOW = {"sleeps", "blocks_its_thread", "swallows_cancelling"}
WRONG = {kind for kind in KINDS if kind.startswith("returns_")}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Budgets that who never ends uses up quickly, and nobody else on a busy machine."""
    seconds = 0.05 if request.node.callspec.params["kind"] in TOO_SLOW else 60.0
    hooks = ("token_claims", "login_policy", "send_mail", "audit_events", "console_page")
    for hook in (getattr(hookspecs, each) for each in hooks):
        rules = HookRules(seconds, rules_of(hook).on_failure)
        monkeypatch.setattr(hook, "authgate_rules", rules)


@pytest.fixture
async def hostile(install: Any) -> AsyncIterator[Callable[[str], Any]]:
    """Installs one of a kind, beside the good one: its module."""
    made: list[Any] = []

    def put(kind: str) -> Any:
        definition, body = KINDS[kind]
        source = dedent(HEAD) + dedent(TAIL).format(kind=definition, body=body)
        install("good", GOOD)
        install("hostile", source)
        made.append(load().get_plugin("hostile"))
        return made[0]

    yield put
    for each in made:
        each.LET_GO.set()
    left = [each for each in asyncio.all_tasks() if "_in_slot" in repr(each)]
    while left:
        for task in left:
            task.cancel()  # again, for who swallows it
        _, pending = await asyncio.wait(left, timeout=0.01)
        left = list(pending)


def claims_request(tenant: str) -> TokenClaimsRequest:
    return TokenClaimsRequest(
        tenant=tenant,
        issuer=f"https://sso.example/t/{tenant}",
        client_id="cli",
        subject="alice",
        grant_type="client_credentials",
        scope=frozenset({"read"}),
    )


def login_request(tenant: str) -> LoginRequest:
    return LoginRequest(
        tenant=tenant,
        subject="alice",
        client_id="cli",
        address="192.0.2.1",
        amr=("pwd",),
        acr="1",
        connection="",
        new_browser=False,
    )


def mail_message(tenant: str) -> MailMessage:
    return MailMessage(
        tenant=tenant,
        message_id=f"<1@{tenant}.example>",
        purpose="test",
        sender=f"no-reply@{tenant}.example",
        recipient="mira@mail.example",
        subject="Mail arrives",
        text="It does.",
        html="<p>It does.</p>",
    )


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("kind", KINDS)
async def test_pl_01_02_03_04_14_no_hostile_plugin_reaches_another_or_another_tenant(
    hostile: Any,
    installed_plugins: InstalledPlugins,
    isolation: Isolation,
    calls: list[PluginCall],
    kind: str,
    capsys: Any,
) -> None:
    module = hostile(kind)
    plugins, acme, globex = installed_plugins(isolation), uuid4(), uuid4()

    async def claims(tenant: Any, *enabled: str) -> dict[str, Any]:
        name = "acme" if tenant == acme else "globex"
        added = await plugins.token_claims(
            claims_request(name), tenant_id=tenant, enabled=enabled, private_claim_prefix="extra"
        )
        return dict(added.claims)

    assert await claims(acme, "good", "hostile") == {"good_tier": "acme"}
    with pytest.raises(PluginFailed) as refused:
        await plugins.login_policy(
            login_request("acme"), tenant_id=acme, enabled=("good", "hostile")
        )
    assert SECRET not in str(refused.value)
    expected = Outcome.RAISED
    if kind in TOO_SLOW | WRONG:
        expected = Outcome.TOO_SLOW if kind in TOO_SLOW else Outcome.WRONG_RESULT
    failed = [each for each in calls if each.target.plugin == "hostile"]
    assert [each.outcome for each in failed] == [expected] * 2
    assert all(each.target.tenant_id == acme for each in failed)
    assert module.CALLS == ["acme", "acme"], "called once each, and none of its own methods ran"

    before = len(calls)
    assert await claims(globex, "good") == {"good_tier": "globex"}
    told = await plugins.login_policy(login_request("globex"), tenant_id=globex, enabled=("good",))
    assert told is None
    assert [each.target.plugin for each in calls[before:]] == ["good"] * 2
    assert module.CALLS == ["acme", "acme"], "not called for a tenant that has not enabled it"

    for _ in range(8):
        assert await claims(acme, "good", "hostile") == {"good_tier": "acme"}
    hostile_calls = [each for each in calls if each.target.plugin == "hostile"]
    suspended = [each for each in hostile_calls if each.outcome is Outcome.SUSPENDED]
    assert len(suspended) == 4, "left alone after five failures in a row"
    assert module.CALLS == ["acme"] * 6
    with pytest.raises(PluginFailed) as again:
        await plugins.login_policy(login_request("acme"), tenant_id=acme, enabled=("hostile",))
    assert again.value.outcome is expected, "another hook of it is asked still"
    assert SECRET not in "".join(capsys.readouterr())


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("kind", KINDS)
async def test_no_hostile_plugin_tells_of_mail_or_of_its_page_or_holds_up_another_tenants_mail(
    hostile: Any,
    installed_beside: Callable[[Isolation], tuple[MailPlugins, ConsolePages]],
    isolation: Isolation,
    kind: str,
    capsys: Any,
) -> None:
    module = hostile(kind)
    (plugins, pages), acme, globex = installed_beside(isolation), uuid4(), uuid4()
    with pytest.raises(PluginFailed) as failed:
        await plugins.send(mail_message("acme"), plugin="hostile", tenant_id=acme)
    assert (failed.value.outcome is Outcome.TOO_SLOW) == (kind in TOO_SLOW)
    assert (failed.value.outcome is Outcome.WRONG_RESULT) == (kind in WRONG)
    taken = await plugins.send(mail_message("globex"), plugin="good", tenant_id=globex)
    assert taken.reference == "globex"
    assert module.CALLS == ["acme"]
    request = ConsoleRequest(tenant="acme", page="mine", subject="alice", language="en")
    [page] = pages.of(["hostile"])
    with pytest.raises(PluginFailed) as not_shown:
        await pages.parts(page, request, tenant_id=acme)
    assert not_shown.value.outcome is failed.value.outcome
    assert module.CALLS == ["acme"] * 2, "none of its own methods ran"
    told = f"{failed.value} {not_shown.value}"
    assert SECRET not in told + "".join(capsys.readouterr())


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("kind", KINDS)
async def test_no_hostile_plugin_that_is_told_what_happened_is_taken_to_know_it(
    hostile: Any,
    installed_plugins: InstalledPlugins,
    isolation: Isolation,
    kind: str,
    capsys: Any,
) -> None:
    module = hostile(kind)
    plugins, acme, globex = installed_plugins(isolation), uuid4(), uuid4()
    with pytest.raises(PluginFailed) as failed:
        await plugins.tell("hostile", events("acme", 3), tenant_id=acme)
    assert (failed.value.outcome is Outcome.TOO_SLOW) == (kind in TOO_SLOW)
    assert (failed.value.outcome is Outcome.WRONG_RESULT) == (kind in WRONG)
    await plugins.tell("good", events("globex", 3), tenant_id=globex)
    assert module.CALLS == ["acme"]
    assert SECRET not in str(failed.value) + "".join(capsys.readouterr())


@pytest.mark.parametrize("kind", ["blocks_its_thread"])
@pytest.mark.usefixtures("short")
async def test_what_hangs_is_bounded_and_holds_up_no_other_tenant_of_the_same_plugin(
    hostile: Any, installed_plugins: InstalledPlugins, tenant_id: Any, kind: str
) -> None:
    """Eight threads of one tenant hang; the ninth call of it starts none, and others are called."""
    module = hostile(kind)
    plugins = installed_plugins(Isolation())
    before = threading.active_count()

    async def ask(tenant: Any, name: str) -> None:
        await plugins.token_claims(
            claims_request(name),
            tenant_id=tenant,
            enabled=("hostile",),
            private_claim_prefix="extra",
        )

    await asyncio.gather(*(ask(tenant_id, "acme") for _ in range(12)))
    assert module.CALLS == ["acme"] * 8
    assert threading.active_count() - before <= 8
    await ask(uuid4(), "globex")
    assert module.CALLS[-1] == "globex"


def texts_within(thing: object, seen: set[int]) -> Iterator[str]:
    """Every text that can be reached from a thing by its attributes and items."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, (str, bytes)):
        yield thing if isinstance(thing, str) else thing.decode("latin-1")
        return
    names = [*getattr(thing, "__dict__", ()), *getattr(type(thing), "__slots__", ())]
    inside = [getattr(thing, name, None) for name in names]
    if isinstance(thing, dict):
        inside += [*thing.keys(), *thing.values()]
    if isinstance(thing, (list, tuple, set, frozenset)):
        inside += thing
    for each in inside:
        if not isinstance(each, (type, ModuleType)):
            yield from texts_within(each, seen)


def test_pl_05_what_a_hook_is_given_leads_to_no_more_than_it_says() -> None:
    """No request, session, database or key is behind it, however deep one looks."""
    for given in (claims_request("acme"), login_request("acme"), events("acme", 1)[0]):
        said = set(texts_within(given, set()))
        fields = [getattr(given, name) for name in type(given).__slots__]
        plain = {each for each in fields if isinstance(each, str)}
        assert said - plain <= {"read", "pwd", "username", "bea"}, said
