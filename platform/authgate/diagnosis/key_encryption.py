"""The key-encryption key: that there is a strong one, and where it is kept."""

from collections.abc import Iterator
from pathlib import Path

from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, well
from authgate.installation import key_encryption_keys
from authgate.settings import KeySettings, Settings
from authgate.storage.database import sqlite_path
from authgate_tenants.key_encryption import (
    ExposedKeyEncryptionKey,
    KeyEncryptionKeyError,
    KeyProviderFailed,
    NoKeyEncryptionKey,
)

_NEW = "make one with `openssl rand -base64 32` and put it into the file that `keys.kek_file` names"

KEK_MISSING = Misconfiguration(
    code="kek-missing",
    area=Area.KEYS,
    wrong="There is no key-encryption key, or its file cannot be read.",
    why="What it has sealed opens with nothing else: without it there are no signing keys.",
    cure=f"Give back the one that was used; for a new installation {_NEW} (mode 0600).",
    refused=True,
)
KEK_WEAK = Misconfiguration(
    code="kek-weak",
    area=Area.KEYS,
    wrong="The key-encryption key is a placeholder, too short, or follows a pattern.",
    why="Whoever guesses it and has a copy of the database has every tenant's keys.",
    cure="Make another one with `openssl rand -base64 32`; where it has sealed something already,"
    " keep the former one in `keys.retired_keks` and run `authgate keys rewrap`.",
    refused=True,
)
KEK_EXPOSED = Misconfiguration(
    code="kek-exposed",
    area=Area.KEYS,
    wrong="Other users of the machine may read the file of the key-encryption key.",
    why="Whoever has it and a copy of the database has every tenant's keys.",
    cure="Run `chmod 600 {file}` if nobody has seen it; else replace it, and run"
    " `authgate keys rewrap`.",
    refused=True,
)
KEK_EMBEDDED = Misconfiguration(
    code="kek-embedded",
    area=Area.KEYS,
    wrong="The `prod` profile uses the key-encryption key that the `dev` profile makes up.",
    why="It lies in the working directory, beside what it seals and in every copy of that folder.",
    cure="Move it to where backups of the database do not go, and name that file in"
    " `keys.kek_file`.",
    refused=True,
)
KEK_BESIDE_DATA = Misconfiguration(
    code="kek-beside-data",
    area=Area.KEYS,
    wrong="The key-encryption key lies in one folder with the database, or with a copy of it.",
    why="Both together open everything: one lost backup is then enough.",
    cure="Move {file} to where backups of the database do not go, and name it in `keys.kek_file`.",
)

KEK_PROVIDER = Misconfiguration(
    code="kek-provider",
    area=Area.KEYS,
    wrong="The plugin that keeps the key-encryption key does not open it.",
    why="Nothing that is sealed can be opened: there are no signing keys.",
    cure="See that the plugin of `keys.provider` is installed, that its service can be reached and"
    " lets this installation in, and that the key is as `authgate keys wrap-kek` has printed it.",
    refused=True,
)

UNUSABLE = (KEK_MISSING, KEK_WEAK, KEK_EXPOSED, KEK_PROVIDER)
"""With any of these nothing that is sealed can be opened."""

_COPIES = (".sql", ".dump", ".db", ".sqlite", ".sqlite3", ".bak", ".backup", ".gz", ".zst", ".tar")


def findings(settings: Settings) -> Iterator[Finding]:
    """What is wrong with the key, or that nothing is."""
    keys = settings.keys
    if is_to_be_made(settings):
        return
    wrong = [*_unusable(keys)] or [*_misplaced(settings)]
    yield from wrong
    if not wrong:
        where = "keys.kek" if keys.kek else f"{keys.kek_file}, readable by its owner only"
        yield well(Area.KEYS, f"a strong key-encryption key in {where}")


def is_to_be_made(settings: Settings) -> bool:
    """Whether the first start makes the key: in the ``dev`` profile, where there is none."""
    keys = settings.keys
    made_here = settings.profile == "dev" and keys.kek is None and not keys.provider
    return made_here and not keys.kek_file.exists()


def _unusable(keys: KeySettings) -> Iterator[Finding]:
    try:
        key_encryption_keys(keys, may_create=False)
    except NoKeyEncryptionKey as error:
        yield KEK_MISSING.found(_first_sentence(error))
    except ExposedKeyEncryptionKey:
        mode = f"{keys.kek_file.stat().st_mode & 0o777:04o}"
        yield KEK_EXPOSED.found(f"{keys.kek_file} has mode {mode}", file=keys.kek_file)
    except KeyProviderFailed as error:
        yield KEK_PROVIDER.found(str(error).removesuffix("."))
    except KeyEncryptionKeyError as error:
        yield KEK_WEAK.found(_first_sentence(error))


def _first_sentence(error: KeyEncryptionKeyError) -> str:
    return str(error).partition(". ")[0]


def _misplaced(settings: Settings) -> Iterator[Finding]:
    keys = settings.keys
    if settings.profile == "dev" or keys.kek is not None:
        return
    if "kek_file" not in keys.model_fields_set:
        yield KEK_EMBEDDED.found(f"keys.kek_file is {keys.kek_file}, its default")
        return
    folder = keys.kek_file.absolute().parent
    for neighbour in _data(settings, folder):
        yield KEK_BESIDE_DATA.found(f"{keys.kek_file} beside {neighbour}", file=keys.kek_file)
        break


def _data(settings: Settings, folder: Path) -> Iterator[str]:
    if settings.database.is_sqlite:
        file = Path(sqlite_path(settings.database)).absolute()
        if file.parent == folder:
            yield file.name
    if folder.is_dir():
        yield from (each.name for each in sorted(folder.iterdir()) if each.suffix in _COPIES)
