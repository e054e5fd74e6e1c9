"""Clients that send bad requests, many at a time, beside one that means well."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count, cycle

import httpx2

from authgate_testing.bad_requests.answers import Heard, Malformed, faults, parsed
from authgate_testing.bad_requests.generator import BadRequest, Ending
from authgate_testing.bad_requests.stage import Stage
from authgate_testing.processes import LOOPBACK

DEADLINE_SECONDS = 15.0
"""By then a server has answered or ended the connection, whatever it was waiting for."""

_PATIENCE_SECONDS = 0.5
_GOOD_SECONDS = DEADLINE_SECONDS
_BAD_FOR_EACH_GOOD = 20


class Conversation:
    """One connection, on which one bad request is said."""

    def __init__(self, port: int, request: BadRequest) -> None:
        self._port = port
        self._request = request
        self._said = b""
        self._urged = request.ending is Ending.SAYS_IT_IS_DONE

    async def heard(self) -> Heard | None:
        """What is answered; nothing where the client does not wait for it."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        try:
            for piece in self._request.pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            if self._request.ending is Ending.LEAVES:
                return None
            if self._urged:
                _end(writer)
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await self._listen(reader, writer)
        except TimeoutError:
            return self._heard()
        finally:
            writer.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Heard:
        while not self._is_answered():
            try:
                data = await asyncio.wait_for(reader.read(65536), self._patience())
            except TimeoutError:
                if self._has_answers():
                    break
                self._urged = True
                _end(writer)
                continue
            except ConnectionError:
                return self._heard(ended=True, cut=True)
            if not data:
                return self._heard(ended=True)
            self._said += data
        return self._heard()

    def _patience(self) -> float | None:
        is_patient = self._request.waits and not self._has_answers()
        return None if is_patient or self._urged else _PATIENCE_SECONDS

    def _is_answered(self) -> bool:
        return not self._request.ends_itself and self._has_answers()

    def _has_answers(self) -> bool:
        try:
            return bool(parsed(self._said, may_lack_bodies=b"HEAD" in self._request.data)[0])
        except Malformed:
            return True

    def _heard(self, *, ended: bool = False, cut: bool = False) -> Heard:
        return Heard(self._said, ended, cut, self._urged)


def _end(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # the server was faster
        writer.write_eof()


class Neighbour:
    """A client whose requests are good, and are to be answered as ever."""

    def __init__(self, port: int, stage: Stage) -> None:
        self._stage = stage
        self._http = httpx2.AsyncClient(
            base_url=f"http://{LOOPBACK}:{port}{stage.prefix}",
            headers={"Host": stage.authority},
            timeout=_GOOD_SECONDS,
        )
        self._turns = cycle((self._metadata, self._token, self._tokeninfo, self._page))
        self.answered = 0

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def faults(self) -> Iterable[str]:
        """What is wrong with the answer to the next request."""
        ask = next(self._turns)
        try:
            problem = await ask()
        except httpx2.TransportError as error:
            problem = repr(error)
        self.answered += 1
        return [f"a good request, {ask.__name__}: {problem}"] if problem else []

    async def _metadata(self) -> str:
        answer = await self._http.get("/.well-known/openid-configuration")
        return "" if answer.status_code == 200 and "issuer" in answer.json() else answer.text

    async def _token(self) -> str:
        form = {"grant_type": "client_credentials"}
        answer = await self._http.post("/oauth/token", data=form, auth=self._stage.machine)
        return "" if answer.status_code == 200 and "access_token" in answer.json() else answer.text

    async def _tokeninfo(self) -> str:
        bearer = {"Authorization": f"Bearer {self._stage.access_token}"}
        answer = await self._http.get("/oauth/tokeninfo", headers=bearer)
        return "" if answer.status_code == 200 and answer.json()["active"] else answer.text

    async def _page(self) -> str:
        answer = await self._http.get("/login", headers={"Accept": "text/html"})
        return "" if answer.status_code == 200 and "<form" in answer.text else answer.text


async def misbehave(
    port: int, requests: Iterable[BadRequest], neighbour: Neighbour, *, at_once: int = 40
) -> list[str]:
    """Send all of them, so many at a time; what must not be, with the request that showed it."""
    found: list[str] = []
    coming, numbers = iter(requests), count()

    async def go_on() -> None:
        for request in coming:
            heard = await Conversation(port, request).heard()
            if heard is not None:
                found.extend(_told(request, faults(request, heard)))
            if next(numbers) % _BAD_FOR_EACH_GOOD == 0:
                found.extend(await neighbour.faults())

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(go_on())
    return found


def _told(request: BadRequest, problems: Iterator[str]) -> Iterator[str]:
    for problem in problems:
        yield f"{request.name} {problem}; it said {list(request.pieces)!r:.1500}"
