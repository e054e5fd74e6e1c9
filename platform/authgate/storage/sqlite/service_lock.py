"""One service for one SQLite database: a second would keep its own limits, pacing and caches."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authgate.settings import DatabaseSettings
from authgate.storage import database


class DatabaseInUse(RuntimeError):
    """Another service works on this SQLite database."""


@contextmanager
def held(settings: DatabaseSettings) -> Iterator[None]:
    """Be the only service on this database; PostgreSQL takes any number. Raises ``DatabaseInUse``.

    A process whose parent is that service belongs to it: its supervisor holds the lock, so that
    a worker can be replaced while the former one still answers.
    """
    if not settings.is_sqlite:
        yield
        return
    path = f"{database.sqlite_path(settings)}.lock"
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(path, "a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _refuse_strangers(path)
        else:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        # The kernel lets go of the lock when the file is closed, however the process ends.
        yield


def _refuse_strangers(path: str) -> None:
    with open(path, encoding="ascii") as file:
        holder = file.read()
    if holder != str(os.getppid()):
        raise DatabaseInUse(
            f"{path.removesuffix('.lock')} is in use by process {holder}: SQLite takes one"
            " service. Stop the other one, or use PostgreSQL."
        )
