"""A new plugin: a package that works, with tests that pass, to be changed into the one that is
wanted. Its files are templates in ``authgate_templates/plugin``."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from authgate.admin.console.line_templates import line_templates
from authgate.cli.failures import Conflict, Misused
from authgate.plugin_api import API_VERSION

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 40
_LONGEST_ABBREVIATION = 3


class Kind(StrEnum):
    """What a plugin can be begun as."""

    LOGIN_CONNECTOR = "login-connector"
    PASSWORD_CONNECTOR = "password-connector"
    LOGIN_POLICY = "login-policy"
    TOKEN_CLAIMS = "token-claims"
    AUDIT_SINK = "audit-sink"
    MAIL = "mail"
    CONSOLE_PAGE = "console-page"
    COMMANDS = "commands"


_SUMMARIES = {
    Kind.LOGIN_CONNECTOR: "Sign in to AuthGate with {}.",
    Kind.PASSWORD_CONNECTOR: "Sign in to AuthGate with a password of {}.",
    Kind.LOGIN_POLICY: "{}: who may sign in to AuthGate.",
    Kind.TOKEN_CLAIMS: "{} in the access tokens of AuthGate.",
    Kind.AUDIT_SINK: "{} keeps what happens at AuthGate.",
    Kind.MAIL: "{} sends the mail of AuthGate.",
    Kind.CONSOLE_PAGE: "{} in the console of AuthGate.",
    Kind.COMMANDS: "{} on the command line of AuthGate.",
}
_OF_EVERY_KIND = {
    "pyproject.toml": "{kind}/pyproject.toml.jinja",
    "README.md": "{kind}/README.md.jinja",
    ".gitignore": "any/gitignore.jinja",
    "src/{module}/__init__.py": "{kind}/plugin.py.jinja",
    "tests/test_plugin.py": "{kind}/test_plugin.py.jinja",
}
_MORE: Mapping[Kind, Mapping[str, str]] = {
    Kind.LOGIN_CONNECTOR: {"src/{module}/connector.py": "{kind}/connector.py.jinja"},
    Kind.PASSWORD_CONNECTOR: {"src/{module}/connector.py": "{kind}/connector.py.jinja"},
    Kind.COMMANDS: {"src/{module}/commands.py": "{kind}/commands.py.jinja"},
}
"""The path of each file, and the template that it is made from."""


def write(kind: Kind, name: str, into: Path, *, taken: Iterable[str]) -> list[Path]:
    """Write the package, and nothing over what is there; its files.

    ``taken`` are the names of plugins that are installed. Raises ``Misused`` and ``Conflict``.
    """
    module = f"authgate_{name.replace('-', '_')}"
    _check(name, module, taken)
    if into.exists():
        raise Conflict(f"{into} is there already: nothing was written.")
    label = _label(name)
    values = {
        "name": name,
        "module": module,
        "distribution": f"authgate-{name}",
        "label": label,
        "summary": _SUMMARIES[kind].format(label),
        "api_version": API_VERSION,
    }
    templates = line_templates("plugin", keep_trailing_newline=True)
    files = {
        into / path.format(module=module): templates.get_template(source.format(kind=kind))
        for path, source in {**_OF_EVERY_KIND, **_MORE.get(kind, {})}.items()
    }
    for path, template in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.render(values))
    typed = into / "src" / module / "py.typed"
    typed.touch()
    return sorted([*files, typed])


def _check(name: str, module: str, taken: Iterable[str]) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise Misused(
            f"{name!r} is no name of a plugin: lower-case letters and digits, joined by hyphens,"
            f" at most {_LONGEST_NAME}."
        )
    if name in taken or find_spec(module) is not None:
        raise Conflict(f"A plugin {name!r} is installed already: choose another name.")


def _label(name: str) -> str:
    """The name as people may read it: ``acme-sso`` is Acme SSO."""
    words = name.split("-")
    return " ".join(
        word.upper() if len(word) <= _LONGEST_ABBREVIATION else word.capitalize() for word in words
    )
