"""``/plugins``: the plugins that run for the tenant, and what it has set for them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from http import HTTPMethod, HTTPStatus
from typing import Annotated

from pydantic import Field, JsonValue

from authgate import storage
from authgate.admin.connection_documents import StepDocument
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, MergePatch, operation
from authgate.api.problems import Fault, Invalid, NotFound
from authgate.plugin_api import ConfigField
from authgate.plugin_manager import kind_of
from authgate.provisioning import UnfitSetting
from authgate.provisioning.plugin_settings import (
    PluginChange,
    TenantPlugin,
    UnfitPluginSetting,
    UnknownPlugin,
    examine_plugin,
    pause_plugin,
    plugin_of_tenant,
    plugins_of_tenant,
    reset_plugin,
    set_plugin,
)
from authgate.storage.audit.audit_feeds import AuditFeed
from authgate.storage.tenants.plugin_failures import PluginFailure
from authgate.tokens.admin_scopes import Scope

_MOST = 100
_PLUGIN: dict[str, JsonValue] = {
    "name": "networks",
    "hooks": ["login_policy", "register_config"],
    "paused": False,
    "waits": False,
    "settings": {"networks": ["192.0.2.0/24"], "told": "Connect to the VPN first."},
    "secrets": [],
    "updated_at": "2026-03-02T09:12:44Z",
    "last_failure": None,
    "feed": None,
}
_FAILURE: dict[str, JsonValue] = {
    "call": "login_policy",
    "outcome": "too_slow",
    "fault": "not done in 1.0 s",
    "failures": 7,
    "failed_at": "2026-03-02T09:12:44Z",
    "paused_until": "2026-03-02T09:13:14Z",
}
_FEED: dict[str, JsonValue] = {
    "waiting_since": "2026-03-02T09:12:44Z",
    "waiting": 12,
    "failures": 3,
    "next_at": "2026-03-02T09:13:14Z",
}
_FIELD: dict[str, JsonValue] = {
    "name": "networks",
    "label": "Networks",
    "help": "Where people may sign in from.",
    "type": "list",
    "required": True,
    "default": None,
    "generated": None,
}


class PluginFieldType(StrEnum):
    """What a setting is."""

    TEXT = "text"
    DOCUMENT = "document"
    NUMBER = "number"
    SWITCH = "switch"
    LIST = "list"
    SECRET = "secret"


class PluginField(Document):
    """A setting that a plugin has."""

    model_config = exemplified(**_FIELD)

    name: str
    label: str
    help: str
    """What it means."""

    type: PluginFieldType
    """`list` is of texts. A `secret` is a text that is told to nobody again."""

    required: bool
    default: JsonValue
    generated: str | None
    """What a secret begins with that may be made rather than thought of: 32 random bytes in base64
    follow."""


class PluginFailureDocument(Document):
    """How a plugin has failed last."""

    model_config = exemplified(**_FAILURE)

    call: str
    """What it was asked for."""

    outcome: str
    """`raised`, `too_slow` or `wrong_result`."""

    fault: str
    """Of what kind and where, without any text of the plugin's."""

    failures: int
    """How many there were so far."""

    failed_at: datetime
    paused_until: datetime | None
    """Until when it was left alone, after too many in a row."""


class PluginFeedDocument(Document):
    """How far a plugin was told of what has happened."""

    model_config = exemplified(**_FEED)

    waiting_since: datetime | None
    """When the oldest event happened that it was not told of yet. Nothing is lost: it is told of
    all of them, in order."""

    waiting: int
    """How many those are. No more than 1,000 are counted."""

    failures: int
    """How often in a row it could not be told."""

    next_at: datetime
    """When it is told again."""


class PluginDocument(Document):
    """A plugin that runs for the tenant."""

    model_config = exemplified(**_PLUGIN, fields=[_FIELD])
    passing = frozenset({"last_failure", "feed"})

    name: str
    hooks: Sequence[str]
    """Where it takes part."""

    paused: bool
    """Whether the tenant leaves it out."""

    waits: bool
    """Whether it does nothing yet, since something has to be set first."""

    settings: dict[str, JsonValue]
    """What holds, the secrets left out."""

    secrets: Sequence[str]
    """The secret settings that are set."""

    fields: Sequence[PluginField]
    """The settings that it has."""

    updated_at: datetime | None
    """When something was set last."""

    last_failure: PluginFailureDocument | None
    feed: PluginFeedDocument | None
    """There where it takes part in `audit_events`."""


class PluginList(Document):
    """Plugins that run for the tenant, by name."""

    items: Sequence[PluginDocument]


class PluginTest(Document):
    """What there is to see of what is set for a plugin."""

    model_config = exemplified(
        passed=False,
        steps=[
            {"name": "Settings", "passed": True, "said": "They can be."},
            {"name": "Test event", "passed": False, "said": "The request failed."},
        ],
    )

    passed: bool
    steps: Sequence[StepDocument]


class PluginSettingsChange(Document):
    """What is set otherwise."""

    model_config = exemplified(settings={"networks": ["192.0.2.0/24", "2001:db8::/32"]})

    paused: bool = False
    settings: Annotated[dict[str, JsonValue], Field(max_length=_MOST)]
    """By the setting, its value. Secrets are told when they are set, and to nobody again."""


