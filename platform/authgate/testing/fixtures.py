"""What pytest is told of: the server that contracts share, and the plugin of the folder."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from authgate.plugin_manager.source_folder import SourceFolder, UnfitFolder

if TYPE_CHECKING:
    from authgate.testing.server import RealServer

_SITE = pytest.StashKey["TemporaryDirectory[str]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Have the plugin of the folder found, whether it is installed or not."""
    try:
        folder = SourceFolder.read(config.rootpath)
    except UnfitFolder:
        return
    if folder.is_installed:
        return
    site = TemporaryDirectory(prefix="authgate-plugin-")
    config.stash[_SITE] = site
    config.add_cleanup(site.cleanup)
    folder.put_on_path(Path(site.name))


@pytest.fixture(scope="session")
def authgate_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, to be copied."""
    from authgate.testing.server import make_database

    path = tmp_path_factory.mktemp("authgate-database") / "template.db"
    make_database(path)
    return path


@pytest.fixture(scope="module")
def authgate_server(
    authgate_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["RealServer"]:
    """AuthGate itself, for all tests of a file."""
    from authgate.testing.server import running

    with running(authgate_database, tmp_path_factory.mktemp("authgate")) as server:
        yield server
