"""What a device shows while it waits for the person: the code, where to go, how long it holds."""

import asyncio
import io
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.text import Text

from authgate.cli.output import printable
from authgate.cli.sign_in.device_flow import Authorization

_WIDE_ENOUGH = 60


class DeviceDisplay:
    """Shows a code on standard error until the block ends."""

    def __init__(self, authorization: Authorization, *, console: Console | None = None) -> None:
        self._authorization = authorization
        self._console = console or Console(stderr=True, highlight=False)
        self._status = Status(self._waiting(), console=self._console)
        self._clock: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._instruct()
        if self._console.is_terminal:
            self._status.start()
            self._clock = asyncio.create_task(self._count_down())
        else:
            self._console.print(self._waiting())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._status.stop()

    def _instruct(self) -> None:
        told, show = self._authorization, self._console.print
        show("To sign in, open")
        # Not folded: a terminal that wraps by itself keeps the address in one piece.
        show(Text(f"  {printable(told.verification_uri)}", style="bold"), soft_wrap=True)
        show("and check that it shows this code:")
        show(Panel.fit(Text(printable(told.user_code), style="bold"), padding=(0, 3)))
        if told.verification_uri_complete and self._has_room:
            show(qr_code(told.verification_uri_complete))

    @property
    def _has_room(self) -> bool:
        return self._console.is_terminal and self._console.width >= _WIDE_ENOUGH

    def _waiting(self) -> str:
        minutes, seconds = divmod(int(self._authorization.seconds_left), 60)
        return f"waiting for approval, {minutes}:{seconds:02} left   Ctrl-C to give up"

    async def _count_down(self) -> None:
        while True:
            self._status.update(self._waiting())
            await asyncio.sleep(1)


def qr_code(content: str) -> Text:
    """A QR code in half blocks, light on dark whatever the terminal's own colours are."""
    import segno

    drawn = io.StringIO()
    segno.make(content, error="l", micro=False).terminal(out=drawn, border=2, compact=True)
    return Text(drawn.getvalue().rstrip("\n"), style="bright_white on black", no_wrap=True)
