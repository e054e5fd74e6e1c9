"""Files that hold secrets: who may read them, and what lies beside them."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from authgate import secret_files
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration
from authgate.settings import Settings
from authgate.storage.database import sqlite_path
from authgate_tenants.key_encryption import is_exposed

EXPOSED_SETTINGS = Misconfiguration(
    code="exposed-settings",
    area=Area.SECRETS,
    wrong="`authgate.toml` holds secrets, and other users of the machine may read it.",
    why="Every program on the machine has them.",
    cure="Run `chmod 600 {file}`, and change the secrets if somebody may have seen them.",
)
EXPOSED_SECRET_FILE = Misconfiguration(
    code="exposed-secret-file",
    area=Area.SECRETS,
    wrong="A file that a variable ending in `_FILE` names may be read by other users.",
    why="Every program on the machine has the secret.",
    cure="Run `chmod 600 {file}`, and change the secret if somebody may have seen it.",
)
EXPOSED_CERTIFICATE_KEY = Misconfiguration(
    code="exposed-certificate-key",
    area=Area.ADDRESS,
    wrong="Other users may read the key of the TLS certificate.",
    why="Whoever has it can pass for this server.",
    cure="Run `chmod 600 {file}`, and replace certificate and key if somebody may have seen it.",
)
EXPOSED_DATABASE = Misconfiguration(
    code="exposed-database",
    area=Area.DATABASE,
    wrong="Other users of the machine may read the SQLite database.",
    why="It holds people's names and addresses, and the hashes of their passwords.",
    cure="Run `chmod 600 {file}`.",
)

_SETTINGS_FILE = Path("authgate.toml")
_VARIABLE = "AUTHGATE_{}_FILE"


def findings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Files that others may read, each with its mode."""
    if _holds_secrets(_SETTINGS_FILE):
        yield from _exposed(EXPOSED_SETTINGS, _SETTINGS_FILE)
    for name in secret_files.names(Settings):
        file = environment.get(_VARIABLE.format(name.upper().replace(".", "__")))
        if file:
            yield from _exposed(EXPOSED_SECRET_FILE, Path(file))
    if settings.server.certificate_key_file is not None:
        yield from _exposed(EXPOSED_CERTIFICATE_KEY, settings.server.certificate_key_file)
    if settings.database.is_sqlite:
        for suffix in ("", "-wal"):
            file_of_rows = Path(f"{sqlite_path(settings.database)}{suffix}")
            yield from _exposed(EXPOSED_DATABASE, file_of_rows)


def _exposed(kind: Misconfiguration, file: Path) -> Iterator[Finding]:
    try:
        status = file.stat()
    except OSError:
        return  # told of where it is read
    if is_exposed(status.st_mode, owner=status.st_uid, reader=os.geteuid()):
        yield kind.found(f"{file} has mode {status.st_mode & 0o777:04o}", file=file)


def _holds_secrets(file: Path) -> bool:
    try:
        said = tomllib.loads(file.read_text())
    except (OSError, ValueError):
        return False
    return any(
        _is_in(said, name.split(".")) for name in (*secret_files.names(Settings), "keys.kek")
    )


def _is_in(table: object, path: list[str]) -> bool:
    for part in path:
        if not isinstance(table, dict) or part not in table:
            return False
        table = table[part]
    return True
