"""The tenant that a command is for, and the way to it.

Its slug names it on the installation of this machine. Its issuer names it anywhere, and so does
``AUTHGATE_ISSUER``, or else the latest ``authgate login``.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.doors.apis import ADMIN, OPERATOR, WhichApi
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


def administered(tenant: str | None) -> AbstractContextManager[AdminApi]:
    """The admin API of the tenant that is meant. Raises ``Failure``."""
    return _opened(named_by(tenant), ADMIN)


def operated(tenant: str | None) -> AbstractContextManager[AdminApi]:
    """The operator API of the operators' tenant that is meant. Raises ``Failure``."""
    return _opened(named_by(tenant, OPERATOR), OPERATOR)


@contextmanager
def _opened(named: Named, api: WhichApi) -> Iterator[AdminApi]:
    if named.slug is not None:
        from authgate.cli.doors import local_door

        with local_door.opened(named.slug, api) as local:
            yield AdminApi(local)
    else:
        from authgate.cli.doors import remote

        with remote.opened(named.issuer or "", api) as elsewhere:
            yield AdminApi(elsewhere)


def named_by(tenant: str | None, api: WhichApi = ADMIN) -> Named:
    """Which tenant is meant. Raises ``Misused`` where nothing says so."""
    if tenant is not None:
        return Named(issuer=tenant) if "://" in tenant else Named(slug=tenant)
    if issuer := os.environ.get(ISSUER):
        return Named(issuer=issuer)
    from authgate.cli.sign_in import sign_ins

    kept = sign_ins.remembered()
    active = kept.operating if api is OPERATOR else kept.active
    if active is None:
        raise Misused(
            f"Which tenant? Sign in with authgate login ISSUER{api.to_sign_in}, or name one:"
            " --tenant SLUG on this machine's installation, --issuer ISSUER anywhere."
        )
    return Named(issuer=active)
