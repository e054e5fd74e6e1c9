"""Where a sign-in leads: back to an application, where it was on the way to one."""

import re
from datetime import datetime
from typing import NamedTuple

from authgate.languages import readers
from authgate.storage.clients import clients
from authgate.storage.grants import authorization_requests
from authgate.web import redirect_uris
from authgate_tenants import current_tenant

_ON_THE_WAY = re.compile(r"/oauth/authorize/([A-Za-z0-9_-]{43})\Z")


class Destination(NamedTuple):
    """What the sign-in page needs to know of it."""

    client_name: str | None = None
    login_hint: str = ""
    """Who the application thinks is signing in (OpenID Connect Core section 3.1.2.1)."""
    form_target: str = ""
    """Whom the page must let its form lead to."""
    policy_url: str = ""
    tos_url: str = ""
    client_id: str = ""
    max_age: int | None = None
    """How many seconds ago the person may have signed in, where the application says so."""


async def behind(return_to: str, *, now: datetime) -> Destination:
    """The application whose request is waiting there, if there is one.

    The pages on the way are in the language that it asks for.
    """
    match = _ON_THE_WAY.fullmatch(return_to.removeprefix(current_tenant().prefix))
    waiting = await authorization_requests.find(match[1], now=now) if match else None
    client = await clients.find(waiting.client_id) if waiting else None
    if waiting is None or client is None:
        return Destination()
    parameters = waiting.parameters
    readers.is_asked_for(parameters.get("ui_locales", ()))
    target = redirect_uris.form_target(parameters["redirect_uri"])
    said = client.metadata
    return Destination(
        client.name,
        parameters["login_hint"],
        target,
        said.policy_uri,
        said.tos_uri,
        client.client_id,
        0 if "login" in parameters["prompt"] else parameters["max_age"],
    )
