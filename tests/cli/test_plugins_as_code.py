"""What is set for plugins, in a tenant's file: ``authgate tenant plan``, ``apply`` and ``pull``."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from authgate.cli.exit_codes import ExitCode
from authgate_testing.command import Bring, Cli, Ended

LETTERS = """
    from dataclasses import dataclass
    from typing import Annotated

    from authgate.plugin_api import Secret, Setting, hookimpl

    plugin_api_version = "1.2"

    @dataclass(frozen=True)
    class Config:
        host: Annotated[str, Setting("Where it is.", place=True)]
        key: Annotated[Secret, Setting("Its key.")]
        copies: Annotated[int, Setting("How many.")] = 1
        names: Annotated[tuple[str, ...], Setting("Which.")] = ()

    @hookimpl
    def register_config():
        return Config
"""
ENABLED = "settings: {enabled_plugins: [letters]}\n"
SAID = """\
plugins:
  letters:
    host: letters.example
    key: {env: LETTERS_KEY}
    names: [a, b]
"""
KEY = "a-key-that-no-file-holds"


@pytest.fixture(autouse=True)
def _installed(bring: Bring, monkeypatch: pytest.MonkeyPatch) -> None:
    bring("letters", LETTERS)
    monkeypatch.setenv("LETTERS_KEY", KEY)


def ended(cli: Cli, verb: str, text: str, *more: str) -> Ended:
    Path("acme.yaml").write_text(text, encoding="utf-8")
    return cli("tenant", verb, "acme.yaml", "-t", "acme", *more)


def kept(cli: Cli) -> dict[str, Any]:
    found: dict[str, Any] = cli("plugin-settings", "show", "letters", "-t", "acme", "--json").data
    return found


def test_what_is_set_for_a_plugin_becomes_what_the_file_says_and_twice_is_once(
    lite_cli: Cli,
) -> None:
    planned = ended(lite_cli, "plan", ENABLED + SAID, "--exit-code")
    assert planned.code == 2, planned.err
    assert "+ plugins letters" in planned.out
    applied = ended(lite_cli, "apply", ENABLED + SAID, "--yes")
    assert applied.code == 0, applied.err
    assert KEY not in planned.out + applied.out + applied.err
    now = kept(lite_cli)
    assert (now["settings"]["names"], now["secrets"]) == (["a", "b"], ["key"])
    for again in ("plan", "apply"):
        more = ["--exit-code"] if again == "plan" else ["--yes"]
        assert ended(lite_cli, again, ENABLED + SAID, *more).code == 0

    assert lite_cli("tenant", "pull", "pulled.yaml", "-t", "acme").code == 0
    pulled = Path("pulled.yaml").read_text()
    assert "letters:" in pulled
    assert "env: LETTERS_KEY" in pulled
    assert "copies" not in pulled, "it is as it is where nobody sets it"
    assert KEY not in pulled
    assert ended(lite_cli, "plan", pulled, "--exit-code").code == 0

    set_by_hand = lite_cli("plugin-settings", "set", "letters", "-t", "acme", "--set", "copies=3")
    assert set_by_hand.code == 0, set_by_hand.err
    drifted = ended(lite_cli, "plan", SAID, "--json", "--exit-code")
    assert drifted.code == 2
    [change] = drifted.data["changes"]
    assert change["differences"] == [{"member": "copies", "before": 3, "after": 1}]
    assert ended(lite_cli, "apply", SAID.replace("letters.example", "b.example"), "--yes").code == 0
    now = kept(lite_cli)["settings"]
    assert (now["copies"], now["host"]) == (1, "b.example"), "the place changed with its secret"


def test_what_the_file_does_not_name_stays_unless_it_is_managed(lite_cli: Cli) -> None:
    assert ended(lite_cli, "apply", ENABLED + SAID, "--yes").code == 0
    without_key = SAID.replace("    key: {env: LETTERS_KEY}\n", "")
    assert ended(lite_cli, "plan", without_key, "--exit-code").code == 0, "a secret stays"
    for text, code in (("plugins: {}", 0), ("manage: [plugins]\nplugins: {}", 2)):
        assert ended(lite_cli, "plan", text, "--exit-code").code == code
    assert ended(lite_cli, "apply", "manage: [plugins]\nplugins: {}", "--yes").code == 0
    assert kept(lite_cli)["updated_at"] is None


WRONG = (
    ("{letters: {host: a.example, key: in-clear}}", "plugins.letters.key: {env: NAME}"),
    ("{letters: {host: {env: LETTERS_KEY}}}", "plugins.letters.host: {env: NAME}"),
    ("{letters: {hots: a.example}}", "plugins.letters.hots: The plugin has no such setting"),
    ("{networks: {networks: []}}", "plugins.networks: No plugin of this name runs"),
    ("{letters: {host: a.example, key: {env: NO_SUCH_NAME}}}", "plugins.letters.key: The env"),
    (
        "{letters: {host: a.example, key: {env: LETTERS_KEY}, copies: many}}",
        "plugins.letters.copies: must be a whole number",
    ),
    ("{letters: {key: {env: LETTERS_KEY}}}", "plugins.letters.host: is missing"),
)


def test_what_cannot_be_set_is_refused_with_its_line(lite_cli: Cli) -> None:
    assert lite_cli("tenant", "set", "acme", "enabled_plugins=letters").code == 0
    for said, place in WRONG:
        refused = ended(lite_cli, "apply", f"plugins: {said}", "--yes")
        assert refused.code == 1
        assert f"acme.yaml:1: {place}" in refused.err
        assert "in-clear" not in refused.err
    assert kept(lite_cli)["updated_at"] is None


def test_a_secret_in_clear_is_neither_sent_nor_shown_where_the_file_enables_the_plugin(
    lite_cli: Cli,
) -> None:
    said = ENABLED + SAID.replace("{env: LETTERS_KEY}", "in-clear")
    planned = ended(lite_cli, "plan", said, "--exit-code")
    assert planned.code == 2
    as_json = ended(lite_cli, "plan", said, "--json")
    told = ended(lite_cli, "apply", said, "--yes", "--json")
    for each in (planned, as_json, told):
        assert "in-clear" not in each.out + each.err
    assert told.code == 1
    assert "acme.yaml:5: plugins.letters.key: {env: NAME} is said of a secret" in told.err
    nothing = lite_cli("plugin-settings", "show", "letters", "-t", "acme")
    assert nothing.code == ExitCode.NOT_FOUND


def test_a_file_switches_a_plugin_off_with_all_that_is_set_for_it(lite_cli: Cli) -> None:
    assert ended(lite_cli, "apply", ENABLED + SAID, "--yes").code == 0
    off = "settings: {enabled_plugins: []}\n"
    refused = ended(lite_cli, "plan", off + SAID)
    assert refused.code == 1
    assert "plugins.letters: No plugin of this name runs for the tenant" in refused.err
    said = f"manage: [plugins]\n{off}plugins: {{}}\n"
    applied = ended(lite_cli, "apply", said, "--yes")
    assert applied.code == 0, applied.err
    assert ended(lite_cli, "plan", said, "--exit-code").code == 0
    assert lite_cli("tenant", "set", "acme", "enabled_plugins=letters").code == 0
    assert kept(lite_cli)["updated_at"] is None


def test_editors_know_the_shape(lite_cli: Cli) -> None:
    schema = jsonschema_rs.validator_for(json.loads(lite_cli("tenant", "schema").out))
    said = {"host": "a.example", "key": {"env": "A"}, "copies": 2, "on": True, "names": ["a"]}
    assert schema.is_valid({"plugins": {"letters": said}})
    assert not schema.is_valid({"plugins": {"letters": {"key": {"vault": "A"}}}})
