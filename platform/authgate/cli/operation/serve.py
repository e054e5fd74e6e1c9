"""``authgate serve``."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import ExitStack
from enum import StrEnum
from typing import Annotated

import typer

from authgate import installation, serving
from authgate.diagnosis import production
from authgate.serving import ServeOptions
from authgate.settings import Settings
from authgate.storage import fitness
from authgate.storage.sqlite import service_lock
from authgate.telemetry import logs, tracing
from authgate.telemetry.shared_folder import shared_folder


class Kind(StrEnum):
    """The servers there are."""

    HYPERCORN = "hypercorn"
    UVICORN = "uvicorn"


Host = Annotated[str | None, typer.Option(help="Address to listen on")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on")]
Workers = Annotated[int | None, typer.Option(min=1, max=64, help="Server processes")]
Server = Annotated[Kind | None, typer.Option(help="uvicorn serves more behind a proxy")]


def serve(
    host: Host = None, port: Port = None, workers: Workers = None, server: Server = None
) -> None:
    """Serve requests until told to stop; what is not given here comes from the settings."""
    settings = _settings({"HOST": host, "PORT": port, "WORKERS": workers, "KIND": server})
    production.refuse(settings)
    asyncio.run(_refuse_unfit(settings))
    raise typer.Exit(run(settings))


def _settings(given: Mapping[str, object]) -> Settings:
    # Workers read the environment: what is said on the command line has to hold there.
    for name, value in given.items():
        if value is not None:
            os.environ[f"AUTHGATE_SERVER__{name}"] = str(value)
    settings = Settings()
    if "base_url" not in settings.model_fields_set:
        os.environ["AUTHGATE_BASE_URL"] = f"http://localhost:{settings.server.port}"
    return Settings()


def run(settings: Settings) -> int:
    """Serve with these settings, which must be those of the environment; the exit status."""
    logs.configure(settings)
    tracing.require_installed(settings.tracing)
    with ExitStack() as stack:
        stack.enter_context(service_lock.held(settings.database))
        if settings.server.workers > 1:
            stack.enter_context(shared_folder())
        return serving.run(options(settings))


def options(settings: Settings) -> ServeOptions:
    """How to serve, as the settings say."""
    server = settings.server
    return ServeOptions(
        host=server.host,
        port=server.port,
        workers=server.workers,
        kind=server.kind,
        certfile=server.certificate_file,
        keyfile=server.certificate_key_file,
        drain_seconds=server.drain_seconds,
        connections=server.connections,
        connections_per_address=server.connections_per_address,
        stalled_seconds=server.stalled_seconds,
        trusted_proxies=server.trusted_proxies,
    )


async def _refuse_unfit(settings: Settings) -> None:
    # The workers look as well; here it is one line and an exit code. A database that is away is
    # waited for, and before anybody can connect: a restart must not depend on the moment.
    logs.configure(settings)
    async with installation.opened(settings):
        await fitness.wait(settings.database)
