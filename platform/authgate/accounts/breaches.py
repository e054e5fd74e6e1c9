"""Whether a password is among those that were stolen somewhere, asked in a way that tells nobody
which one it is (k-anonymity): five characters of its SHA-1 hash, for which hundreds of others begin
alike, in an answer that is padded.

Where nobody answers in time the password is taken: a server elsewhere decides for nobody here
whether people get back in.
"""

import asyncio
import hashlib
from hmac import compare_digest

import structlog

from authgate.plugin_api import HttpClient, HttpFailure, HttpResponse
from authgate.telemetry import metrics
from authgate_tenants.scope import tenant_in_scope

_log = structlog.get_logger(__name__)

SECONDS = 2.0
"""How long somebody waits for the answer who chooses a password."""

_PREFIX = 5


class Breaches:
    """Asks a server that knows stolen passwords, for tenants that want it."""

    def __init__(self, http: HttpClient, *, url: str) -> None:
        self._http = http
        self._url = url

    async def answers(self) -> bool:
        """Whether the server says anything, of hashes that begin with nought."""
        try:
            return bool((await self._asked("0" * _PREFIX)).ok)
        except (HttpFailure, TimeoutError):
            return False

    async def have(self, password: str) -> bool:
        """Whether it is among them; ``False`` where nobody says."""
        tenant = tenant_in_scope()
        if not self._url or tenant is None or not tenant.settings.breached_password_check:
            return False
        # What those servers list it by; nothing is protected by it.
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        try:
            answer = await self._asked(digest[:_PREFIX])
        except (HttpFailure, TimeoutError) as error:
            return _unanswered(type(error).__name__)
        if not answer.ok:
            return _unanswered(f"status {answer.status}")
        found = _is_listed(answer.body, digest[_PREFIX:])
        metrics.breach_checks.add("found" if found else "clean")
        return found

    async def _asked(self, prefix: str) -> HttpResponse:
        async with asyncio.timeout(SECONDS):
            return await self._http.get(f"{self._url}{prefix}", headers={"add-padding": "true"})


def _unanswered(reason: str) -> bool:
    _log.warning("nobody says whether a password was stolen", reason=reason)
    metrics.breach_checks.add("unanswered")
    return False


def _is_listed(body: bytes, rest: str) -> bool:
    found = False
    for line in body.decode("ascii", "replace").splitlines():
        suffix, _, times = line.partition(":")
        # What pads the answer was found no times.
        found |= compare_digest(suffix.strip().encode(), rest.encode()) and times.strip() != "0"
    return found
