"""Two tenants whose clients send the same requests at the same pace."""

import asyncio
from collections.abc import Awaitable, Callable

from authgate_tenants import Tenant
from authgate_testing.matrix.requests import App, Receive, Request, Scope, Send, passed_on

Hook = Callable[[Request, Request], Awaitable[None]]


class Lockstep:
    """An ASGI application before the server's: a request goes on when the other tenant's client has
    come as far. Then, while both wait, ``hook`` is called with both.

    No answer may hold the word that is in all that the other tenant has.
    """

    def __init__(
        self, app: App, tenants: tuple[Tenant, Tenant], words: tuple[str, str], hook: Hook
    ) -> None:
        self._app = app
        self._words = words
        self._hook = hook
        self._tenants = tenants
        self._here: dict[int, tuple[Request | None, asyncio.Future[None]]] = {}
        self._turn = asyncio.Lock()
        self._left = False
        self._said: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        side = self._side(scope["path"])
        body = await _body(receive)
        await self.both(side, Request.read(scope, body, prefix=self._tenants[side].prefix))
        async with self._turn:
            answer = await passed_on(self._app, scope, body)
            assert self._words[1 - side].encode() not in answer.body, scope["path"]
            self._said.append(f"{side} {scope['method']} {scope['path']} {answer.status}")
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def both(
        self, side: int, request: Request | None = None, once: Callable[[], None] | None = None
    ) -> None:
        """Wait for the other one; whoever comes last does what is to be done once."""
        assert not self._left, f"out of step: {self._said[-9:]}"
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._here[side] = (request, waiting)
        if len(self._here) == len(self._tenants):
            (ours, first), (theirs, second) = self._here[0], self._here[1]
            self._here = {}
            if ours is not None and theirs is not None:
                await self._hook(ours, theirs)
            else:
                assert ours is theirs is None, f"out of step: {ours} {theirs}"
            if once is not None:
                once()
            first.set_result(None)
            second.set_result(None)
        await waiting

    def leave(self, side: int) -> None:
        """Nothing comes from this side any more."""
        self._left = True
        for _, waiting in self._here.values():
            waiting.set_exception(AssertionError(f"out of step: {self._said[-9:]}"))

    def _side(self, path: str) -> int:
        return next(
            side
            for side, tenant in enumerate(self._tenants)
            if f"{path}/".startswith(f"{tenant.prefix}/")
        )


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
