"""What a tenant's hostile plugin costs another tenant: ``python -m bench.hostile_plugins``.

Two tenants ask one server for tokens at a steady pace. One of them runs a plugin that means harm,
of one kind after the other, and without it in between. What is compared is the other one's 99th
percentile: with the plugin at most 1.2 times what it is without. A plugin that fails is left alone
after five times, as it would be in earnest: that is a part of what is measured.
"""

import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import postgres, report
from bench.authgate_server import Installation, served
from bench.load import Volley, drive
from bench.machine import Cores
from bench.scenario import WrongAnswer
from bench.scenarios.client_credentials import ClientCredentials
from bench.tenants import Tenant, made

_ROUNDS = 5
_SECONDS = 5
_BAR = 1.2

_KINDS: Mapping[str, tuple[str, str]] = {
    "sleeps": ("async def", "await asyncio.sleep(60)"),
    "blocks": ("def", "time.sleep(1)"),
    "throws": ("async def", "raise ValueError('x' * 1000)"),
    "exits": ("def", "sys.exit(1)"),
    "cancels": ("async def", "raise asyncio.CancelledError"),
    "swallows": (
        "async def",
        "\n    for _ in range(2):\n        try: await asyncio.sleep(1)\n"
        "        except asyncio.CancelledError: pass",
    ),
    "recurses": ("def", "deeper = lambda: deeper(); return deeper()"),
    "megabytes": ("async def", "return {'megabytes_x': 'x' * 5_000_000}"),
    "subclasses": ("async def", "return type('Evil', (dict,), {})(subclasses_x=1)"),
    "nonsense": ("async def", "return [float('nan')]"),
    "threads": ("def", "threading.Thread(target=time.sleep, args=(1,), daemon=True).start()"),
    "tasks": ("async def", "TASKS.append(asyncio.create_task(asyncio.sleep(1))); del TASKS[:-99]"),
}
_PLUGIN = """
import asyncio, sys, threading, time
from authgate.plugin_api import hookimpl

plugin_api_version = "1.1"
TASKS = []


@hookimpl
{definition} token_claims(request):
    {body}
"""


@dataclass(slots=True)
class _Met:
    """What the neighbour met, round by round, in milliseconds."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return median(self.beside) / median(self.alone)


def main() -> int:
    """Print a line for each kind; 1 where one of them costs more than it may."""
    cores = Cores.of_this_machine()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        postgres.cluster(Path(folder), cores.database) as cluster,
    ):
        plugins = Path(folder) / "plugins"
        for name, (definition, body) in _KINDS.items():
            _install(plugins, name, _PLUGIN.format(definition=definition, body=body))
        server = Installation("hostile", "uvicorn", Path(folder), cluster).finding(plugins)
        cluster.create(server.database)
        server.command("migrate")
        hostile, neighbour = made(server, 1, 2)
        with served(server, cores):
            _round(server, hostile, neighbour, cores)  # what is read once is read
            met = {name: _measured(server, name, hostile, neighbour, cores) for name in _KINDS}
    rows = [
        (name, f"{median(it.alone):.1f}", f"{median(it.beside):.1f}", f"{it.ratio:.2f}")
        for name, it in met.items()
    ]
    sys.stdout.write(report.table(("plugin", "p99 ms without", "p99 ms with", "ratio"), rows))
    sys.stdout.write("\n")
    return int(any(it.ratio > _BAR for it in met.values()))


def _measured(
    server: Installation, name: str, hostile: Tenant, neighbour: Tenant, cores: Cores
) -> _Met:
    met = _Met()
    for _ in range(_ROUNDS):
        server.command("tenant", "set", hostile.slug, "enabled_plugins=")
        met.alone.append(_round(server, hostile, neighbour, cores))
        server.command("tenant", "set", hostile.slug, f"enabled_plugins={name}")
        met.beside.append(_round(server, hostile, neighbour, cores))
    return met


def _round(server: Installation, hostile: Tenant, neighbour: Tenant, cores: Cores) -> float:
    """The neighbour's 99th percentile while both ask."""
    volley = Volley(_SECONDS, connections=4, core=cores.load, think_milliseconds=40)
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(
            drive, [hostile.asking(server.base_url)], ClientCredentials.expectation, volley
        )
        met = drive([neighbour.asking(server.base_url)], ClientCredentials.expectation, volley)
        other.result()
    if met.wrong or met.broken:
        raise WrongAnswer(f"{met.wrong + met.broken} wrong answers to the neighbour")
    return met.p99


def _install(folder: Path, name: str, source: str) -> None:
    module = f"bench_plugin_{name}"
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[authgate]\n{name} = {module}\n")
    (folder / f"{module}.py").write_text(source)


if __name__ == "__main__":
    sys.exit(main())
