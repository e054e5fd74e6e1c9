"""From the words of a command line to the function that is meant.

Only the module of the command that is asked for is imported, so that none waits for another's.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from authgate.cli.exit_codes import ExitCode
from authgate.cli.failures import Failure, Misused
from authgate.cli.nouns import EXAMPLE, unfolded
from authgate.cli.output import printable


@dataclass(frozen=True, slots=True)
class _Command:
    target: str
    """``module:attribute`` of a function, or of a ``Typer`` that holds several."""

    summary: str
    example: str = ""
    """Of its use; what holds several has one for each."""


COMMANDS = {
    "demo": _Command("demo.demo:demo", "Start a server with two tenants to try.", "demo"),
    "login": _Command(
        "sign_in.login:login",
        "Sign in to a tenant by the device flow.",
        "login https://auth.example.com/t/acme",
    ),
    "logout": _Command(
        "sign_in.logout:logout", "Sign out: end what the sign-in was given.", "logout"
    ),
    "public-key": _Command(
        "sign_in.public_key:public_key",
        "Show the key that a client of this machine proves itself by.",
        "public-key https://auth.example.com/t/acme",
    ),
    "whoami": _Command(
        "sign_in.whoami:whoami", "Tell who acts, where, and what they may do.", "whoami --json"
    ),
    "api": _Command(
        "doors.api:api",
        "Send one request to the admin API.",
        "api get '/clients?sort=-created_at&limit=5'",
    ),
    "serve": _Command("operation.serve:serve", "Serve requests.", "serve --workers 2"),
    "worker": _Command(
        "operation.jobs:worker",
        "Do the jobs that servers leave to workers.",
        "worker --processes 2",
    ),
    "beat": _Command("operation.jobs:beat", "Send the periodic jobs when they are due.", "beat"),
    "migrate": _Command(
        "operation.migrate:migrate",
        "Bring the database to this version's shape, or back.",
        "migrate",
    ),
    "doctor": _Command(
        "doctor:doctor", "Check the installation, and tell how to mend it.", "doctor --strict"
    ),
    "healthcheck": _Command(
        "operation.healthcheck:healthcheck",
        "Tell whether the server, worker or beat beside it is well.",
        "healthcheck",
    ),
    "tenant": _Command("tenant.tenant:app", "Create, list, change, suspend and delete tenants."),
    "plan": _Command("tenant.plan:app", "Say how much of the installation tenants may use."),
    "operator": _Command(
        "operator.operator:app", "Operate an installation from anywhere: its tenants, its state."
    ),
    "domain": _Command("tenant.domain:app", "Give a tenant hosts of its own."),
    "client": _Command(
        "client.client:app", "Create, list and change clients, renew their secrets."
    ),
    "scope": _Command("tenant.scope:app", "Say in words what a tenant's scopes allow."),
    "address-block": _Command(
        "tenant.address_block:app", "Keep addresses and networks out of a tenant."
    ),
    "mail-server": _Command(
        "tenant.mail_server:app", "Have a tenant's mail sent by a server of its own."
    ),
    "plugin-settings": _Command(
        "tenant.plugin_settings:app", "Set something for the plugins that run for a tenant."
    ),
    "resource-server": _Command(
        "tenant.resource_server:app", "Say for which APIs a tenant's clients may ask tokens."
    ),
    "token": _Command("tenant.token:app", "List a tenant's tokens, and end or pause one."),
    "authorization": _Command(
        "tenant.authorization:app", "List what people have allowed applications, and take it back."
    ),
    "overview": _Command(
        "tenant.overview:overview",
        "Tell what a tenant comes to lately, and what needs attention.",
        "overview --span 30d",
    ),
    "usage": _Command(
        "tenant.usage:app", "Count what a tenant uses, day by day, and state it month by month."
    ),
    "user": _Command("tenant.user:app", "Create, list, disable and enable users, reset passwords."),
    "scim-token": _Command(
        "tenant.scim_token:app", "Let other directories provision a tenant's people (SCIM)."
    ),
    "group": _Command("tenant.group:app", "Say which people belong together, and what as."),
    "operator-access": _Command(
        "tenant.operator_access:app", "Let operators of the installation into a tenant, or not."
    ),
    "connection": _Command(
        "tenant.connection:app", "Set up ways to sign in elsewhere, such as GitHub."
    ),
    "plugin": _Command("plugin.plugin:app", "Write a plugin, test it, and see what is installed."),
    "keys": _Command("tenant.keys:app", "List, rotate, revoke and bring a tenant's signing keys."),
    "webhook": _Command(
        "tenant.webhook:app", "Have what happens sent to a tenant's own addresses."
    ),
    "jobs": _Command(
        "tenant.jobs:app", "See what is done beside the requests, try it again, break it off."
    ),
    "export": _Command(
        "tenant.export:app", "Have everything that a tenant has written into a file."
    ),
    "alert": _Command(
        "tenant.alert:app", "See what deserves a look, look after it, choose what is looked for."
    ),
    "audit": _Command("tenant.audit:app", "Read the audit log, and take it along."),
    "openapi": _Command(
        "openapi:openapi",
        "Write down what the admin API is.",
        "openapi --issuer https://auth.example.com/t/acme",
    ),
    "config": _Command("operation.config:app", "Show the settings."),
    "completion": _Command(
        "completion:completion", "Have a shell complete commands.", "completion bash"
    ),
    "version": _Command("version:version", "Tell which AuthGate this is.", "version"),
}


_SAY_MORE_BY_2 = (("tenant", "plan"),)
"""Commands that tell programs by 2 what they have found: none of them fails with it."""

COMPLETE = "_AUTHGATE_COMPLETE"
"""The variable by which a shell asks how a command line could go on."""


def run(arguments: Sequence[str]) -> int:
    """Do what the words say, and answer the exit code; what is expected to fail says why."""
    if COMPLETE in os.environ:
        from authgate.cli import completion

        return completion.answer(_program)
    words = list(arguments) or ["--help"]
    try:
        return _ended(words)
    except Failure as error:
        code = error.exit_code
        if code is ExitCode.USAGE and tuple(words[:2]) in _SAY_MORE_BY_2:
            code = ExitCode.FAILED
        return _refuse(str(error), code)


def _ended(words: Sequence[str]) -> int:
    """The exit code. Raises ``Failure``."""
    try:
        ended = _program(words)(args=words, prog_name="authgate", standalone_mode=False)
    except typer.TyperException as error:
        raise Misused(f"{error.format_message()}{_where_to_read(error)}") from error
    except Failure:
        raise
    except typer.Abort as error:
        raise Failure("Given up.") from error
    except Exception as error:
        if _may_be_plugins(words[0]):
            from authgate.cli.plugin import commands

            raise commands.failed(words[0], error) from error
        from authgate.cli import expected

        failure = expected.failure_of(error)
        if failure is None:
            raise
        raise failure from error
    return ended if isinstance(ended, int) else ExitCode.OK


def _where_to_read(error: typer.TyperException) -> str:
    context: typer.Context | None = getattr(error, "ctx", None)
    return f" {context.command_path} --help tells more." if context else ""


def _refuse(message: str, code: ExitCode) -> int:
    line = " ".join(message.split())
    sys.stderr.write(f"authgate: {printable(line)}\n")
    return code


def _program(words: Sequence[str]) -> typer.Typer:
    program = typer.Typer(
        help="AuthGate: a multi-tenant OAuth 2.0 and OpenID Connect server.",
        epilog="Plugins bring more, each below its own name: authgate plugin list.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    program.callback()(_nothing_yet)
    for name, command in COMMANDS.items():
        if name == words[0]:
            _add(program, name, command)
        else:
            program.command(name, help=command.summary)(_nothing_yet)
    if _may_be_plugins(words[0]):
        from authgate.cli.plugin import commands

        commands.added(program, words[0])
    return program


def _may_be_plugins(word: str) -> bool:
    return word not in COMMANDS and word[:1].isalpha()


def _add(program: typer.Typer, name: str, command: _Command) -> None:
    module, _, attribute = command.target.partition(":")
    target: Any = getattr(importlib.import_module(f"authgate.cli.{module}"), attribute)
    if isinstance(target, typer.Typer):
        program.add_typer(target, name=name, help=command.summary)
    else:
        epilog = f"{EXAMPLE}authgate {command.example}"
        program.command(name, epilog=epilog)(unfolded(target))


def _nothing_yet() -> None:
    """Stand for a command in the list that help shows."""
