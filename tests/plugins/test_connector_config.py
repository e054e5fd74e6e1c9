"""The settings that a connector declares, and how what a tenant enters is checked."""

from dataclasses import dataclass
from typing import Annotated

import pytest

from authgate.plugin_api import (
    ConnectorConfigError,
    Secret,
    Setting,
    config_fields,
    parse_config,
)


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
