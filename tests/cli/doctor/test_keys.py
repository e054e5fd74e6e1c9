"""``authgate doctor`` on keys: the one that seals, and the tenants' that sign."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from authgate.settings import DatabaseSettings
from authgate_tenants.key_encryption import create_kek_file
from authgate_testing import PostgresServer
from authgate_testing.doctor import Doctor

Execute = Callable[..., None]


def kek_of(folder: Path) -> Path:
    """The file in which the key is that the first command made."""
    return folder / ".authgate/kek"


@pytest.mark.parametrize("kek", ["changeme", "abcd", "ab" * 32, "A" * 44])
def test_a_key_that_can_be_guessed_is_found(dev: Doctor, kek: str) -> None:
    os.environ["AUTHGATE_KEYS__KEK"] = kek
    dev.finds("kek-weak")


def test_a_former_key_that_can_be_guessed_is_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_KEYS__RETIRED_KEKS"] = '["changeme"]'
    dev.finds("kek-weak")


def test_a_plugin_that_does_not_open_the_key_is_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_KEYS__PROVIDER"] = "nobody"
    found = dev.finds("kek-provider")["found"]
    assert found == "No plugin 'nobody' that keeps keys is installed"


def test_a_key_s_file_that_others_may_read_is_found(dev: Doctor, tmp_path: Path) -> None:
    kek_of(tmp_path).chmod(0o644)
    assert dev.finds("kek-exposed")["found"] == ".authgate/kek has mode 0644"


def test_a_key_that_is_lost_is_found_and_no_other_is_made(dev: Doctor, tmp_path: Path) -> None:
    kek_of(tmp_path).unlink()
    assert dev.finds("kek-missing")["found"] == ".authgate/kek is not there, and acme is"
    assert not kek_of(tmp_path).exists()


def test_a_key_that_is_missing_in_production_is_found(prod: Doctor, tmp_path: Path) -> None:
    (tmp_path / "keys/kek").unlink()
    prod.finds("kek-missing")


def test_the_key_that_development_makes_up_is_found_in_production(prod: Doctor) -> None:
    os.environ["AUTHGATE_KEYS__KEK"] = Path(os.environ["AUTHGATE_KEYS__KEK_FILE"]).read_text()
    prod.finds()
    kek = Path(".authgate/kek")
    kek.parent.mkdir()
    Path(os.environ.pop("AUTHGATE_KEYS__KEK_FILE")).rename(kek)
    del os.environ["AUTHGATE_KEYS__KEK"]
    prod.finds("kek-embedded")


@pytest.mark.parametrize("copy", ["backup.sql.gz", "authgate.dump", "authgate.db"])
def test_a_key_beside_a_copy_of_what_it_seals_is_found(
    prod: Doctor, tmp_path: Path, copy: str
) -> None:
    (tmp_path / "keys" / copy).touch()
    assert copy in prod.finds("kek-beside-data")["found"]


def test_a_key_beside_the_database_is_found(prod_on_sqlite: Doctor, tmp_path: Path) -> None:
    moved = Path(os.environ["AUTHGATE_KEYS__KEK_FILE"]).rename(tmp_path / "kek")
    os.environ["AUTHGATE_KEYS__KEK_FILE"] = str(moved)
    prod_on_sqlite.finds("kek-beside-data", "sqlite-in-production")


def test_another_key_than_the_one_that_sealed_is_found(dev: Doctor, tmp_path: Path) -> None:
    kek_of(tmp_path).unlink()
    create_kek_file(kek_of(tmp_path))
    dev.finds("kek-unknown")


def test_a_former_key_that_is_still_needed_is_found(dev: Doctor, tmp_path: Path) -> None:
    former = kek_of(tmp_path).read_text().strip()
    os.environ["AUTHGATE_KEYS__KEK"] = secrets.token_hex(32)
    os.environ["AUTHGATE_KEYS__RETIRED_KEKS"] = f'["{former}"]'
    dev.finds("rewrap-pending")
    assert dev.command("keys", "rewrap").code == 0
    dev.finds()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("state = 'revoked' WHERE state = 'active'", "signing-key-missing"),
        ("state = 'retiring' WHERE state = 'pending'", "signing-key-alone"),
        ("activated_at = datetime(activated_at, '-91 days')", "signing-key-old"),
    ],
)
def test_a_tenant_s_keys_that_are_not_in_order_are_found(
    dev: Doctor, on_sqlite: Execute, change: str, code: str
) -> None:
    on_sqlite(f"UPDATE signing_keys SET {change}")  # noqa: S608 - ours, from above
    assert "acme" in dev.finds(code)["found"]


def test_a_key_that_is_old_on_postgresql_is_found(
    dev_on_postgres: Doctor, postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    database = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    postgres.execute(
        "UPDATE signing_keys SET activated_at = activated_at - interval '400 days'",
        database=database,
    )
    found = dev_on_postgres.finds("signing-key-old")
    assert found["found"] == "acme signs with one that is 400 days old"
    assert found["cure"] == "Run `authgate keys rotate --tenant acme`."


@pytest.mark.parametrize("code", ["signing-key-missing", "signing-key-alone"])
def test_the_cure_for_keys_that_are_missing_cures(
    dev: Doctor, on_sqlite: Execute, code: str
) -> None:
    state = "active" if code == "signing-key-missing" else "pending"
    on_sqlite("UPDATE signing_keys SET state = 'revoked' WHERE state = ?", state)
    cure = dev.finds(code)["cure"].partition("`authgate ")[2].partition("`")[0]
    assert dev.command(*cure.split()).code == 0
    dev.finds()
