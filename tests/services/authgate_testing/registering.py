"""A program that registers itself with a tenant, and looks after what it has registered."""

from typing import Any

import httpx2
import orjson

from authgate_testing.caller import Caller

PATH = "/oauth/register"
WEB = {
    "client_name": "Ledger",
    "redirect_uris": ["https://ledger.example/callback"],
}
"""As little as an application on a server says of itself."""


async def register(
    at: Caller, *, token: str | None = None, document: object = None, **said: Any
) -> httpx2.Response:
    """Register an application that says this of itself; what is ``None`` is left out."""
    described = {name: value for name, value in (WEB | said).items() if value is not None}
    return await at.http.post(
        f"{at.tenant.issuer}{PATH}",
        content=orjson.dumps(described if document is None else document),
        headers=_headers(token),
    )


async def manage(
    method: str, registered: dict[str, Any], at: Caller, *, token: str = "", **said: Any
) -> httpx2.Response:
    """Read, change or remove what was registered, with its own token where no other is given."""
    body = orjson.dumps(registered | said) if method == "PUT" else None
    return await at.http.request(
        method,
        registered["registration_client_uri"],
        content=body,
        headers=_headers(token or registered["registration_access_token"]),
    )


def answers(answer: httpx2.Response, status: int, error: str) -> bool:
    """Whether a refusal is this one."""
    return (answer.status_code, answer.json()["error"]) == (status, error)


def _headers(token: str | None) -> dict[str, str]:
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return {"Content-Type": "application/json"} | bearer
