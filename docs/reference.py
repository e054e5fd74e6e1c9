"""Writes what the code says into the reference pages: ``python docs/reference.py``.

The settings go into the schema of the Helm chart's values as well.

A page holds blocks between ``<!-- reference:name -->`` and ``<!-- /reference:name -->``. Only what
is between them is made here; the tests hold every block to the code.
"""

import ast
import enum
import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from pkgutil import iter_modules
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer
from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from typer.core import TyperArgument
from typer.main import get_command

from authgate import audit, diagnosis, permissions, plugin_api, secret_files
from authgate.admin import problems
from authgate.admin.catalogue import OPERATIONS
from authgate.admin.places import EXAMPLE_ISSUER
from authgate.audit import Event
from authgate.cli import doctor, openapi
from authgate.cli.command_line import COMMANDS
from authgate.cli.exit_codes import ExitCode
from authgate.cli.failures import Failure
from authgate.cli.nouns import EXAMPLE, unfolded
from authgate.diagnosis.misconfiguration import Area, Misconfiguration
from authgate.oauth import errors
from authgate.oauth.errors import OAuthError
from authgate.permissions import Access
from authgate.plugin_api import hookspecs
from authgate.settings import Settings
from authgate.telemetry import metrics
from authgate.telemetry.tracing import Attribute
from authgate.tokens.admin_scopes import MEANINGS
from authgate_tenants.settings import TenantSettings

DOCS = Path(__file__).parent
OPENAPI = DOCS / "openapi.json"

_BLOCK = re.compile(
    r"(?P<begin><!-- reference:(?P<name>[a-z-]+) -->\n).*?(?P<end><!-- /reference:(?P=name) -->)",
    re.DOTALL,
)


# --- Settings ------------------------------------------------------------------------------------


def process_settings() -> str:
    """Each setting of the process, by section."""
    own, sections = [], []
    said = _field_docstrings(Settings)
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            sections.append((name, kind))
        else:
            own.append(_process_setting(name, field, said[name]))
    parts = ["## General\n", *own]
    for name, kind in sections:
        parts.append(f"## {name}\n\n{_text(kind.__doc__)}\n")
        said = _field_docstrings(kind)
        parts += [
            _process_setting(f"{name}.{each}", it, said[each])
            for each, it in kind.model_fields.items()
        ]
    return "\n".join(parts)


def _process_setting(name: str, field: FieldInfo, meaning: str) -> str:
    variable = f"AUTHGATE_{name.upper().replace('.', '__')}"
    files = f" or `{variable}_FILE`" if name in secret_files.names(Settings) else ""
    kind = _kind(field.annotation) + _bounds(field.metadata)
    return _setting(name, f"`{variable}`{files} · {kind}", field.default, meaning)


def tenant_settings() -> str:
    """Each setting that a tenant has."""
    hints = get_type_hints(TenantSettings, include_extras=True)
    said = _field_docstrings(TenantSettings)
    parts = []
    for field in fields(TenantSettings):
        made = field.default_factory
        default = field.default if made is MISSING else made()
        annotation = FieldInfo.from_annotation(hints[field.name])
        kind = _kind(annotation.annotation) + _bounds(annotation.metadata)
        parts.append(_setting(field.name, kind, default, said[field.name]))
    return "\n".join(parts)


def _setting(name: str, kind: str, default: object, meaning: str) -> str:
    return f"### {name}\n\n{kind} · {_default(default)}\n\n{_text(meaning)}\n"


def _field_docstrings(kind: type) -> dict[str, str]:
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101  # it was asked for as a class
    return {
        field.target.id: inspect.cleandoc(str(text.value.value))
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


_KINDS: dict[object, str] = {
    str: "text",
    SecretStr: "secret",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    Path: "path",
}


def _kind(annotation: object) -> str:
    if annotation in _KINDS:
        return _KINDS[annotation]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in inner)
    if origin is UnionType:
        return " or ".join(_kind(each) for each in inner if each is not NoneType)
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    return "names with values"


