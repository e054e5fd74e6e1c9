"""``authgate whoami``."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2

from authgate.cli import web_client
from authgate.cli.doors import problems, remote
from authgate.cli.doors.administered import OfTenant, named_by
from authgate.cli.doors.bearers import Bearer
from authgate.cli.failures import Misused, NotAllowed
from authgate.cli.output import Format, Output, Record, show
from authgate.cli.sign_in import sign_ins


def whoami(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Tell who acts, where, and what they may do. The server is asked whether that is so."""
    issuer = named_by(tenant).issuer
    if issuer is None:
        raise Misused("On their own installation operators need no sign-in.")
    issuer = web_client.checked(issuer)
    with web_client.asking(issuer) as http:
        told = _told(issuer, http, remote.bearer(issuer, http))
    show(_record(issuer, told), output)


def _told(issuer: str, http: httpx2.Client, bearer: Bearer) -> Mapping[str, Any]:
    """What the server knows of the token (AuthGate's tokeninfo)."""
    token = bearer.token()
    answer = _asked(issuer, http, bearer, token)
    if answer.status_code == 401:
        answer = _asked(issuer, http, bearer, bearer.token(rejected=token))
    if answer.status_code == 401:
        raise NotAllowed(f"{issuer} does not take the access token.")
    problems.refuse(answer.status_code, None, "")
    told: Mapping[str, Any] = answer.json()
    return told


def _asked(issuer: str, http: httpx2.Client, bearer: Bearer, token: str) -> httpx2.Response:
    request = http.build_request("GET", f"{issuer}/oauth/tokeninfo")
    return web_client.sent(http, request, auth=bearer.shown(token))


def _record(issuer: str, told: Mapping[str, Any]) -> Record:
    is_person = told["subject_type"] == "user"
    kept = sign_ins.remembered().by_place.get(issuer) if is_person else None
    return {
        "issuer": issuer,
        "name": kept.name if kept else told["client_id"],
        "kind": "person" if is_person else "machine",
        "subject": told["user_id"],
        "client_id": told["client_id"],
        "scopes": told["scope"].split(),
        "expires_at": datetime.fromtimestamp(told["exp"], UTC),
    }
