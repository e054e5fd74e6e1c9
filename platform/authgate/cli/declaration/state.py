"""What a tenant has now, as far as a file can declare it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from authgate.cli.declaration.sections import Section, key_of
from authgate.cli.declaration.tenant_file import BY_ITSELF
from authgate.cli.doors.admin_api import AdminApi, Document
from authgate.cli.failures import NotAllowed, NotFound
from authgate.permissions import UserRole
from authgate_tenants import TenantSettings, typed_settings

BEGINS_AS: Mapping[str, Any] = typed_settings().dump_python(TenantSettings(), mode="json")
"""By the setting, what it is where nobody chooses."""


class Seen(NamedTuple):
    """A thing, and the tag of the state that it is in."""

    item: Document
    etag: str


class State:
    """Asks for it, each thing once."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api
        self._items: dict[str, dict[str, Document]] = {}

    @cached_property
    def issuer(self) -> str | None:
        """What the tenant is called; ``None`` for whoever may not see its hosts."""
        try:
            return str(self._api.get("/issuer")["issuer"])
        except NotAllowed:
            return None

    @cached_property
    def settings(self) -> Seen:
        """What the tenant chooses, and its name."""
        return Seen(*self._api.seen("/settings"))

    @property
    def choices(self) -> list[str]:
        """The settings that a file may say."""
        there = self.settings.item["settings"]
        return [name for name in BEGINS_AS if name in there and name not in BY_ITSELF]

    def items(self, section: Section) -> dict[str, Document]:
        """All of a collection, each by its key."""
        if section.name not in self._items:
            if section.is_paged:
                found = list(self._api.each(section.path))
            else:
                found = self._api.get(section.path)["items"]
            self._items[section.name] = {key_of(section, each): each for each in found}
        return self._items[section.name]

    def one(self, section: Section, known: Document) -> Seen:
        """One of them, as it is in this moment."""
        return Seen(*self._api.seen(section.place(known)))

    @cached_property
    def mail_server(self) -> Seen | None:
        """The tenant's own; ``None`` where the installation's sends its mail."""
        try:
            return Seen(*self._api.seen("/mail-server"))
        except NotFound:
            return None

    @cached_property
    def plugins(self) -> dict[str, Document]:
        """Those that run for the tenant, by name."""
        return {each["name"]: each for each in self._api.get("/plugins")["items"]}

    def plugin(self, name: str) -> Seen:
        """One of them, as it is in this moment."""
        return Seen(*self._api.seen(f"/plugins/{name}"))

    @cached_property
    def role_holders(self) -> dict[str, Document]:
        """The tenant's own people who are more than users, by username."""
        found: list[Document] = []
        for role in UserRole:
            if role is not UserRole.USER:
                found += self._api.each("/users", role=role)
        return {each["username"]: each for each in found if each["guest_until"] is None}

    def room(self, quota: str) -> int | None:
        """How many more of something the plan allows; ``None`` for as many as one likes, and for
        whoever may not see that."""
        try:
            told = self._api.get("/usage/plan")["items"]
        except NotAllowed:
            return None
        for each in told:
            if each["quota"] == quota and each["allowed"] is not None:
                return int(each["allowed"]) - int(each["used"])
        return None