def _bounds(metadata: Sequence[object]) -> str:
    said = []
    for bound in metadata:
        match bound:
            case Ge(ge=least):
                said.append(f"at least {least}")
            case Gt(gt=least):
                said.append(f"above {least}")
            case Le(le=most):
                said.append(f"at most {most}")
    return f", {', '.join(said)}" if said else ""


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        value = str(value).lower()
    if value is None or value == "":
        return "not set by default"
    if not value and not isinstance(value, int):
        return "empty by default"
    return f"default `{value}`"


# --- Helm ----------------------------------------------------------------------------------------

CHART_SCHEMA = DOCS.parent / "helm/values.schema.json"

_OF_THE_CHART = {
    "server.certificate_file", "server.certificate_key_file", "keys.kek_file", "jobs.heartbeat_file"
}  # fmt: skip
"""What the chart itself decides for its pods."""


def chart_schema(page: str) -> str:
    """The schema of the chart's values, with each setting that is no secret as the code has it."""
    schema = json.loads(page)
    schema["properties"]["settings"] = _schema_of(Settings)
    return f"{json.dumps(schema, indent=2)}\n"


def _schema_of(section: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    types, said = section.model_json_schema()["properties"], _field_docstrings(section)
    properties: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            inner = _schema_of(kind, f"{prefix}{name}.")
            if inner["properties"]:
                properties[name] = inner
        elif not _is_left_out(f"{prefix}{name}"):
            properties[name] = {"description": _text(said[name])} | _without_names(types[name])
    return {
        "description": _text(section.__doc__),
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _is_left_out(name: str) -> bool:
    return name in _OF_THE_CHART or name in {*secret_files.names(Settings), "keys.kek"}


def _without_names(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "default")}


# --- Commands ------------------------------------------------------------------------------------


def commands() -> str:
    """Each command with its arguments and options."""
    return "\n".join(_command(path, command) for path, command in every_command())


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command by the words that call it, as Typer describes it."""
    for name, declared in COMMANDS.items():
        module, _, attribute = declared.target.partition(":")
        target: Any = getattr(importlib.import_module(f"authgate.cli.{module}"), attribute)
        if isinstance(target, typer.Typer):
            yield from _below(name, get_command(target))
        else:
            program = typer.Typer(add_completion=False)
            epilog = f"{EXAMPLE}authgate {declared.example}"
            program.command(name, epilog=epilog)(unfolded(target))
            yield name, get_command(program)


def _below(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _command(path: str, command: Any) -> str:
    arguments = [each for each in command.params if isinstance(each, TyperArgument)]
    options = [each for each in command.params if each not in arguments]
    usage = " ".join(["authgate", path, *map(_argument, arguments)])
    rows = [(f"`{_argument(each)}`", each.help or "") for each in arguments]
    rows += [(f"`{_option(each)}`", _said(each)) for each in options]
    table = [_table(("", ""), rows)] if rows else []
    # What follows the usage shows it with real words.
    shown = [f"    {command.epilog.removeprefix(EXAMPLE)}"] if command.epilog else []
    lines = [f"## authgate {path}", "", command.help, "", f"    {usage}", *shown, "", *table]
    return "\n".join(lines)


def _argument(argument: Any) -> str:
    if argument.metavar:
        return str(argument.metavar)
    name = argument.name.upper()
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    names = ", ".join([*sorted(option.opts, key=len), *option.secondary_opts])
    return names if option.is_flag else f"{names} {_value(option)}"


def _value(option: Any) -> str:
    kind = option.type_descriptor.annotation
    if option.metavar:
        return f"<{option.metavar}>"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"<{' or '.join(kind)}>"
    return "<number>" if kind is int else "<text>"


def _said(option: Any) -> str:
    said: str = option.help or ""
    if option.required:
        return f"{said}. Required"
    if option.is_flag or option.default is None or option.default == "":
        return said
    return f"{said}. Default `{option.default}`"


def exit_codes() -> str:
    """What a command's exit status says."""
    failures: list[type[Failure]] = [Failure, *Failure.__subclasses__()]
    ends = {failure.exit_code: _text(failure.__doc__) for failure in failures}
    rows = [(str(int(code)), ends.get(code, "Done.")) for code in ExitCode]
    return _table(("status", ""), rows)


# --- What the doctor finds -----------------------------------------------------------------------


def misconfigurations() -> str:
    """Each misconfiguration, by what it is about."""
    known = every_misconfiguration()
    parts = []
    for area in Area:
        rows = [_misconfiguration(each) for each in known if each.area is area]
        head = ("code", "severity", "what is wrong", "why it matters", "cure")
        parts.append(f"## {area}\n\n{_table(head, rows)}")
    return "\n".join(parts)


def refused() -> str:
    """The codes of what production does not start with."""
    codes = [f"`{each.code}`" for each in every_misconfiguration() if each.refused]
    return f"Refused are {', '.join(sorted(codes))}.\n"


def every_misconfiguration() -> list[Misconfiguration]:
    """Each that a module of the diagnosis or of the doctor declares."""
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for package in (diagnosis, doctor)
        for module in iter_modules(package.__path__)
    ]
    declared = [value for module in modules for value in vars(module).values()]
    return list(
        {each.code: each for each in declared if isinstance(each, Misconfiguration)}.values()
    )


