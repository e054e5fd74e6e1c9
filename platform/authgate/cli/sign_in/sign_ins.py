"""Who is signed in where, in a file that nobody else may read."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from authgate.cli.doors.apis import ADMIN, WhichApi
from authgate.cli.failures import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A person's sign-in to one issuer."""

    issuer: str
    client_id: str
    name: str
    """Whose it is, for people."""

    scope: str
    access_token: str
    expires_at: float
    """When the access token ends, in seconds since 1970."""

    refresh_token: str | None
    token_endpoint: str
    revocation_endpoint: str | None
    by_key: bool = False
    """Whether its client proves itself by this machine's key for the issuer."""

    api: str = ADMIN.base
    """Which API of the issuer its tokens are for: where that is, below the issuer."""

    @property
    def place(self) -> str:
        """What it is found by: one person may be signed in for each API."""
        return _place(self.issuer, self.api)


@dataclass(slots=True)
class SignIns:
    """All of one person on one machine."""

    active: str | None = None
    """The issuer that commands go to by themselves."""

    operating: str | None = None
    """The issuer that commands of operators go to by themselves."""

    by_place: dict[str, SignIn] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """This machine's private keys (PEM), by the issuers that they are registered at: they outlive
    sign-ins."""

    def keep(self, sign_in: SignIn) -> None:
        """Remember it, instead of a former one for the same API of the issuer."""
        self.by_place[sign_in.place] = sign_in

    def go_to(self, sign_in: SignIn) -> None:
        """Let commands go there by themselves."""
        if sign_in.api == ADMIN.base:
            self.active = sign_in.issuer
        else:
            self.operating = sign_in.issuer

    def forget(self, sign_in: SignIn) -> None:
        """Have nobody signed in there."""
        self.by_place.pop(sign_in.place, None)
        if sign_in.api == ADMIN.base and self.active == sign_in.issuer:
            self.active = None
        if sign_in.api != ADMIN.base and self.operating == sign_in.issuer:
            self.operating = None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """As they were written down. Raises ``ValueError``, ``KeyError`` and ``TypeError``."""
        told = json.loads(text)
        kept = [SignIn(**each) for each in told["sign_ins"]]
        by_place = {each.place: each for each in kept}
        return cls(told["active"], told.get("operating"), by_place, dict(told.get("keys", {})))

    def to_json(self) -> str:
        """As they are written down."""
        told = {
            "active": self.active,
            "operating": self.operating,
            "sign_ins": [asdict(each) for each in self.by_place.values()],
            "keys": self.keys,
        }
        return json.dumps(told, indent=2)


def place(issuer: str, api: WhichApi) -> str:
    """What a sign-in for an API of an issuer is found by."""
    return _place(issuer, api.base)


def _place(issuer: str, base: str) -> str:
    return issuer if base == ADMIN.base else f"{issuer}{base}"


def file() -> Path:
    """Where they are: the place for what a person has chosen (XDG Base Directory)."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "authgate" / "sign-ins.json"


def remembered() -> SignIns:
    """As they are now. Raises ``Failure`` for a file that is something else."""
    path = file()
    try:
        return SignIns.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return SignIns()
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"{path} cannot be read: remove it, and sign in anew.") from error


@contextmanager
def changing() -> Iterator[SignIns]:
    """Be the only one to change them, until the block ends. What fails changes nothing."""
    path = file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(_private(path.with_suffix(".lock")), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = remembered()
        before = found.to_json()
        yield found
        if (after := found.to_json()) != before:
            _write(path, after)


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(_private(fresh), "w", encoding="utf-8") as opened:
        opened.write(text)
    fresh.replace(path)


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
