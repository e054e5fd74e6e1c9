"""Claims that plugins add to access tokens, and what becomes of those that misbehave."""

import asyncio
import sys
import time
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from authgate.plugin_api import RESERVED_CLAIMS
from authgate.plugin_manager import Outcome, PluginCall


def plugin(body: str, *, kind: str = "def") -> str:
    return f"""
import asyncio, math, os, sys, time
from authgate.plugin_api import hookimpl

plugin_api_version = "1.0"

@hookimpl
{kind} token_claims(request):
    {body}
"""


SETTINGS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Config:
    pass

@hookimpl
def register_config():
    return Config
"""

soon = pytest.mark.parametrize("claims_budget", [1.0], indirect=True, ids=[""])

GOOD = plugin('return {"good_plan": "gold"}')

HOSTILE = {
    "raises": "raise RuntimeError('client_secret=hunter2')",
    "leaves the process": "sys.exit(1)",
    "interrupts": "raise KeyboardInterrupt",
    "says stop": "raise StopIteration",
    "cancels itself": "raise asyncio.CancelledError",
    "returns nothing": "return None",
    "returns a list": "return ['a']",
    "returns bytes": "return {'bad_a': b'1'}",
    "returns a number as name": "return {1: 2}",
    "returns NaN": "return {'bad_a': math.nan}",
    "returns infinity": "return {'bad_a': {'b': [math.inf]}}",
    "returns a number that readers round": "return {'bad_a': 2**60}",
    "returns a lone surrogate": "return {'bad_a': chr(0xD800)}",
    "returns 50 MB": "return {'bad_a': 'x' * 50_000_000}",
    "returns a million values": "return {'bad_a': [0] * 1_000_000}",
    "returns many names": "return {f'bad_{i}': i for i in range(17)}",
    "returns a cycle": "a = {}; a['bad_a'] = a; return a",
    "returns a deep nest": "a = []\n    for i in range(100): a = [a]\n    return {'bad_a': a}",
    "returns a dict of its own kind": (
        "return type('D', (dict,), {'items': lambda self: sys.exit(1)})(bad_a=1)"
    ),
    "returns a dict that is measured by its own code": (
        "return type('D', (dict,), {'__len__': lambda self: sys.exit(1)})(bad_a=1)"
    ),
    "returns a text of its own kind": "return {'bad_a': type('S', (str,), {})('x')}",
    "returns what must be awaited": "return type('A', (), {'__await__': iter})()",
}


async def test_a_plugin_adds_claims_under_its_own_name(install: Any, claims_of: Any) -> None:
    install("good", GOOD)
    assert await claims_of("good") == {"good_plan": "gold"}


async def test_a_coroutine_function_is_a_hook_too(install: Any, claims_of: Any) -> None:
    body = 'await asyncio.sleep(0); return {"good_client": request.client_id}'
    install("good", plugin(body, kind="async def"))
    assert await claims_of("good") == {"good_client": "cli"}


async def test_a_hook_takes_only_the_arguments_it_names(install: Any, claims_of: Any) -> None:
    install("good", GOOD.replace("token_claims(request)", "token_claims()"))
    assert await claims_of("good") == {"good_plan": "gold"}


async def test_pl_10_a_plugin_that_a_tenant_has_not_enabled_is_not_called(
    install: Any, claims_of: Any, calls: list[PluginCall]
) -> None:
    install("good", GOOD)
    assert await claims_of("github", tenant_id=uuid4()) == {}
    assert not calls


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize("fault", HOSTILE)
async def test_pl_03_a_plugin_that_throws_or_returns_nonsense_harms_no_other(
    install: Any, claims_of: Any, calls: list[PluginCall], fault: str, kind: str
) -> None:
    install("bad", plugin(HOSTILE[fault], kind=kind))
    install("good", GOOD)
    assert await claims_of("bad", "good") == {"good_plan": "gold"}
    assert [call.target.plugin for call in calls] == ["bad", "good"]
    assert calls[0].outcome in (Outcome.RAISED, Outcome.WRONG_RESULT)


@soon
@pytest.mark.parametrize(
    ("kind", "sleep"),
    [
        ("def", "time.sleep(60)"),
        ("async def", "await asyncio.sleep(60)"),
        (
            "async def",
            "try: await asyncio.sleep(60)\n    except asyncio.CancelledError: "
            "await asyncio.sleep(5)",
        ),
    ],
    ids=["in a thread", "on the loop", "on the loop, and will not be cancelled"],
)
async def test_pl_01_a_plugin_that_sleeps_is_left_behind_after_its_budget(
    install: Any, claims_of: Any, calls: list[PluginCall], kind: str, sleep: str
) -> None:
    install("bad", plugin(f"{sleep}\n    return {{}}", kind=kind))
    install("good", GOOD)
    started = time.monotonic()
    assert await claims_of("bad", "good") == {"good_plan": "gold"}
    assert time.monotonic() - started < 4
    assert [call.outcome for call in calls] == [Outcome.TOO_SLOW, Outcome.DONE]


async def test_pl_14_a_blocking_hook_does_not_hold_up_the_loop(
    install: Any, claims_of: Any
) -> None:
    body = "began.set(); return {'slow_a': went_on.wait(20)}"
    events = "from threading import Event\n\nbegan, went_on = Event(), Event()\n\n@hookimpl"
    install("slow", plugin(body).replace("@hookimpl", events))
    asked = asyncio.create_task(claims_of("slow"))
    await asyncio.sleep(0)  # by now the plugin is loaded
    slow: Any = sys.modules["site_slow_plugin"]
    assert await asyncio.to_thread(slow.began.wait, 20)
    slow.went_on.set()
    assert await asked == {"slow_a": True}


@soon
async def test_calls_that_hang_are_bounded_and_leave_other_tenants_alone(
    install: Any, claims_of: Any
) -> None:
    """Forty requests at once meet a plugin that hangs for their tenant alone."""
    source = """
        import threading
        from authgate.plugin_api import hookimpl

        plugin_api_version = "1.0"
        hangs = iter([True] * 40)
        hanging, release = [], threading.Event()

        @hookimpl
        def token_claims(request):
            if next(hangs, False):
                hanging.append(1)
                release.wait(20)
            return {"bad_hanging": len(hanging)}
    """
    install("bad", source)
    hung = uuid4()
    said = await asyncio.gather(*(claims_of("bad", tenant_id=hung) for _ in range(40)))
    assert said == [{}] * 40
    bad: Any = sys.modules["site_bad_plugin"]
    bad.hangs = iter(())
    assert await claims_of("bad", tenant_id=uuid4()) == {"bad_hanging": 8}
    bad.release.set()


async def test_a_plugin_that_keeps_failing_is_left_alone_for_its_tenant(
    install: Any, claims_of: Any, calls: list[PluginCall], watch: Any
) -> None:
    install("bad", plugin("raise RuntimeError"))
    for _ in range(7):
        await claims_of("bad")
    await claims_of("bad", tenant_id=uuid4())
    outcomes = [call.outcome for call in calls]
    assert outcomes == [Outcome.RAISED] * 5 + [Outcome.SUSPENDED] * 2 + [Outcome.RAISED]
    watch.seconds += 20
    await claims_of("bad")
    watch.seconds += 10
    await asyncio.gather(claims_of("bad"), claims_of("bad"))
    await claims_of("bad")
    assert [call.outcome for call in calls][-4:].count(Outcome.RAISED) == 1


async def test_settings_that_are_fit_forgive_a_hook_nothing(
    install: Any, claims_of: Any, calls: list[PluginCall]
) -> None:
    install("bad", plugin("raise RuntimeError") + SETTINGS)
    for _ in range(6):
        await claims_of("bad")
    ended = [Outcome.DONE, Outcome.RAISED] * 5 + [Outcome.DONE, Outcome.SUSPENDED]
    assert [call.outcome for call in calls] == ended


async def test_a_plugin_that_recovers_is_called_again(
    install: Any, claims_of: Any, calls: list[PluginCall], watch: Any
) -> None:
    body = "next(well, True) or 1 / 0; return {'bad_a': 1}"
    install("bad", plugin(body).replace("@hookimpl", "well = iter([False] * 5)\n\n@hookimpl"))
    for _ in range(6):
        await claims_of("bad")
    assert calls[-1].outcome is Outcome.SUSPENDED
    watch.seconds += 30
    await claims_of("bad")
    await claims_of("bad")
    assert [call.outcome for call in calls][-2:] == [Outcome.DONE, Outcome.DONE]


@pytest.mark.parametrize(
    "name",
    [
        *("iss", "sub", "aud", "exp", "client_id", "scope", "cnf", "tenant", "azp", "typ"),
        *("plan", "good-plan", "goodplan", "other_plan", "GOOD_plan", "good_\x1b[31mplan"),
        "good_" + "x" * 80,
    ],
)
async def test_jw_21_pl_07_only_names_under_the_plugins_own_prefix_are_kept(
    install: Any, claims_of: Any, name: str
) -> None:
    install("good", plugin(f"return {{{name!r}: 'bob', 'good_plan': 1}}"))
    assert await claims_of("good") == {"good_plan": 1}


async def test_jw_22_a_name_that_only_looks_like_one_is_dropped(
    install: Any, claims_of: Any
) -> None:
    twins = [
        *("\uff53ub", "\u0455ub", "sub\0", "sub\u200b", "sub\n", "good_\uff50lan", "good_plan\0"),
        *("good_pl\u0430n", "good_plan\u200b", "good_plan\n", "\uff47ood_plan", "g\u043eod_plan"),
        *("good\uff3fplan", "good_pla\u0301n", "good_plan "),
    ]
    install("good", plugin(f"return {{**{dict.fromkeys(twins, 'bob')!r}, 'good_plan': 1}}"))
    assert await claims_of("good") == {"good_plan": 1}


@pytest.mark.parametrize("name", sorted(name for name in RESERVED_CLAIMS if "_" in name))
async def test_jw_21_a_plugin_named_like_the_beginning_of_a_reserved_claim_gains_nothing(
    install: Any, claims_of: Any, name: str
) -> None:
    prefix = name.partition("_")[0]
    install(prefix, plugin(f"return {{{name!r}: 'bob', '{prefix}_zz': 1}}"))
    assert await claims_of(prefix, prefix="corp") == {f"{prefix}_zz": 1}


async def test_jw_21_a_plugin_named_like_the_tenants_private_prefix_says_nothing(
    install: Any, claims_of: Any
) -> None:
    install("corp", plugin("return {'corp_service_account': 'root'}"))
    assert await claims_of("corp", prefix="corp") == {}


async def test_pl_12_plugins_speak_in_the_order_of_their_names(
    install: Any, claims_of: Any, calls: list[PluginCall]
) -> None:
    for name in ("zeta", "alpha", "mid"):
        marked = plugin(f"return {{'{name}_a': 1}}").replace(
            "@hookimpl",
            "@hookimpl(tryfirst=True)" if name == "alpha" else "@hookimpl(trylast=True)",
        )
        install(name, marked)
    await claims_of("zeta", "mid", "alpha")
    assert [call.target.plugin for call in calls] == ["alpha", "mid", "zeta"]


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_a_plugin_sees_nothing_of_the_context_it_is_called_in(
    install: Any, claims_of: Any, kind: str
) -> None:
    """In its own context there is no tenant, so nothing of ours that asks for one answers."""
    body = "from contextvars import copy_context; return {'nosy_seen': [*map(str, copy_context())]}"
    install("nosy", plugin(body, kind=kind))
    seen = (await claims_of("nosy"))["nosy_seen"]
    assert all("authgate_plugin_works_for" in each for each in seen), seen


async def test_pl_13_a_failure_is_logged_with_its_place_and_without_its_text(
    install: Any, claims_of: Any
) -> None:
    install("bad", plugin("raise RuntimeError('client_secret=hunter2 \\x1b[31m')"))
    with capture_logs() as logs:
        await claims_of("bad")
    [line] = [each for each in logs if each["event"] == "plugin failed"]
    assert line["fault"].startswith("RuntimeError at site_bad_plugin.py:")
    assert "hunter2" not in str(logs)
