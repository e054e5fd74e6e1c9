"""AuthGate with less patience: what waits for minutes to be done again waits for seconds.

``python -m authgate_testing.faults.hurried`` serves as ``authgate serve`` would, so that within a
storm of a minute what a killed one has left is taken up by another, again and again.
"""

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from authgate import serving
from authgate.cli.operation.serve import options
from authgate.settings import Settings
from authgate.telemetry import logs
from authgate.web.edge import App
from authgate.web.exchange import Message, Receive, Scope, Send

LEASE_SECONDS = 4.0
"""Who has said nothing for so long is followed by another one."""

LATE_SECONDS = 15.0
"""Between what happens and its COMMIT is less than this, however busy the machine."""

WORKER = "x-worker"
"""Has the process id of whoever answers."""

_ROUND_SECONDS = 3.0
_LEASE = timedelta(seconds=LEASE_SECONDS)
_AGAIN_AFTER_SECONDS = (1.0,) * 30

_SHORTER: dict[str, dict[str, Any]] = {
    "authgate.background.handlers": {"SILENCE": _LEASE},
    "authgate.background.schedule": dict.fromkeys(
        (
            "_LOGOUTS_SECONDS",
            "_MAILS_SECONDS",
            "_KEPT_SECONDS",
            "_EXPORTS_SECONDS",
            "_LEAVERS_SECONDS",
            "_USAGE_SECONDS",
        ),
        _ROUND_SECONDS,
    ),
    "authgate.exports.writing": {"PIECE": 30_000, "SECONDS": 0.3},
    "authgate.jobs.celery_settings": {"_DELIVER_AGAIN_AFTER_SECONDS": 2 * LEASE_SECONDS},
    "authgate.jobs.performer": {"KEEP_SECONDS": LEASE_SECONDS / 4},
    "authgate.mail.delivery": {"AGAIN_AFTER_SECONDS": _AGAIN_AFTER_SECONDS},
    "authgate.oidc.backchannel_logout": {"AGAIN_AFTER_SECONDS": _AGAIN_AFTER_SECONDS},
    "authgate.storage.export_files": {"SILENCE": _LEASE, "ATTEMPTS": 50},
    "authgate.storage.jobs.kept_jobs": {"SILENCE": _LEASE},
    "authgate.storage.jobs.periodic_jobs": {"LEASE_SECONDS": LEASE_SECONDS},
    "authgate.storage.mail.mails": {"LEASE": _LEASE},
    "authgate.storage.metering.roll_up": {"LATE": timedelta(seconds=LATE_SECONDS)},
    "authgate.storage.sign_in.logout_deliveries": {"LEASE": _LEASE},
}


def hurry() -> None:
    """Have this process be of little patience."""
    for name, shorter in _SHORTER.items():
        module = importlib.import_module(name)
        for each, value in shorter.items():
            assert hasattr(module, each), f"{name}.{each}"
            setattr(module, each, value)


class Altered:
    """The server, altered as soon as it starts."""

    def __init__(self, *alterations: Callable[[], None]) -> None:
        self._alterations = alterations
        self._app: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            for each in self._alterations:
                each()
            from authgate.asgi import app

            self._app = app
        await self._app(scope, receive, _signed(send))


def _signed(send: Send) -> Send:
    """Say who answers: a host with a worker that is stuck has others that are not."""

    async def sign(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (WORKER.encode(), str(os.getpid()).encode())]
        await send(message)

    return sign


hurried = Altered(hurry)


def serve(app: str) -> int:
    """Serve an application as ``authgate serve`` would; the exit status."""
    settings = Settings()
    logs.configure(settings)
    return serving.run(replace(options(settings), app=app))


if __name__ == "__main__":
    sys.exit(serve("authgate_testing.faults.hurried:hurried"))
