"""A file that was asked for, handed out part by part: each names the next one, for whoever took it
and nobody else."""

import base64
import binascii
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from authgate.api.bodies import Document, exemplified
from authgate.api.operations import Call
from authgate.api.problems import BadCursor
from authgate_tenants import current_tenant
from authgate_tenants.encryption import SealBroken

_SEAL = "export-cursor"


class ExportPlace(Document):
    """Where in the file to go on."""

    model_config = exemplified(cursor=None)

    cursor: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """`next` of the part before; the file begins without one."""


class ExportContent(Document):
    """A part of a file: whole lines. All of them, one behind the other, are the file."""

    model_config = exemplified(content='{"format":"authgate-tenant","version":1}\n', next=None)

    content: str
    next: str | None
    """The cursor of what follows; `null` at the end."""


async def sealed(call: Call[Any, Any], export_id: UUID, number: int) -> str:
    """The cursor of a part."""
    cipher = await call.parts.encryption.cipher(current_tenant().id)
    blob = cipher.seal(kind=_SEAL, object_id=_place(call, export_id), plaintext=b"%d" % number)
    return base64.urlsafe_b64encode(blob).decode("ascii")


async def opened(call: Call[Any, Any], export_id: UUID, cursor: str) -> int:
    """The part that a cursor names. Raises ``BadCursor``."""
    cipher = await call.parts.encryption.cipher(current_tenant().id)
    try:
        blob = base64.b64decode(cursor, altchars=b"-_", validate=True)
        return int(cipher.open(kind=_SEAL, object_id=_place(call, export_id), sealed=blob))
    except (SealBroken, binascii.Error, ValueError) as error:
        raise BadCursor from error


def _place(call: Call[Any, Any], export_id: UUID) -> str:
    actor = call.caller.actor
    return f"{export_id}/{actor.type}/{actor.id}"
