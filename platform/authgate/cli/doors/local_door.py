"""The installation of this machine as a door to the admin API: its operators need no token."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from urllib.parse import unquote

from authgate.admin.api import API
from authgate.api import problems
from authgate.api.access import Caller
from authgate.api.problems import Problem
from authgate.api.router import Router
from authgate.cli import installed
from authgate.cli.client.grant_names import GRANTS
from authgate.cli.doors.admin_api import Answer, Asked
from authgate.installation import Installation
from authgate.permissions import UserRole
from authgate.tokens.admin_scopes import Scope
from authgate.web.machine import MachineRequest, Reply


class LocalDoor:
    """Has the operations performed in this process."""

    def __init__(self, parts: Installation, runner: asyncio.Runner) -> None:
        self._router = Router(api=API, parts=parts, grant_types=list(GRANTS.values()))
        self._runner = runner
        self._operator = Caller(
            installed.operator(),
            client_id="",
            role=UserRole.OWNER,
            scopes=frozenset(each.value for each in Scope),
        )

    def send(self, asked: Asked) -> Answer:
        """The answer."""
        return self._runner.run(self._answer(_request(asked)))

    async def _answer(self, request: MachineRequest) -> Answer:
        try:
            route = self._router.found(request)
            return _told(await self._router.perform(route, self._operator, request))
        except Problem as problem:
            return _told(problems.reply(problem, request.request_id))


@contextmanager
def opened(slug: str) -> Iterator[LocalDoor]:
    """The door to a tenant of this environment's installation. Raises ``NotFound``."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            parts, _ = runner.run(stack.enter_async_context(installed.inside(slug)))
            yield LocalDoor(parts, runner)
        finally:
            runner.run(stack.aclose())


def _request(asked: Asked) -> MachineRequest:
    path, _, query = f"{API.base}{asked.path}".partition("?")
    return MachineRequest(
        method=asked.method,
        path=unquote(path),
        query=query.encode(),
        headers=[(name.lower().encode(), text.encode()) for name, text in asked.headers.items()],
        body=asked.body,
        client_ip="",
        request_id=uuid.uuid4().hex,
        raw_path=path.encode(),
    )


def _told(reply: Reply) -> Answer:
    headers = {
        name.decode(): value.decode("latin-1") for name, value in (*reply.headers, *reply.own)
    }
    return Answer(reply.status, headers, reply.body)
