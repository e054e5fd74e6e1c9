"""What a tenant's hostile plugin costs another tenant: ``python -m bench hostile-plugins``.

Two tenants use one server at a steady pace. One of them runs a plugin that means harm in every
hook that is asked while the server runs, of one kind after the other: it asks for tokens, and
people sign in. The other one asks for tokens. What is compared is its 99th percentile beside the
plugin with that of the same seconds before and after without it: at most 1.2 times. A plugin that
fails is left alone after five times, as it would be in earnest: that is a part of what is measured.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from authgate.plugin_api import hookspecs
from bench import report
from bench.authgate_server import Installation, served
from bench.exchange import Request
from bench.load import Expectation, Load, Volley, drive
from bench.machine import Cores
from bench.person import Person
from bench.postgres import Cluster
from bench.scenarios.client_credentials import ClientCredentials
from bench.slices import Round
from bench.tenants import made

_LINES = 8
_THINK_MILLISECONDS = 20
_SIGN_INS_EACH_MILLISECONDS = 1000
_SIGNED_IN = Expectation(303, ("",))
_NAME = "alice"

HOOKS = tuple(
    name
    for name, spec in vars(hookspecs).items()
    if hasattr(spec, "authgate_rules") and "http" in inspect.signature(spec).parameters
)
"""Those that are asked while a server runs."""

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
_HEAD = """
import asyncio, sys, threading, time
from authgate.plugin_api import hookimpl

plugin_api_version = "1.1"
TASKS = []
"""
_HOOK = """

@hookimpl
{definition} {hook}():
    {body}
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a plugin of one kind does to the neighbour."""

    name: str
    rounds: tuple[Round, ...]

    @property
    def ratio(self) -> float:
        """Of the middle p99 beside the plugin to that without it: a p99 is its slice's few slowest,
        so a ratio of each round would mostly be that of two accidents."""
        return self.middle(lambda turn: turn.beside.p99) / self.without

    @property
    def without(self) -> float:
        """The middle p99 of the slices without the plugin, in milliseconds."""
        return median([self.rounds[0].before.p99, *(each.after.p99 for each in self.rounds)])

    @property
    def complaint(self) -> str:
        """Why this must not be used."""
        wrong = sum(each.wrong for each in self.rounds)
        return f"{self.name}: {wrong} wrong answers to the neighbour" if wrong else ""

    def middle(self, figure: Callable[[Round], float]) -> float:
        """The median of *figure* over the rounds."""
        return median(map(figure, self.rounds))


def measure(
    rounds: int,
    seconds: int,
    *,
    cluster: Cluster,
    directory: Path,
    cores: Cores,
    say: Callable[[str], None],
) -> list[Kind]:
    """Each kind of plugin in turn, at one server on PostgreSQL."""
    home = directory / "hostile_plugins"
    home.mkdir()
    with _site(home, cluster, cores) as site:
        site.slice(seconds)  # warm
        return [_measured(site, name, rounds, seconds, say) for name in _KINDS]


def table(found: Sequence[Kind]) -> str:
    """A line for each kind."""
    head = ("plugin", "requests beside", "p99 ms", "p99 ms beside", "p99 ratio", "noise alone")
    return report.table(head, list(map(_line, found)))


def _line(each: Kind) -> tuple[str, ...]:
    return (
        each.name,
        f"{sum(turn.beside.requests for turn in each.rounds):,}",
        f"{each.without:.2f}",
        f"{each.middle(lambda turn: turn.beside.p99):.2f}",
        f"{each.ratio:.2f}",
        f"{each.middle(lambda turn: turn.noise):.2f}",
    )


@dataclass(frozen=True, slots=True)
class _Site:
    installation: Installation
    cores: Cores
    tenant: str
    """Who runs the plugin."""
    tokens: Request
    sign_in: Request
    neighbour: Request

    def enable(self, plugins: str) -> None:
        """Have the one tenant run these from now on."""
        self.installation.command("tenant", "set", self.tenant, f"enabled_plugins={plugins}")

    def slice(self, seconds: int) -> Load:
        """What the neighbour meets while all ask."""
        volley = Volley(seconds, _LINES, self.cores.load, think_milliseconds=_THINK_MILLISECONDS)
        people = Volley(seconds, 1, self.cores.load, think_milliseconds=_SIGN_INS_EACH_MILLISECONDS)
        expected = ClientCredentials.expectation
        with ThreadPoolExecutor(2) as beside:
            others = [
                beside.submit(drive, [self.tokens], expected, volley),
                beside.submit(drive, [self.sign_in], _SIGNED_IN, people),
            ]
            met = drive([self.neighbour], expected, volley)
            for each in others:
                each.result()
        return met


def _measured(
    site: _Site, name: str, rounds: int, seconds: int, say: Callable[[str], None]
) -> Kind:
    turns: list[Round] = []
    before = site.slice(seconds)
    for _ in range(rounds):
        site.enable(name)
        beside = site.slice(seconds)
        site.enable("")
        after = site.slice(seconds)
        turns.append(Round(before, beside, after))
        before = after
    kind = Kind(name, tuple(turns))
    say(f"hostile plugins: {name}, {kind.ratio:.2f}")
    return kind


@contextmanager
def _site(home: Path, cluster: Cluster, cores: Cores) -> Iterator[_Site]:
    plugins = home / "plugins"
    for name, (definition, body) in _KINDS.items():
        hooks = (_HOOK.format(definition=definition, hook=hook, body=body) for hook in HOOKS)
        _install(plugins, name, _HEAD + "".join(hooks))
    installation = Installation("hostile", "uvicorn", home, cluster).finding(plugins)
    cluster.create(installation.database)
    installation.command("migrate")
    hostile, neighbour = made(installation, 1, 2)
    printed = installation.command(
        "user", "create", _NAME, "--tenant", hostile.slug, "--email", f"{_NAME}@bench.example",
        "--output", "json",
    )  # fmt: skip
    base_url = installation.base_url
    with served(installation, cores):
        person = Person(hostile.site(base_url).issuer, _NAME, json.loads(printed)["password"])
        yield _Site(
            installation=installation,
            cores=cores,
            tenant=hostile.slug,
            tokens=hostile.asking(base_url),
            sign_in=person.sign_in(),
            neighbour=neighbour.asking(base_url),
        )


def _install(folder: Path, name: str, source: str) -> None:
    module = f"bench_plugin_{name}"
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[authgate]\n{name} = {module}\n")
    (folder / f"{module}.py").write_text(source)
