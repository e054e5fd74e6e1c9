"""``authgate config``."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, SecretStr

from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, Record, show_all
from authgate.settings import Settings

app = Noun()

_MASK = "***"


@app.callback()
def config() -> None:
    """Show the settings."""


@app.verb("show", example="config show")
def show_(output: Output = Format.TABLE) -> None:
    """List every setting with its value and where that comes from. Secrets are masked."""
    show_all(list(_settings(Settings())), output)


def _settings(section: BaseModel, prefix: str = "") -> Iterator[Record]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _settings(value, f"{prefix}{name}.")
        else:
            yield {
                "setting": f"{prefix}{name}",
                "value": _shown(name, value),
                "from": "chosen" if name in section.model_fields_set else "default",
            }


def _shown(name: str, value: object) -> object:
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        return without_password(secret) if name.endswith("url") else _MASK
    if isinstance(value, tuple):
        return [_shown(name, each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def without_password(url: str) -> str:
    """The URL with its password blotted out, and without a query, which may hold one too."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    return urlunsplit(
        parts._replace(netloc=f"{user}{colon}{_MASK if colon else ''}{at}{host}", query="")
    )
