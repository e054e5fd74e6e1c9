"""The start and end of a server process: what it needs is open for exactly as long as it serves."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog

from authgate.web.edge import App, Edge
from authgate.web.exchange import Receive, Scope, Send

_log = structlog.get_logger(__name__)


class NotStarted(RuntimeError):
    """A request came before the server had started, or after it had ended."""


class Lifespan:
    """An ASGI application that opens the real one when the server says so (ASGI lifespan)."""

    def __init__(self, serving: Callable[[], AbstractAsyncContextManager[App]]) -> None:
        self._serving = serving
        self._app: App | None = None

    @property
    def machine_door(self) -> Edge | None:
        """The short way to the machine endpoints while the application is open, if it has one."""
        return self._app if isinstance(self._app, Edge) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is None:
            raise NotStarted
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        phase = "startup"
        try:
            async with self._serving() as app:
                self._app = app
                await send({"type": "lifespan.startup.complete"})
                await receive()
                phase = "shutdown"
                self._app = None
        except Exception as error:  # noqa: BLE001  # told to the server, which ends
            _log.error("the server has failed", phase=phase, exc_info=error)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})
