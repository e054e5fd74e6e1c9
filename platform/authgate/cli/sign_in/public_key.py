"""``authgate public-key``: what a client is registered with that proves itself by a key."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from authgate.cli import web_client
from authgate.cli.failures import Failure, Misused
from authgate.cli.output import say
from authgate.cli.sign_in import sign_ins
from authgate.cli.sign_in.proving_key import ProvingKey

Issuer = Annotated[
    str | None, typer.Argument(help="Of the tenant that people sign in to with the key")
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--file", help="A machine's private key (PEM, P-256); made where there is none"),
]


def public_key(issuer: Issuer = None, file: KeyFile = None) -> None:
    """Show the public part of this machine's key as a JWK set, to register it with a client.

    The key is made where there is none yet, and never leaves this machine.
    """
    if (issuer is None) == (file is None):
        raise Misused("Name an issuer, or a file.")
    key = _of_machine(file) if file else _of_sign_in(web_client.checked(issuer or ""))
    sys.stdout.write(f"{json.dumps(key.jwks())}\n")
    say("Register it with a client: authgate client set CLIENT_ID jwks=@FILE, or the console.")


def read(file: Path) -> ProvingKey:
    """The key in a file. Raises ``Failure``."""
    try:
        return ProvingKey.from_pem(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(f"{file} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise Failure(
            f"{file} holds no private key on P-256 that is in the clear (PEM)."
        ) from error


def _of_machine(file: Path) -> ProvingKey:
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read(file)
    except OSError as error:
        raise Failure(f"{file} cannot be written ({error.strerror}).") from error
    key = ProvingKey.made()
    with open(opened, "w", encoding="utf-8") as fresh:
        fresh.write(key.to_pem())
    return key


def _of_sign_in(issuer: str) -> ProvingKey:
    with sign_ins.changing() as kept:
        if issuer not in kept.keys:
            kept.keys[issuer] = ProvingKey.made().to_pem()
        return ProvingKey.from_pem(kept.keys[issuer])
