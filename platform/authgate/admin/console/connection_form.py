"""The form of a connection: what its connector asks for, and whom it lets in."""

import hashlib
from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson
from werkzeug.datastructures import MultiDict

from authgate import languages
from authgate.accounts.connection_setup import ConnectionChange
from authgate.admin.connection_documents import FURTHEST
from authgate.plugin_api import ConfigField, Secret
from authgate.plugin_manager import ConnectorType, kind_of
from authgate.storage.paging import Order
from authgate.storage.people import groups
from authgate.storage.sign_in.connection_rules import ConnectionRules, Newcomers, Provisioned
from authgate.storage.sign_in.connections import Connection
from authgate.web.connection_view_models import ConnectionFields, SettingField

PREFIX = "config-"
"""Before the names of the connector's settings, so that none is taken for ours."""

_MOST_GROUPS = 1000
Form = MultiDict[str, str]


def typed(form: Form) -> ConnectionFields:
    """What was typed beside the connector's settings."""
    said = {name: form.get(name, "").strip() for name in ConnectionFields.__slots__}
    ticks = {name: bool(said[name]) for name in ("enabled", "sign_in_form")}
    return ConnectionFields(**{**said, **ticks})  # type: ignore[arg-type]  # texts but for these


def fields_of(connection: Connection, names: Mapping[str, str]) -> ConnectionFields:
    """A connection as the form shows it; ``names`` are those of groups by their ids."""
    rules = connection.rules
    pairs = [f"{theirs} = {names.get(ours, ours)}" for theirs, ours in rules.groups.items()]
    return ConnectionFields(
        slug=connection.slug,
        label=connection.label,
        position=str(connection.position),
        enabled=connection.enabled,
        newcomers=rules.newcomers,
        provisioned=rules.provisioned,
        allowed_domains="\n".join(rules.allowed_domains),
        email_domains="\n".join(rules.email_domains),
        sign_in_form=rules.sign_in_form,
        groups="\n".join(pairs),
    )


def settings_of(
    connector: ConnectorType, config: Mapping[str, object], *, is_new: bool
) -> list[SettingField]:
    """The connector's settings with what they are."""
    return [_field(each, _shown(each, config), is_new=is_new) for each in connector.fields]


def settings_typed(connector: ConnectorType, form: Form, *, is_new: bool) -> list[SettingField]:
    """The same with what was typed: of secrets nothing."""
    return [
        _field(
            each,
            "" if each.secret else form.get(PREFIX + each.name, "").strip(),
            is_new=is_new,
        )
        for each in connector.fields
    ]


def change(connector: ConnectorType, form: Form, rules: ConnectionRules) -> ConnectionChange:
    """What the form asks for. Raises ``ValueError`` where the position is no number, or too large
    a one."""
    said = typed(form)
    position = int(said.position or 0)
    if abs(position) > FURTHEST:
        raise ValueError(position)
    config, unset = config_of(connector, form)
    return ConnectionChange(
        config=config,
        unset=unset,
        label=said.label or connector.label,
        position=position,
        enabled=said.enabled,
        rules=rules,
    )


def config_of(connector: ConnectorType, form: Form) -> tuple[dict[str, object], list[str]]:
    """The settings that were typed, and those that take their defaults."""
    values: dict[str, object] = {}
    unset: list[str] = []
    for each in connector.fields:
        text = form.get(PREFIX + each.name, "").strip()
        if text or each.type is bool:
            values[each.name] = _value(each, text)
        elif not each.secret:
            unset.append(each.name)
    return values, unset


async def rules_of(form: Form) -> ConnectionRules:
    """The rules that were typed. Raises ``UnknownGroupName`` and ``ValueError``."""
    said = typed(form)
    return ConnectionRules(
        newcomers=Newcomers(said.newcomers or Newcomers.AS_TENANT),
        provisioned=Provisioned(said.provisioned or Provisioned.NOTHING),
        allowed_domains=tuple(said.allowed_domains.split()),
        email_domains=tuple(said.email_domains.split()),
        sign_in_form=said.sign_in_form,
        groups=await _groups(said.groups),
    )


class UnknownGroupName(ValueError):
    """A line of the groups leads to none. The text may be shown."""


async def group_names() -> dict[str, str]:
    """By their ids, what the tenant's groups are called."""
    found = await groups.page("", Order.of("canonical_name"), limit=_MOST_GROUPS)
    return {str(each.id): each.display_name for each in found.rows}


def version_of(connection: Connection) -> str:
    """What the form was made from: nothing is stored over another's change."""
    said = [
        connection.label,
        connection.position,
        connection.enabled,
        dict(connection.config),
        connection.rules.written(),
        connection.sealed_secrets.hex(),
    ]
    return hashlib.sha256(orjson.dumps(said)).hexdigest()[:32]


async def _groups(text: str) -> dict[str, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return {}
    ids = {name: group_id for group_id, name in (await group_names()).items()}
    found: dict[str, str] = {}
    for line in lines:
        theirs, equals, ours = (each.strip() for each in line.rpartition("="))
        if not equals or not theirs or not (ours in ids or _is_id(ours)):
            raise UnknownGroupName(
                languages.text("There is no group here that this names: %(line)s", line=line[:100])
            )
        found[theirs] = ids.get(ours, ours)
    return found


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _field(setting: ConfigField, value: str, *, is_new: bool) -> SettingField:
    return SettingField(
        name=PREFIX + setting.name,
        label=languages.by_plugin(setting.label),
        help=languages.by_plugin(setting.help),
        kind=kind_of(setting),
        required=setting.required and (is_new or not setting.secret),
        value=value,
        kept=setting.secret and not is_new,
    )


def _shown(setting: ConfigField, config: Mapping[str, object]) -> str:
    value = config.get(setting.name, setting.default)
    if setting.secret or value is None or isinstance(value, Secret):
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(str(each) for each in value)
    return str(value)


def _value(setting: ConfigField, text: str) -> object:
    if setting.type is bool:
        return bool(text)
    if setting.type is int and text.removeprefix("-").isdecimal():
        return int(text)
    return text.split() if setting.type == tuple[str, ...] else text
