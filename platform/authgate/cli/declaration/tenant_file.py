"""The file as a whole: its shape, what of it cannot be, and its schema for editors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, create_model

from authgate.admin.settings import SettingsPreviewed
from authgate.api.bodies import Document, pointer, validated
from authgate.api.problems import Fault, Invalid
from authgate.cli.declaration.sections import (
    SECTIONS,
    MailServerDeclaration,
    Managed,
    PluginValue,
    RoleHolder,
    Section,
    key_of,
)
from authgate.cli.declaration.written import Written, read
from authgate.cli.failures import Failure
from authgate.cli.output import printable, say
from authgate_tenants import TenantSettings

SCHEMA = "https://json-schema.org/draft/2020-12/schema"
MAIL_SERVER = "mail_server"
BY_ITSELF = ("resources",)
"""Settings that are a section of their own."""


class _Head(Document):
    """A tenant as a file declares it: `authgate tenant plan`, `authgate tenant apply`."""

    issuer: Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=500)] | None = None
    """Whose file this is: it is applied to no other tenant. To any where it is left out."""

    manage: Sequence[Managed] = ()
    """Sections that are all that there is: of a collection what is not in the file is removed, a
    setting that is not in the file is what it is where nobody chooses. Where a section is not
    named here, what the file does not say stays as it is."""

    settings: TenantSettings | None = None
    """What the tenant chooses for itself, its colours and texts among it."""

    mail_server: MailServerDeclaration | None = None
    """What sends the tenant's mail, instead of the installation's server."""

    plugins: Mapping[str, Mapping[str, PluginValue]] | None = None
    """What is set for the plugins that run for the tenant: by the plugin's name, and the setting's.
    """

    users: Sequence[RoleHolder] | None = None
    """People of the tenant who are more than users."""


def _collection(section: Section) -> Any:
    return (
        Sequence[section.declared] | None,  # type: ignore[name-defined]  # it comes from the API
        Field(None, description=section.about),
    )


_NAME = SettingsPreviewed.model_fields["name"]
_Name: Any = (_NAME.annotation, Field(None, description="The tenant's name, for people."))

TenantFile: type[_Head] = create_model(
    "TenantFile",
    __base__=_Head,
    __doc__=_Head.__doc__,
    __module__=__name__,
    name=_Name,
    **{each.name.value: _collection(each) for each in SECTIONS},
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a file says of a tenant, once all of it can be."""

    written: Written
    issuer: str | None
    managed: frozenset[str]
    name: str | None
    settings: Mapping[str, Any] | None
    """By the setting, what it is to be; ``None`` for what it begins as. ``None`` altogether where
    the file says nothing of them."""

    mail_server: Mapping[str, Any] | None
    plugins: Mapping[str, Mapping[str, Any]] | None
    """By the plugin, what is set for it, whole; ``None`` where nothing is said of any."""

    items: Mapping[str, Sequence[Mapping[str, Any]] | None]
    """By the section, what is declared there, whole; ``None`` where nothing is said of it."""

    def manages(self, section: Managed) -> bool:
        """Whether the file says all that there is. A section that is not there says nothing."""
        said: object = self.items.get(section)
        if section is Managed.SETTINGS:
            said = self.settings
        elif section is Managed.PLUGINS:
            said = self.plugins
        return section in self.managed and said is not None


def declared(path: Path) -> Declaration:
    """What the file declares. Raises ``Failure``, once every fault was told with its line."""
    written = read(path)
    said = _without_nothing(written.content)
    try:
        told = validated(TenantFile, said).model_dump(mode="json")
    except Invalid as error:
        raise refused(written, error.faults) from error
    except TypeError as error:
        raise Failure(f"{path}: a number is too large, or a character is none.") from error
    if faults := [*_said_elsewhere(said), *_said_twice(told)]:
        raise refused(written, faults)
    return Declaration(
        written,
        issuer=told["issuer"],
        managed=frozenset(told["manage"]),
        name=told["name"],
        settings=_chosen(written.content, told),
        mail_server=told[MAIL_SERVER],
        plugins=told[Managed.PLUGINS],
        items={name: told[name] for name in (*(each.name for each in SECTIONS), Managed.USERS)},
    )


def refused(written: Written, faults: Sequence[Fault]) -> Failure:
    """Tell each fault at its place; the end of the command."""
    for each in faults:
        say(printable(f"{written.place(each.pointer or '')}: {each.detail}"))
    count = f"{len(faults)} faults" if len(faults) > 1 else "A fault"
    return Failure(f"{count} in {written.path}: nothing was done.")


def schema() -> dict[str, Any]:
    """The file as a JSON Schema."""
    told = TenantFile.model_json_schema()
    for name in BY_ITSELF:
        del told["$defs"]["TenantSettings"]["properties"][name]
    return {"$schema": SCHEMA, **told, "title": "An AuthGate tenant"}


def schema_text() -> str:
    """The same as a file."""
    return f"{json.dumps(schema(), indent=2, ensure_ascii=False)}\n"


def _without_nothing(said: Any) -> Any:
    """What is said, without members that are empty: they are as if nobody had said them."""
    if isinstance(said, dict):
        return {name: _without_nothing(it) for name, it in said.items() if it is not None}
    return [_without_nothing(each) for each in said] if isinstance(said, list) else said


def _chosen(content: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any] | None:
    said = content.get("settings")
    if told["settings"] is None or said is None:
        return None
    return {name: None if it is None else told["settings"][name] for name, it in said.items()}


def _said_elsewhere(said: Mapping[str, Any]) -> list[Fault]:
    return [
        Fault("It is said by resource_servers.", pointer=pointer(("settings", name)))
        for name in BY_ITSELF
        if name in said.get("settings", {})
    ]


def _said_twice(told: Mapping[str, Any]) -> list[Fault]:
    found: list[Fault] = []
    for section in SECTIONS:
        seen: set[str] = set()
        for place, item in enumerate(told[section.name] or ()):
            where = pointer((section.name, place, section.key))
            try:
                key = key_of(section, item)
            except ValueError as error:
                found.append(Fault(str(error), pointer=where))
                continue
            if key in seen:
                found.append(Fault(f"{key} is there twice.", pointer=where))
            seen.add(key)
    names = [each["username"].casefold() for each in told[Managed.USERS] or ()]
    found += [
        Fault(f"{name} is there twice.", pointer=f"/{Managed.USERS}/{place}/username")
        for place, name in enumerate(names)
        if name in names[:place]
    ]
    return found
