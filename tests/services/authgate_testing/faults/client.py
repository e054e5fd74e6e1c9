"""A client of the servers under fire, which writes down whatever it asks and hears."""

import base64
import time
from collections.abc import Mapping
from urllib.parse import quote_plus, urljoin

import httpx2

from authgate_testing.faults.history import Call, History, Kind
from authgate_testing.faults.host import Host
from authgate_testing.faults.household import Household
from authgate_testing.faults.hurried import WORKER

AUTHORITY = "localhost:8080"
"""What every host is called by its clients, as behind a proxy."""

PATIENCE_SECONDS = 10.0
"""Who has heard nothing for so long has been forgotten."""


class Client:
    """Asks any of the hosts. Close it in the end."""

    def __init__(self, history: History, *, keeps_connections: bool) -> None:
        self.history = history
        self._keeps = keeps_connections
        self._http = httpx2.AsyncClient(
            transport=httpx2.AsyncHTTPTransport(
                verify=False,  # there is no TLS here, and a context for it takes long to make
                limits=httpx2.Limits(max_keepalive_connections=None if keeps_connections else 0),
            ),
            timeout=PATIENCE_SECONDS,
            headers={"Host": AUTHORITY},
        )

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def ask(
        self,
        kind: Kind,
        host: Host,
        household: Household,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        said: object = None,
        method: str = "",
        bearer: str = "",
        basic: tuple[str, str] | None = None,
        about: str = "",
        key: str = "",
    ) -> tuple[Call, httpx2.Response | None]:
        """Send a form or what is said as JSON, or ask without; no answer where no whole one came.

        With a ``key`` it is done once, however often it is asked.
        """
        call = Call(kind=kind, tenant=household.slug, host=host.name, kept=self._keeps, about=about)
        self.history.begin(call)
        try:
            answer = await self._http.request(
                method or ("GET" if form is None else "POST"),
                urljoin(host.url, f"{household.prefix}{path}"),
                data=form,
                json=said,
                headers=_authorization(bearer, basic) | ({"Idempotency-Key": key} if key else {}),
            )
        except httpx2.TimeoutException as error:
            # A machine that starts says nothing until Python has.
            call.broke = type(error).__name__ if host.was_up(call.began) else "host starts"
            return call, None
        except httpx2.TransportError as error:
            call.broke = type(error).__name__
            return call, None
        finally:
            call.ended = time.monotonic()
        call.status = answer.status_code
        call.retry_after = answer.headers.get("retry-after", "")
        call.request_id = answer.headers.get("x-request-id", "")
        call.replayed = "idempotent-replayed" in answer.headers
        return call, answer

    async def worker(self, host: Host) -> int | None:
        """The process id of whoever says that it is ready; nothing where nobody does."""
        try:
            answer = await self._http.get(f"{host.url}/readyz")
        except httpx2.TransportError:
            return None
        return int(answer.headers[WORKER]) if answer.status_code == 200 else None

    async def readiness(self, host: Host) -> dict[str, str]:
        """What the host says of each part that it needs; nothing where it says nothing."""
        try:
            answer = await self._http.get(f"{host.url}/readyz")
        except httpx2.TransportError:
            return {}
        checks: dict[str, str] = answer.json()["checks"]
        return checks


def _authorization(bearer: str, basic: tuple[str, str] | None) -> dict[str, str]:
    if basic is not None:
        joined = ":".join(quote_plus(part) for part in basic)
        return {"Authorization": f"Basic {base64.b64encode(joined.encode()).decode()}"}
    return {"Authorization": f"Bearer {bearer}"} if bearer else {}
