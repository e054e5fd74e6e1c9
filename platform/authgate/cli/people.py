"""People of a tenant, by what they are called."""

from typing import Any
from uuid import UUID

from authgate.cli.admin_api import AdminApi, within
from authgate.cli.failures import NotFound


def found(api: AdminApi, login: str) -> dict[str, Any]:
    """A person by username, e-mail address or id. Raises ``NotFound``."""
    try:
        return api.get(within("users", str(UUID(login))))
    except ValueError:
        wanted = login.casefold()
    for each in _alike(api, login):
        if wanted in (each["username"].casefold(), (each["email"] or "").casefold()):
            return each
    raise NotFound(f"There is no user {login}.")


def _alike(api: AdminApi, login: str) -> list[dict[str, Any]]:
    items, _ = api.items("/users", limit=None, search=login[:100])
    return items
