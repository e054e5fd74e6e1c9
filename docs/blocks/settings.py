"""Settings of the process and of tenants, for their page and for the values of the Helm chart."""

import json
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from authgate import secret_files
from authgate.settings import Settings
from authgate_tenants.settings import TenantSettings
from blocks.words import field_docstrings, sentence


def process_settings() -> str:
    """Each setting of the process, by section."""
    own, sections = [], []
    said = field_docstrings(Settings)
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            sections.append((name, kind))
        else:
            own.append(_process_setting(name, field, said[name]))
    parts = ["## General\n", *own]
    for name, kind in sections:
        parts.append(f"## {name}\n\n{sentence(kind.__doc__)}\n")
        said = field_docstrings(kind)
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
    said = field_docstrings(TenantSettings)
    parts = []
    for field in fields(TenantSettings):
        made = field.default_factory
        default = field.default if made is MISSING else made()
        annotation = FieldInfo.from_annotation(hints[field.name])
        kind = _kind(annotation.annotation) + _bounds(annotation.metadata)
        parts.append(_setting(field.name, kind, default, said[field.name]))
    return "\n".join(parts)


def _setting(name: str, kind: str, default: object, meaning: str) -> str:
    return f"### {name}\n\n{kind} · {_default(default)}\n\n{sentence(meaning)}\n"


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
    types, said = section.model_json_schema()["properties"], field_docstrings(section)
    properties: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            inner = _schema_of(kind, f"{prefix}{name}.")
            if inner["properties"]:
                properties[name] = inner
        elif not _is_left_out(f"{prefix}{name}"):
            properties[name] = {"description": sentence(said[name])} | _without_names(types[name])
    return {
        "description": sentence(section.__doc__),
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _is_left_out(name: str) -> bool:
    return name in _OF_THE_CHART or name in {*secret_files.names(Settings), "keys.kek"}


def _without_names(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "default")}
