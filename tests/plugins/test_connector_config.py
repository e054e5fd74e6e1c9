"""The settings that a connector declares, and how what a tenant enters is checked."""

import asyncio
import gc
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import pytest

from authgate.admin.console import plugin_fields
from authgate.plugin_api import (
    ConnectorConfigError,
    Secret,
    Setting,
    config_fields,
    parse_config,
)
from authgate.plugin_manager import Configs, ConfigTypes, Isolation, kind_of, load
from authgate.plugin_manager.isolation import Target
from authgate.provisioning.plugin_settings import TenantPlugin


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    client_id: Annotated[str, Setting("From the provider.", label="Client ID")]
    client_secret: Annotated[Secret, Setting("From the provider.")]
    realms: Annotated[tuple[str, ...], Setting("Whom to let in.")] = ()
    retries: Annotated[int, Setting("How often to try.")] = 2
    strict: Annotated[bool, Setting("Whether to be strict.")] = True


ENTERED: dict[str, object] = {"client_id": "me", "client_secret": "hunter2"}


def test_what_is_entered_becomes_a_typed_value() -> None:
    config = parse_config(Config, ENTERED | {"realms": ["a", "b"], "strict": False})
    assert config == Config(
        client_id="me", client_secret=Secret("hunter2"), realms=("a", "b"), strict=False
    )


def test_every_setting_is_described_for_a_form() -> None:
    described = {field.name: field for field in config_fields(Config)}
    assert (described["client_id"].label, described["client_id"].required) == ("Client ID", True)
    assert (described["retries"].label, described["retries"].default) == ("retries", 2)
    assert [name for name, field in described.items() if field.secret] == ["client_secret"]
    assert all(field.help for field in described.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    metadata: Annotated[str, Setting("The provider's own.", lines=True)] = ""


def test_a_document_has_many_lines() -> None:
    [described] = config_fields(Documented)
    assert (described.lines, kind_of(described)) == (True, "document")
    assert parse_config(Documented, {"metadata": " a\r\n\tb\n"}).metadata == "a\n\tb"
    for odd in (7, "a\0", "a\x1b", "a" * 40_001):
        with pytest.raises(ConnectorConfigError, match="metadata"):
            parse_config(Documented, {"metadata": odd})


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_id": 7}, "client_id"),
        ({"client_id": "a\r\nb"}, "client_id"),
        ({"client_id": "a" * 5000}, "client_id"),
        ({"client_secret": None}, "client_secret"),
        ({"client_secret": ""}, "client_secret"),
        ({"realms": "all"}, "realms"),
        ({"realms": [1]}, "realms"),
        ({"retries": True}, "retries"),
        ({"retries": "2"}, "retries"),
        ({"retries": 2**63}, "retries"),
        ({"retries": -(2**63) - 1}, "retries"),
        ({"strict": "yes"}, "strict"),
        ({"client_secrte": "hunter2"}, "client_secrte"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(entered: dict[str, object], field: str) -> None:
    with pytest.raises(ConnectorConfigError) as refused:
        parse_config(Config, ENTERED | entered)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("typed", ["1" * 21, "9" * 5000, "-" + "1" * 25, "two"], ids=len)
def test_a_number_that_was_typed_is_taken_as_it_is_or_refused(typed: str) -> None:
    plugin = TenantPlugin(
        name="idp",
        hooks=(),
        fields=config_fields(Config),
        kept=None,
        secrets=frozenset(),
        paused=False,
        failure=None,
        feed=None,
    )
    assert plugin_fields.change(plugin, {"set-retries": " -12 "}).config == {"retries": -12}
    config = plugin_fields.change(plugin, {"set-retries": typed}).config
    with pytest.raises(ConnectorConfigError, match="retries"):
        parse_config(Config, {**ENTERED, **config})


@pytest.mark.parametrize("missing", sorted(ENTERED))
def test_a_missing_setting_is_named(missing: str) -> None:
    with pytest.raises(ConnectorConfigError, match=f"{missing}: is missing"):
        parse_config(Config, {name: value for name, value in ENTERED.items() if name != missing})


def test_a_secret_is_not_shown_unless_asked_for() -> None:
    config = parse_config(Config, ENTERED)
    assert "hunter2" not in f"{config} {config!r} {config.client_secret}"
    assert config.client_secret.reveal() == "hunter2"


@dataclass(frozen=True)
class Undocumented:
    client_id: str


@dataclass(frozen=True)
class Unaskable:
    when: Annotated[complex, Setting("A number.")]


@dataclass
class Changeable:
    client_id: Annotated[str, Setting("From the provider.")]


class Plain:
    client_id: Annotated[str, Setting("From the provider.")]


@pytest.mark.parametrize("declared", [Undocumented, Unaskable, Changeable, Plain])
def test_a_config_class_that_no_form_can_be_made_of_is_refused(declared: type[object]) -> None:
    with pytest.raises(TypeError):
        config_fields(declared)


WITH_SECRET = """
    from dataclasses import dataclass
    from typing import Annotated

    from authgate.plugin_api import Secret, Setting, hookimpl

    plugin_api_version = "1.1"

    @dataclass(frozen=True)
    class Config:
        key: Annotated[Secret, Setting("Its key.")]

    @hookimpl
    def register_config():
        return Config
"""


@dataclass
class Kept:
    """What a tenant has set, until it is forgotten."""

    values: Mapping[str, object] | None
    made: list[object] = field(default_factory=list)


async def test_what_is_made_of_secrets_is_kept_no_longer_than_they_are(
    install: Any, isolation: Isolation, tenant_id: UUID
) -> None:
    install("register", WITH_SECRET)
    kept = {"register": Kept({"key": "hunter2"})}

    class Source:
        async def of(self, plugin: str, *, tenant_id: UUID) -> Kept:
            del tenant_id
            return kept[plugin]

    configs = Configs(ConfigTypes(load()), source=Source(), isolation=isolation)
    target = Target(tenant_id=tenant_id, plugin="register", call="login_policy")
    made: Any = await configs.of(target)
    assert await configs.of(target) is made, "it is made once"
    assert vars(made)["key"].reveal() == "hunter2"
    watched = weakref.ref(made)
    del made, kept["register"]
    async with asyncio.timeout(10):  # the thread that has made it ends
        while watched() is not None:
            gc.collect()
            await asyncio.sleep(0.01)
