"""Secrets that are handed over as files, as containers, Kubernetes and systemd do it.

What ``AUTHGATE_REDIS_URL`` would hold may be in the file that ``AUTHGATE_REDIS_URL_FILE`` names: an
environment is inherited by every child, and shown to whoever may list processes.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, SecretStr
from pydantic_settings import EnvSettingsSource, SettingsError

_SUFFIX = "_file"


class SecretFileError(SettingsError):
    """A secret cannot be read from the file that was named. Says which variable."""


class Environment(EnvSettingsSource):
    """Settings from the environment and from the files that it names.

    A file holds what the variable would; the line break at its end is none of it. Raises
    ``SecretFileError``.
    """

    def _load_env_vars(self) -> Mapping[str, str | None]:
        given = dict(super()._load_env_vars())
        for name in names(self.settings_cls):
            variable = f"{self.env_prefix}{name.replace('.', '__')}".lower()
            path = given.pop(f"{variable}{_SUFFIX}", None)
            if path:
                if given.get(variable) is not None:
                    raise SecretFileError(f"{_both(variable)} are both set: keep one of them.")
                given[variable] = _content(path, f"{variable}{_SUFFIX}".upper())
        return given


def names(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every secret that may come from a file, as ``database.url``.

    One with a setting for its file, such as ``keys.kek`` with ``keys.kek_file``, is left out.
    """
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from names(kind, f"{prefix}{name}.")
        elif _is_secret(kind) and f"{name}{_SUFFIX}" not in section.model_fields:
            yield f"{prefix}{name}"


def _is_secret(kind: object) -> bool:
    return kind is SecretStr or any(map(_is_secret, get_args(kind)))


def _both(variable: str) -> str:
    return f"{variable.upper()} and {variable.upper()}{_SUFFIX.upper()}"


def _content(path: str, variable: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SecretFileError(f"{variable}: cannot read {path}: {reason}.") from error
    if not text:
        raise SecretFileError(f"{variable}: {path} is empty.")
    return text
