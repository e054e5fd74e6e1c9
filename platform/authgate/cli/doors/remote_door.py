"""An API of a tenant by HTTP, from anywhere."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import httpx2

from authgate.cli import web_client
from authgate.cli.doors.admin_api import Answer, Asked
from authgate.cli.doors.apis import ADMIN, WhichApi
from authgate.cli.doors.bearers import Bearer
from authgate.cli.failures import Unhealthy

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0


class RemoteDoor:
    """Sends what is asked to one issuer, with an access token."""

    def __init__(
        self,
        issuer: str,
        bearer: Bearer,
        http: httpx2.Client,
        *,
        api: WhichApi = ADMIN,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = f"{issuer}{api.base}"
        self._bearer = bearer
        self._http = http
        self._sleep = sleep

    def send(self, asked: Asked) -> Answer:
        """The answer; a token that was refused is replaced once. Raises ``Failure``."""
        token = self._bearer.token()
        answer = self._patiently(asked, token)
        if answer.status == 401:
            answer = self._patiently(asked, self._bearer.token(rejected=token))
        return answer

    def together(self) -> AbstractContextManager[bool]:
        """Each request is done by itself."""
        return nullcontext(False)

    def _patiently(self, asked: Asked, token: str) -> Answer:
        for _ in range(_ATTEMPTS - 1):
            try:
                answer = self._once(asked, token)
            except Unhealthy:
                if not asked.may_be_asked_again:
                    raise
                self._sleep(_PAUSE_SECONDS)
                continue
            pause = _pause(answer)
            if pause is None:
                return answer
            self._sleep(pause)
        return self._once(asked, token)

    def _once(self, asked: Asked, token: str) -> Answer:
        request = self._http.build_request(
            asked.method,
            f"{self._base}{asked.path}",
            content=asked.body or None,
            headers=asked.headers,
        )
        answer = web_client.sent(self._http, request, auth=self._bearer.shown(token))
        headers = {name.lower(): text for name, text in answer.headers.items()}
        return Answer(answer.status_code, headers, answer.content)


def _pause(answer: Answer) -> float | None:
    """How long to wait where nothing was done yet, and will be soon; ``None`` where it is so."""
    if answer.status not in (409, 429, 503):
        return None
    wanted = answer.headers.get("retry-after", "")
    if not wanted.isdecimal() or int(wanted) > _LONGEST_PAUSE_SECONDS:
        return None
    return float(wanted)
