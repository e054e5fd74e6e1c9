"""What a job travels in: which job, for which tenant, with what, under a seal.

A broker is no wall between tenants: whoever can write to it could have one tenant's job done with
another's ids. A worker does nothing that does not carry the seal of this installation.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authgate.jobs.handlers import arguments_of
from authgate.jobs.job import Job
from authgate_tenants.key_encryption import KeyEncryptionKey

_PURPOSE = b"authgate job messages"


class Forged(ValueError):
    """A message was not written by this installation, or not for this job."""


@dataclass(frozen=True, slots=True)
class Message:
    """What was in the envelope."""

    name: str
    tenant_id: UUID | None
    arguments: Mapping[str, Any]
    in_turn: bool = False
    """Whether it is to be done only by whose turn it is."""
    kept: UUID | None = None
    """What is kept of it until it is done."""


class Envelopes:
    """Seals messages by the first key and opens those sealed by any of them."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def from_key_encryption_keys(cls, keks: Iterable[KeyEncryptionKey]) -> Self:
        """With keys derived from the installation's own."""
        return cls(_derived(kek.secret) for kek in keks)

    def seal(
        self, job: Job, *, tenant_id: UUID | None, in_turn: bool = False, kept: UUID | None = None
    ) -> dict[str, str]:
        """The job as a message: keyword arguments of its task."""
        content = {
            "job": job.name,
            "tenant": str(tenant_id) if tenant_id else None,
            "arguments": arguments_of(job),
            **({"in_turn": True} if in_turn else {}),
            **({"kept": str(kept)} if kept else {}),
        }
        message = orjson.dumps(content)
        return {"message": message.decode(), "seal": _seal(self._keys[0], message)}

    def open(self, name: str, sealed: Mapping[str, object]) -> Message:
        """The message that came for the job of this name. Raises ``Forged``."""
        message, seal = sealed.get("message"), sealed.get("seal")
        if not isinstance(message, str) or not isinstance(seal, str) or len(sealed) != 2:
            raise Forged("There is no envelope.")
        if not self._is_ours(message.encode("utf-8", "surrogatepass"), seal):
            raise Forged("The seal is not ours.")
        content = orjson.loads(message)
        if content["job"] != name:
            raise Forged("This was sealed for another job.")
        tenant, kept = content["tenant"], content.get("kept")
        return Message(
            name,
            UUID(tenant) if tenant else None,
            content["arguments"],
            in_turn=content.get("in_turn", False),
            kept=UUID(kept) if kept else None,
        )

    def _is_ours(self, message: bytes, seal: str) -> bool:
        given = seal.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(given, _seal(key, message).encode()) for key in self._keys)


def _derived(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret)


def _seal(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()
