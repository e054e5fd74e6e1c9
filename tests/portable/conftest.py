"""A tenant that people have lived in, and somewhere to go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from authgate.portable import passphrase
from authgate.settings import KeySettings, Settings
from authgate_testing.doors import password_hash  # noqa: F401 - a fixture
from authgate_testing.lived import QUICK, Lived, lived_in


@pytest.fixture(scope="session", autouse=True)
def _derived_quickly() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("PASSES", "MEMORY_KIB", "LANES"), QUICK, strict=True):
            patch.setattr(passphrase, name, value)
        yield


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Settings:
    """Another installation: the other kind of database and another key."""
    other = "postgres_settings_of_own" if settings.database.is_sqlite else "sqlite_settings"
    changed = {
        "database": request.getfixturevalue(other),
        "keys": KeySettings(kek_file=tmp_path / "another-kek"),
    }
    return settings.model_copy(update=changed)


@pytest.fixture
async def lived(settings: Settings, password_hash: str, tmp_path: Path) -> Lived:  # noqa: F811
    """Somebody has lived at a tenant of one installation, and it is closed."""
    return await lived_in(settings, password_hash, tmp_path / "acme.authgate")