def _misconfiguration(each: Misconfiguration) -> tuple[str, ...]:
    severity = f"{each.severity}, refused" if each.refused else each.severity
    cure = re.sub(r"\{(\w+)\}", lambda name: name[1].upper(), each.cure)
    return f"`{each.code}`", severity, each.wrong, each.why, cure


# --- What is measured, recorded and refused ------------------------------------------------------


def measurements() -> str:
    """Each family of measurements, as ``telemetry.metrics`` declares it."""
    kinds = {
        "Count": "counter",
        "Distribution": "histogram",
        "Level": "gauge",
        "constant": "gauge",
    }
    rows = [
        _measurement(kinds[call.func.id], call)
        for call in ast.walk(ast.parse(inspect.getsource(metrics)))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id in kinds
    ]
    return _table(("name", "kind", "labels", "meaning"), rows)


def _measurement(kind: str, call: ast.Call) -> tuple[str, ...]:
    name, meaning, *labels = [ast.literal_eval(each) for each in call.args]
    labels += [each.arg for each in call.keywords if each.arg not in (None, "buckets", "together")]
    return f"`{name}`", kind, ", ".join(f"`{each}`" for each in labels), meaning


def span_attributes() -> str:
    """Everything that a span may say, as ``telemetry.tracing`` declares it."""
    said = _member_docstrings(Attribute)
    return _table(("attribute", "holds"), [(f"`{each}`", said[each]) for each in Attribute])


def audit_events() -> str:
    """Every event that is written down, as ``audit`` declares it."""
    said = _member_docstrings(Event)
    rows = [
        (f"`{each}`", audit.event(each, actor=audit.SYSTEM).severity, said[each]) for each in Event
    ]
    return _table(("event", "severity", "when"), rows)


def _member_docstrings(kind: type[enum.Enum]) -> dict[str, str]:
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101  # what a class is parsed as
    return {
        ast.literal_eval(field.value): _text(ast.literal_eval(text.value))
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.Assign) and isinstance(text, ast.Expr)
    }


# --- Hooks ---------------------------------------------------------------------------------------


def hooks() -> str:
    """Every hook with its rules, and the values that hooks take and give."""
    rows = [_hook(spec) for spec in vars(hookspecs).values() if hasattr(spec, "authgate_rules")]
    public = [getattr(plugin_api, name) for name in plugin_api.__all__]
    values = [each for each in public if isinstance(each, type) and is_dataclass(each)]
    head = ("hook", "budget", "on failure", "for")
    reserved = ", ".join(f"`{each}`" for each in sorted(plugin_api.RESERVED_CLAIMS))
    return "\n".join(
        [
            _table(head, rows),
            *map(_value_of_hooks, values),
            f"### Reserved claims\n\nOnly the server fills these: {reserved}.\n",
        ]
    )


def _hook(spec: Callable[..., object]) -> tuple[str, ...]:
    rules, arguments = hookspecs.rules_of(spec), inspect.signature(spec).parameters
    name = f"`{spec.__name__}({', '.join(arguments)})`"
    return name, f"{rules.budget:g} s", rules.on_failure, _text(spec.__doc__)


