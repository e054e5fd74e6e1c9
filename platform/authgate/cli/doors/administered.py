"""The tenant that a command is for, and the way to it.

Its slug names it on the installation of this machine. Its issuer names it anywhere, and so does
``AUTHGATE_ISSUER``, or else the latest ``authgate login``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.failures import Misused

OfTenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        "-t",
        "--issuer",
        help="Its slug on this machine's installation, or its issuer anywhere; where you are"
        " signed in if left out",
        metavar="SLUG|ISSUER",
        show_default=False,
    ),
]

ISSUER = "AUTHGATE_ISSUER"
CLIENT_ID = "AUTHGATE_CLIENT_ID"
CLIENT_SECRET = "AUTHGATE_CLIENT_SECRET"
CLIENT_SECRET_FILE = "AUTHGATE_CLIENT_SECRET_FILE"
CLIENT_KEY_FILE = "AUTHGATE_CLIENT_KEY_FILE"
VARIABLES = (ISSUER, CLIENT_ID, CLIENT_SECRET, CLIENT_SECRET_FILE, CLIENT_KEY_FILE)
"""Of the environment: where to, and as which machine. The secret may be in a file; in place of one
there may be a key."""


@dataclass(frozen=True, slots=True)
class Named:
    """A tenant, by its slug or its issuer."""

    slug: str | None = None
    issuer: str | None = None


@contextmanager
def administered(tenant: str | None) -> Iterator[AdminApi]:
    """The API of the tenant that is meant. Raises ``Failure``."""
    named = named_by(tenant)
    if named.slug is not None:
        from authgate.cli.doors import local_door

        with local_door.opened(named.slug) as local:
            yield AdminApi(local)
    else:
        from authgate.cli.doors import remote

        with remote.opened(named.issuer or "") as elsewhere:
            yield AdminApi(elsewhere)


def named_by(tenant: str | None) -> Named:
    """Which tenant is meant. Raises ``Misused`` where nothing says so."""
    if tenant is not None:
        return Named(issuer=tenant) if "://" in tenant else Named(slug=tenant)
    if issuer := os.environ.get(ISSUER):
        return Named(issuer=issuer)
    from authgate.cli.sign_in import sign_ins

    active = sign_ins.remembered().active
    if active is None:
        raise Misused(
            "Which tenant? Sign in with authgate login ISSUER, or name one: --tenant SLUG on this"
            " machine's installation, --issuer ISSUER anywhere."
        )
    return Named(issuer=active)
