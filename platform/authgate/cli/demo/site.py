"""What the demo consists of: two tenants with a user and two clients each.

Their passwords are random. The database holds hashes only, so they are kept in a file beside it
that nobody else may read, for the next start and for ``authgate login --demo``.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import orjson

FILE = Path(".authgate/demo.json")
DEVICE_CLIENT = "demo-cli"
MACHINE_CLIENT = "demo-machine"
DEVICE_SCOPES = ("openid", "profile", "email", "read", "write")
MACHINE_SCOPES = ("read", "write")


@dataclass(frozen=True, slots=True)
class Seed:
    """A tenant of the demo and its one user."""

    slug: str
    name: str
    brand_color: str
    username: str
    person: str


SEEDS = (
    Seed("northwind", "Northwind Robotics", "#0b7a75", "mira@northwind.example", "Mira Halvorsen"),
    Seed("globex", "Globex Energy", "#b3470f", "jon@globex.example", "Jon Okafor"),
)


@dataclass(frozen=True, slots=True)
class Access:
    """How to get into a tenant of the demo."""

    username: str
    password: str
    machine_secret: str


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Where the demo is, and what opens it."""

    base_url: str
    tenants: dict[str, Access]

    def issuer(self, slug: str) -> str:
        """The issuer of a tenant of the demo."""
        return f"{self.base_url}/t/{slug}"

    @classmethod
    def remembered(cls, file: Path = FILE) -> Self | None:
        """As it was started last; ``None`` where it never was."""
        try:
            told = orjson.loads(file.read_bytes())
            tenants = {slug: Access(**access) for slug, access in told["tenants"].items()}
            return cls(told["base_url"], tenants)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def remember(self, file: Path = FILE) -> None:
        """Write it down, readable by its owner only."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))
        fresh.replace(file)
