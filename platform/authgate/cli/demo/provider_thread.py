"""The pretend provider, beside the demo's supervisor, which has the main thread."""

import asyncio
import threading
from pathlib import Path

from authgate.cli.failures import Failure
from authgate.pretend import host
from authgate.pretend.provider import PretendProvider

_PATIENCE_SECONDS = 10.0


class ProviderThread(threading.Thread):
    """Serves until it is closed, or the process ends."""

    def __init__(self, certificate: tuple[Path, Path], *, callbacks: str, port: int = 0) -> None:
        super().__init__(name="pretend-provider", daemon=True)
        self._certificate = certificate
        self._callbacks = callbacks
        self._port = port
        self._ready = threading.Event()
        self._served: list[PretendProvider] = []
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def serving(self) -> PretendProvider:
        """Start, and wait until it serves; the provider. Raises ``Failure``."""
        self.start()
        if not self._ready.wait(_PATIENCE_SECONDS) or not self._served:
            raise Failure("The pretend provider did not start.")
        return self._served[0]

    def close(self) -> None:
        """End it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self.join()

    def run(self) -> None:
        """Serve, at another port where the wanted one is taken."""
        try:
            try:
                asyncio.run(self._serve(self._port))
            except OSError:
                asyncio.run(self._serve(0))
        finally:
            self._ready.set()

    async def _serve(self, port: int) -> None:
        async with host.opened(self._certificate, port=port) as running:
            running.site = provider = PretendProvider(running.name, callbacks=self._callbacks)
            self._loop = asyncio.get_running_loop()
            self._served.append(provider)
            self._ready.set()
            await self._end.wait()