async def list_plugins(call: Call[Nothing, Nothing]) -> Answer[PluginList]:
    """List the plugins that run for the tenant, and what is set for each."""
    found = await plugins_of_tenant(call.parts)
    return Answer(PluginList(items=[_document(each) for each in found]))


async def read_plugin(call: Call[Nothing, Nothing]) -> Answer[PluginDocument]:
    """Read what is set for a plugin, without its secrets."""
    with _refused():
        return Answer(_document(await plugin_of_tenant(call.parts, call.path["plugin"])))


async def change_plugin_settings(
    call: Call[Nothing, MergePatch[PluginSettingsChange]],
) -> Answer[PluginDocument]:
    """Set something for a plugin.

    The next call of the plugin goes by it, in every process. What the patch leaves out stays,
    secrets among it, and what is `null` becomes what holds where nobody sets it. A guest of the
    installation sets nothing: it would hold when they are gone.
    """
    call.caller.refuse_guest()
    with _refused():
        name = call.path["plugin"]
        before = await plugin_of_tenant(call.parts, name)
        document = _document(before)
        call.refuse_if_changed(document)
        after = call.body.applied(
            PluginSettingsChange(paused=before.paused, settings=document.settings)
        )
        said = call.body.members.get("settings", {})
        change = PluginChange(
            config={each: after.settings[each] for each in said if each in after.settings},
            unset=[each for each in said if each not in after.settings],
        )
        async with storage.transaction():
            if change.config or change.unset:
                await set_plugin(call.parts, name, change, actor=call.caller.actor)
            if after.paused != before.paused:
                await pause_plugin(call.parts, name, paused=after.paused, actor=call.caller.actor)
            return Answer(_document(await plugin_of_tenant(call.parts, name)))


async def reset_plugin_settings(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Forget what was set for a plugin, its secrets among it."""
    call.caller.refuse_guest()
    with _refused():
        name = call.path["plugin"]
        call.refuse_if_changed(_document(await plugin_of_tenant(call.parts, name)), required=False)
        await reset_plugin(call.parts, name, actor=call.caller.actor)
    return Answer(None)


async def test_plugin(call: Call[Nothing, Nothing]) -> Answer[PluginTest]:
    """Look at what is set for a plugin, and have the plugin look itself, now and step by step.

    One that asks a server of the tenant's asks it by this as well.
    """
    with _refused():
        steps = await examine_plugin(call.parts, call.path["plugin"])
    return Answer(
        PluginTest(
            passed=all(each.passed for each in steps),
            steps=[StepDocument(name=s.name, passed=s.passed, said=s.said) for s in steps],
        )
    )


def _document(plugin: TenantPlugin) -> PluginDocument:
    return PluginDocument(
        name=plugin.name,
        hooks=plugin.hooks,
        paused=plugin.paused,
        waits=plugin.waits,
        settings={name: _plain(value) for name, value in plugin.shown.items()},
        secrets=sorted(plugin.secrets),
        fields=[_field(each) for each in plugin.fields],
        updated_at=plugin.kept.updated_at if plugin.kept else None,
        last_failure=_failure(plugin.failure) if plugin.failure else None,
        feed=_feed(plugin.feed) if plugin.feed else None,
    )


def _failure(failure: PluginFailure) -> PluginFailureDocument:
    return PluginFailureDocument(
        call=failure.call,
        outcome=failure.outcome,
        fault=failure.fault,
        failures=failure.failures,
        failed_at=failure.failed_at,
        paused_until=failure.paused_until,
    )


def _feed(feed: AuditFeed) -> PluginFeedDocument:
    return PluginFeedDocument(
        waiting_since=feed.waiting_since,
        waiting=feed.waiting,
        failures=feed.failures,
        next_at=feed.next_at,
    )


def _field(field: ConfigField) -> PluginField:
    return PluginField(
        name=field.name,
        label=field.label,
        help=field.help,
        type=PluginFieldType(kind_of(field)),
        required=field.required,
        default=None if field.secret else _plain(field.default),
        generated=field.generated,
    )


def _plain(value: object) -> JsonValue:
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    return value if isinstance(value, (str, int, bool)) else None


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except UnknownPlugin as error:
        raise NotFound("No plugin of this name runs for the tenant.") from error
    except UnfitSetting as error:
        raise Invalid(faults=[Fault(error.fault, pointer="/paused")]) from error
    except UnfitPluginSetting as error:
        fault = Fault(error.fault, pointer=f"/settings/{error.setting}")
        raise Invalid(faults=[fault]) from error


_READ, _WRITE = Scope.SETTINGS_READ, Scope.SETTINGS_WRITE
_ONE = "/plugins/{plugin}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/plugins", list_plugins, scope=_READ),
    operation(HTTPMethod.GET, _ONE, read_plugin, scope=_READ, problems=[NotFound]),
    operation(
        HTTPMethod.PATCH,
        _ONE,
        change_plugin_settings,
        scope=_WRITE,
        problems=[NotFound],
    ),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        reset_plugin_settings,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[NotFound],
    ),
    operation(HTTPMethod.POST, f"{_ONE}/test", test_plugin, scope=_WRITE, problems=[NotFound]),
]
