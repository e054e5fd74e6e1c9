"""What was published to those who write plugins stays as it was: a hook that changes fails here.

``published_hooks.json`` holds every hook and value of this major version of the plugin API. What is
new is added to it by ``python -m authgate_testing.published_hooks``, in the change that adds it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from authgate.plugin_api import API_VERSION
from authgate.plugin_manager import load
from authgate_testing.published_hooks import FILE, described

PAGE = (Path(__file__).parents[2] / "docs/plugin-hooks.md").read_text()
PUBLISHED: dict[str, Any] = json.loads(FILE.read_text())
NOW = described()


@pytest.mark.parametrize("hook", sorted(PUBLISHED["hooks"]))
def test_a_published_hook_is_what_it_was(hook: str) -> None:
    was, now = PUBLISHED["hooks"][hook], NOW["hooks"][hook]
    kept = {name: now["arguments"].get(name) for name in was["arguments"]}
    assert kept == was["arguments"], "arguments are added, and never renamed, changed or removed"
    assert {**now, "arguments": None} == {**was, "arguments": None}


@pytest.mark.parametrize("value", sorted(PUBLISHED["values"]))
def test_a_published_value_has_what_it_had(value: str) -> None:
    was, now = PUBLISHED["values"][value], NOW["values"][value]
    assert {name: now.get(name) for name in was} == was
    added = {name for name in now if name not in was}
    made_by_plugins = {"ExternalIdentity", "Setting", "Deny", "StepUp", "Allow"}
    if value in made_by_plugins:
        assert all(now[name].endswith("= …") for name in added), "old plugins do not give it"


def test_every_published_name_is_still_there() -> None:
    assert set(PUBLISHED["names"]) <= set(NOW["names"])


def test_what_is_new_is_published_with_it() -> None:
    assert NOW == PUBLISHED, "python -m authgate_testing.published_hooks"
    assert PUBLISHED["version"] == API_VERSION


@pytest.mark.parametrize("hook", sorted(NOW["hooks"]))
def test_every_hook_has_a_section_with_its_exact_signature(hook: str) -> None:
    signature = f"## `{hook}({', '.join(NOW['hooks'][hook]['arguments'])})`"
    assert signature in PAGE.splitlines()


def test_a_plugin_that_takes_fewer_arguments_than_there_are_goes_on(install: Any) -> None:
    """What a hook gained later breaks nobody who was written before."""
    for number, taken in enumerate(("", "request", "config", "http, request")):
        install(
            f"older-{number}",
            "from authgate.plugin_api import hookimpl\n"
            'plugin_api_version = "1.0"\n'
            "@hookimpl\n"
            f"def token_claims({taken}):\n"
            "    return {}\n",
        )
    asked = {each.plugin_name for each in load().hook.token_claims.get_hookimpls()}
    assert {f"older-{number}" for number in range(4)} <= asked
