"""``authgate demo``: from nothing to a running server with two tenants, in one command."""

import asyncio
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from authgate.cli import installed
from authgate.cli.demo import round_trip, seeding
from authgate.cli.demo.banner import print_banner
from authgate.cli.demo.shown_plugins import ShownPlugins
from authgate.cli.demo.site import FILE, SEEDS, DemoSite
from authgate.cli.demo.visit import Visit
from authgate.cli.failures import Conflict, Misused
from authgate.cli.operation import serve
from authgate.cli.output import Format, say
from authgate.cli.sign_in import login
from authgate.serving import PortTaken
from authgate.serving.listening_socket import listen
from authgate.settings import Settings
from authgate.storage import migrate
from authgate.storage.database import sqlite_path
from authgate.storage.sqlite import service_lock

Reset = Annotated[bool, typer.Option("--reset", help="Delete the demo's data and begin anew")]
Port = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port, or the next one that is free")
]
Headless = Annotated[
    bool, typer.Option("--headless", help="Sign in by the device flow without a person, and end")
]
PluginFolders = Annotated[
    list[Path] | None,
    typer.Option("--plugin", help="Folder of a plugin to show, installed or not; repeatable"),
]

_PORTS_TRIED = 20


def demo(
    reset: Reset = False,
    port: Port = None,
    headless: Headless = False,
    plugin: PluginFolders = None,
) -> None:
    """Start a server with two tenants, and tell how to get in."""
    with closing(ShownPlugins.of(plugin or [])) as shown:
        _run(shown, reset=reset, port=port, headless=headless)


def _run(shown: ShownPlugins, *, reset: bool, port: int | None, headless: bool) -> None:
    settings, wanted_port = _settings(port)
    FILE.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shown.pretend(settings.base_url, FILE.parent.resolve() / "pretend")
    settings = Settings()
    with service_lock.held(settings.database):
        if reset:
            _reset(settings)
        if not _database(settings).exists():
            say(f"✓ Create {_database(settings)} (SQLite, WAL)")
        site = asyncio.run(prepared(settings, shown))

    def show() -> None:
        print_banner(site, in_place_of=wanted_port, shown=shown)
        if headless:
            wanted = login.of_demo(headless=True)
            login.report(asyncio.run(login.signed_in(wanted)), Format.TABLE)
            asyncio.run(_sign_in_through(shown, site))

    visit = Visit(settings, then=show, ends_the_service=headless)
    visit.start()
    status = serve.run(settings)
    if visit.failure is not None:
        raise visit.failure
    raise typer.Exit(status)


def _settings(port: int | None) -> tuple[Settings, int | None]:
    """The settings of the demo, and the port that was wanted where another one is taken."""
    settings = Settings()
    if settings.profile == "prod":
        raise Misused("The demo is not for the prod profile.")
    if not settings.database.is_sqlite:
        raise Misused("The demo is kept in SQLite: unset AUTHGATE_DATABASE__URL.")
    wanted = port or settings.server.port
    free = _free_port(settings.server.host, wanted)
    chosen = settings.model_fields_set
    defaults = {"LOG_FORMAT": "console", "LOG_LEVEL": "warning"}
    defaults |= {"BASE_URL": f"http://localhost:{free}"}
    # The server's processes read the environment.
    os.environ["AUTHGATE_SERVER__PORT"] = str(free)
    for name, value in defaults.items():
        if name.lower() not in chosen:
            os.environ[f"AUTHGATE_{name}"] = value
    return Settings(), None if free == wanted else wanted


def _free_port(host: str, first: int) -> int:
    for port in range(first, min(first + _PORTS_TRIED, 65536)):
        try:
            listen(host=host, port=port).close()
        except PortTaken:
            continue
        return port
    raise Conflict(f"The ports {first} to {port} are taken: choose another with --port.")


def _reset(settings: Settings) -> None:
    database = _database(settings)
    if not database.exists():
        return
    if not FILE.exists():
        raise Conflict(f"{database} was not made by the demo: delete it yourself.")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    FILE.unlink()
    say(f"✓ Delete {database}")


def _database(settings: Settings) -> Path:
    return Path(sqlite_path(settings.database))


async def _sign_in_through(shown: ShownPlugins, site: DemoSite) -> None:
    if shown.certificate is None:
        return
    for connector in shown.connectors:
        for seed in SEEDS:
            await round_trip.sign_in(site.issuer(seed.slug), connector, believing=shown.certificate)
        at = " and ".join(seed.slug for seed in SEEDS)
        sys.stdout.write(f"✓ Signed in through {connector} at {at}\n")


async def prepared(settings: Settings, shown: ShownPlugins | None = None) -> DemoSite:
    """Bring the database up to date and fill it; where the demo is, and what opens it."""
    steps = await migrate.migrate(settings.database)
    if steps:
        say(f"✓ Apply {len(steps)} migrations")
    remembered = DemoSite.remembered()
    tenants = remembered.tenants if remembered else {}
    anew = {seed.slug: seeding.new_access(seed) for seed in SEEDS if seed.slug not in tenants}
    site = DemoSite(settings.base_url, tenants | anew)
    site.remember()
    async with installed.opened(settings) as parts:
        async for line in seeding.fill(parts, site, anew=anew.keys()):
            say(f"✓ {line}")
        if shown is not None:
            shown_to = [await installed.tenant(parts, seed.slug) for seed in SEEDS]
            async for line in shown.enable(parts, shown_to):
                say(f"✓ {line}")
    return site
