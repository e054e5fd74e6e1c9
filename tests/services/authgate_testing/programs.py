"""Where the programs lie that the tests start."""

import os
import shutil
from pathlib import Path

# Debian keeps PgBouncer off an ordinary user's PATH.
_ALSO = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")


class MissingProgram(Exception):
    """A program that the tests need is not installed."""

    def __init__(self, *, names: tuple[str, ...], package: str) -> None:
        """Name the program and the Debian package that brings it."""
        super().__init__(
            f"{' or '.join(names)} is not installed. `make services` installs all that the tests "
            f"need on Debian and Ubuntu; elsewhere install {package}."
        )


def find(*names: str, package: str) -> Path:
    """Return the first of these programs that is installed; raises MissingProgram."""
    path = os.pathsep.join((*_postgres_folders(), os.environ.get("PATH", os.defpath), *_ALSO))
    for name in names:
        if found := shutil.which(name, path=path):
            return Path(found)
    raise MissingProgram(names=names, package=package)


def _postgres_folders() -> list[str]:
    """Newest first.

    Debian keeps the server's programs off the PATH, and has a Perl script there that looks for
    the client's. Whoever asks for ``psql`` a thousand times asks for the program itself.
    """
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return [str(folder) for folder in sorted(versions, key=_version, reverse=True)]


def _version(folder: Path) -> float:
    return float(folder.parent.name)
