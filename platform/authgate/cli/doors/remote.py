"""The way to a tenant's API by HTTP: as whom, and with which client."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from authgate.cli import web_client
from authgate.cli.doors.administered import (
    CLIENT_ID,
    CLIENT_KEY_FILE,
    CLIENT_SECRET,
    CLIENT_SECRET_FILE,
    ISSUER,
)
from authgate.cli.doors.apis import ADMIN, WhichApi
from authgate.cli.doors.bearers import Bearer, Machine, Person
from authgate.cli.doors.remote_door import RemoteDoor
from authgate.cli.failures import Misused
from authgate.cli.sign_in.proofs import ByKey


@contextmanager
def opened(issuer: str, api: WhichApi = ADMIN) -> Iterator[RemoteDoor]:
    """An API of this issuer. Raises ``Misused`` where it may not be told a token."""
    issuer = web_client.checked(issuer)
    with web_client.asking(issuer) as http:
        yield RemoteDoor(issuer, bearer(issuer, http, api), http, api=api)


def bearer(issuer: str, http: httpx2.Client, api: WhichApi = ADMIN) -> Bearer:
    """Whoever acts at this issuer: the machine of the environment, or a person."""
    return machine(issuer, http, api) or Person(issuer, http, api)


def machine(issuer: str, http: httpx2.Client, api: WhichApi = ADMIN) -> Machine | None:
    """The machine of the environment. Its secret is told to nobody but its own issuer, and a key
    to nobody at all."""
    client_id, own = os.environ.get(CLIENT_ID), os.environ.get(ISSUER)
    if not client_id:
        return None
    if own is None:
        raise Misused(f"{CLIENT_ID} goes with {ISSUER}, whose client it is.")
    if own.rstrip("/") != issuer:
        return None
    if key_file := os.environ.get(CLIENT_KEY_FILE):
        from authgate.cli.sign_in import public_key

        prover = ByKey(public_key.read(Path(key_file)), issuer)
        return Machine(issuer, client_id, "", http, prover, api)
    return Machine(issuer, client_id, _secret(), http, api=api)


def _secret() -> str:
    secret, file = os.environ.get(CLIENT_SECRET), os.environ.get(CLIENT_SECRET_FILE)
    if not secret and file:
        secret = Path(file).read_text(encoding="utf-8").strip()
    if not secret:
        others = f"{CLIENT_SECRET_FILE} or {CLIENT_KEY_FILE}"
        raise Misused(f"{CLIENT_ID} goes with {CLIENT_SECRET}, {others}.")
    return secret
