"""People of a tenant, by what they are called."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.failures import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Of which client and of which person something is looked for."""

    client: Annotated[str | None, typer.Option(help="Only of this client_id")] = None
    user: Annotated[str | None, typer.Option(help="Only of this person, by name or e-mail")] = None

    def query(self, api: AdminApi) -> dict[str, Any]:
        """The same as the API names it. Raises ``NotFound``."""
        user_id = found(api, self.user)["id"] if self.user else None
        return {"client_id": self.client, "user_id": user_id}


def found(api: AdminApi, login: str) -> dict[str, Any]:
    """A person by username, e-mail address or id. Raises ``NotFound``."""
    try:
        return api.get(within("users", str(UUID(login))))
    except ValueError:
        wanted = login.casefold()
    for each in api.each("/users", search=login[:100]):
        if wanted in (each["username"].casefold(), (each["email"] or "").casefold()):
            return each
    raise NotFound(f"There is no user {login}.")
