"""What ``docs/plugin-hooks.md`` promises to those who write plugins."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from authgate.cli.plugin import scaffold
from authgate.plugin_api import (
    API_VERSION,
    ProviderAnswer,
    ProviderUnavailable,
    SignInRefused,
    hookspecs,
)
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager import (
    GuardedHttp,
    Isolation,
    LoginConnectors,
    OpenConnection,
    PluginFailed,
    load,
)
from authgate.plugin_manager.containment import Fault
from authgate.pretend.host import Answer
from authgate.testing.connector_subject import new_attempt
from authgate.testing.fake_http import FakeHttp

PAGE = (Path(__file__).parents[2] / "docs/plugin-hooks.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
HOOKS = [
    hookspecs.register_login_connectors,
    hookspecs.register_password_connectors,
    hookspecs.token_claims,
    hookspecs.audit_events,
    hookspecs.wrap_key,
]


def section(hook: str) -> str:
    found = re.search(rf"^## `{hook}\(.*?(?=^## |\Z)", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert found
    return " ".join(found[0].split())


@pytest.mark.parametrize("hook", HOOKS)
def test_the_page_states_each_hooks_rules(hook: Any) -> None:
    rules = rules_of(hook)
    assert f"Budget {rules.budget:g} s; on failure *{rules.on_failure}*" in section(hook.__name__)


def test_the_page_states_the_version_that_the_server_speaks() -> None:
    assert f"speaks `{API_VERSION}`" in " ".join(PAGE.split())


async def test_the_first_example_works_as_it_is_printed(install: Any, claims_of: Any) -> None:
    install("plans", EXAMPLES[0])
    assert await claims_of("plans") == {"plans_tier": "gold"}


def test_the_connector_of_the_page_is_let_in(install: Any, isolation: Isolation) -> None:
    install("team", EXAMPLES[1])
    connectors = LoginConnectors(load(), isolation=isolation, http=GuardedHttp())
    team = connectors.types["team"]
    assert [field.name for field in team.fields if field.secret] == ["client_secret"]
    team.check_config({"client_id": "a", "client_secret": "b"})
    assert [field.name for field in team.fields if field.place] == ["host"]


async def test_the_connector_of_the_page_believes_its_own_provider_alone(
    install: Any, isolation: Isolation
) -> None:
    install("team", EXAMPLES[1])
    http = FakeHttp()
    connectors = LoginConnectors(load(), isolation=isolation, http=http)
    team = OpenConnection(
        tenant_id=uuid4(),
        name="team",
        connector=connectors.types["team"],
        config={"client_id": "a", "client_secret": "b"},
    )
    answers = iter((b'{"id": 7}', b"{}"))
    http.serve("team.example", lambda _: Answer(body=next(answers)))
    other = ProviderAnswer(code="c", issuer="https://evil.example")
    with pytest.raises(SignInRefused):
        await connectors.identify(team, new_attempt(), other)
    assert not http.asked
    own = ProviderAnswer(code="c", issuer="https://team.example")
    assert (await connectors.identify(team, new_attempt(), own)).subject == "7"
    with pytest.raises(PluginFailed) as failed:
        await connectors.identify(team, new_attempt(), own)
    assert isinstance(failed.value.__cause__, Fault)
    assert isinstance(failed.value.__cause__.__cause__, ProviderUnavailable)


def test_the_examples_and_new_plugins_are_typed_as_strictly_as_the_server(tmp_path: Path) -> None:
    for number, example in enumerate(EXAMPLES):
        (tmp_path / f"example_{number}.py").write_text(example)
    for kind in scaffold.Kind:
        scaffold.write(kind, f"new-{kind}", tmp_path / kind, taken=())
    words = ["--strict", "--exclude", "/tests/", "--cache-dir", str(tmp_path / "cache")]
    outcome = subprocess.run(
        [sys.executable, "-m", "mypy", *words, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert outcome.returncode == 0, outcome.stdout


def test_the_plugin_api_is_importable_without_the_server() -> None:
    """Who writes or tests a plugin waits for no framework and no database."""
    program = (
        "import sys, authgate.plugin_api;"
        "ours = {name for name in sys.modules if name.startswith('authgate')};"
        "print(sorted(ours - {'authgate'} - {n for n in ours if '.plugin_api' in n}));"
        "print(sorted({'quart', 'tortoise', 'httpcore2', 'structlog'} & set(sys.modules)))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert outcome.stdout == "[]\n[]\n"