def _value_of_hooks(kind: type) -> str:
    said, declared = _field_docstrings(kind), inspect.get_annotations(kind)
    rows = [
        (f"`{field.name}`", f"`{_shown(declared[field.name])}`",
         _text(said.get(field.name)))
        for field in fields(kind)
        if not field.name.startswith("_")
    ]  # fmt: skip
    table = [_table(("field", "type", "holds"), rows)] if rows else []
    return "\n".join([f"### {kind.__name__}\n\n{_text(kind.__doc__)}\n", *table])


def _shown(annotation: object) -> str:
    return inspect.formatannotation(annotation).replace("collections.abc.", "")


# --- Refusals ------------------------------------------------------------------------------------


def refusals() -> str:
    """Each OAuth error that an endpoint may answer with."""
    rows = [
        (f"`{kind.code}`", str(kind.status), f"`{kind.__name__}`", _text(kind.__doc__))
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, OAuthError) and kind is not OAuthError
    ]
    return _table(("`error`", "status", "class", "meaning"), rows)


# --- The admin API -------------------------------------------------------------------------------


def roles() -> str:
    """How far each role gets in each area."""
    heads = [f"`{role}`" for role in permissions.ROLES]
    rows = [
        (f"`{area}`", *(_far(permissions.access(role, area)) for role in permissions.ROLES))
        for area in permissions.Area
    ]
    return _table(("area", *heads), rows)


def _far(how: Access) -> str:
    return "" if how is Access.NONE else how.name.lower()


def areas() -> str:
    """What there is to administer."""
    said = _member_docstrings(permissions.Area)
    return _table(("area", "holds"), [(f"`{area}`", said[area]) for area in permissions.Area])


def api_scopes() -> str:
    """Each scope of the admin API."""
    return _table(("scope", "lets"), [(f"`{name}`", text) for name, text in MEANINGS.items()])


def api_operations() -> str:
    """Each operation of the admin API, by what it is about."""
    rows = [
        (f"`{each.method} {each.path}`", f"{each.summary}.", f"`{each.scope}`")
        for each in OPERATIONS
    ]
    return _table(("operation", "does", "scope"), rows)


def api_problems() -> str:
    """Each way in which the admin API says no."""
    rows = [(f"`{kind.kind}`", str(kind.status), _text(kind.__doc__)) for kind in problems.every()]
    return _table(("problem", "status", "meaning"), rows)


# --- Pages ---------------------------------------------------------------------------------------

BLOCKS: dict[str, Callable[[], str]] = {
    "settings": process_settings,
    "tenant-settings": tenant_settings,
    "commands": commands,
    "exit-codes": exit_codes,
    "misconfigurations": misconfigurations,
    "refused": refused,
    "metrics": measurements,
    "span-attributes": span_attributes,
    "audit-events": audit_events,
    "hooks": hooks,
    "errors": refusals,
    "roles": roles,
    "areas": areas,
    "api-scopes": api_scopes,
    "api-operations": api_operations,
    "api-problems": api_problems,
}


def written(page: str) -> str:
    """The page with each of its blocks as the code says it."""
    return _BLOCK.sub(
        lambda block: f"{block['begin']}{BLOCKS[block['name']]()}{block['end']}", page
    )


def main() -> int:
    """Write every page and the OpenAPI document anew, and the settings into the chart's schema."""
    for path in sorted(DOCS.glob("*.md")):
        before = path.read_text()
        after = written(before)
        if after != before:
            path.write_text(after)
            sys.stdout.write(f"{path.name}\n")
    CHART_SCHEMA.write_text(chart_schema(CHART_SCHEMA.read_text()))
    OPENAPI.write_text(openapi.written(EXAMPLE_ISSUER))
    return 0


def _text(said: str | None) -> str:
    return inspect.cleandoc(said or "").replace("``", "`").replace("\n", " ")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"{_row(row)}\n" for row in (head, ["---"] * len(head), *rows))


def _row(cells: Sequence[str]) -> str:
    escaped = [each.replace("|", r"\|") for each in cells]
    return f"| {' | '.join(escaped)} |"


if __name__ == "__main__":
    sys.exit(main())
