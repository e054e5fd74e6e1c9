"""The application's start and stop (ASGI lifespan), the same under every server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from authgate.serving.asgi_types import ASGIApp, LifespanState, Message, Scope
from authgate.serving.errors import LifespanFailed

START_SECONDS = 60.0
STOP_SECONDS = 10.0


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[LifespanState]:
    """Start the application, and stop it on leaving; yields the state its requests share.

    An application that raises has failed to start: served without its start it might serve
    without its guards. Raises ``LifespanFailed``.
    """
    talk = _Talk(app)
    await talk.ask("startup", within=START_SECONDS)
    try:
        yield talk.state
    finally:
        await talk.ask("shutdown", within=STOP_SECONDS)


class _Talk:
    """The one call of the application that lasts from its start to its stop."""

    def __init__(self, app: ASGIApp) -> None:
        self.state: LifespanState = {}
        self._questions: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        scope: Scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        self._call = asyncio.ensure_future(app(scope, self._questions.get, self._answers.put))

    async def ask(self, phase: str, *, within: float) -> None:
        await self._questions.put({"type": f"lifespan.{phase}"})
        answer = asyncio.ensure_future(self._answers.get())
        await asyncio.wait(
            {answer, self._call}, timeout=within, return_when=asyncio.FIRST_COMPLETED
        )
        if not answer.done():
            answer.cancel()
            self._give_up(phase)
        elif answer.result()["type"] != f"lifespan.{phase}.complete":
            raise LifespanFailed(f"{phase} failed: {answer.result().get('message') or 'no reason'}")

    def _give_up(self, phase: str) -> None:
        if not self._call.done():
            self._call.cancel()
            raise LifespanFailed(f"the application did not finish its {phase} in time")
        raise LifespanFailed(f"the application left in its {phase}") from self._call.exception()
