"""How far each signing key has come: rows that are added and never changed.

The serving role may add them and read them, and do nothing else to them.
"""

from typing import NamedTuple

from tortoise import fields

from authgate.storage import connection
from authgate.storage.batches.lookups import Lookup
from authgate.storage.keys.signing_keys import KeyState
from authgate_tenants import TenantOwned, current_tenant


class SigningKeyStep(TenantOwned):
    """A state that a key has come to, sealed."""

    kid = fields.CharField(64)
    state = fields.CharEnumField(KeyState, max_length=16)
    sealed = fields.BinaryField()

    class Meta:
        table = "signing_key_steps"
        unique_together = (("tenant_id", "kid", "state"), ("tenant_id", "id"))


class Step(NamedTuple):
    """The same, as it was read."""

    kid: str
    state: KeyState
    sealed: bytes


_OF_TENANT = Lookup(table="signing_key_steps", key="tenant_id", columns=("kid", "state", "sealed"))


async def note(step: Step) -> None:
    """Store that a key has come so far, with the change of its state."""
    await SigningKeyStep.create(kid=step.kid, state=step.state, sealed=step.sealed)


async def every() -> list[Step]:
    """All of the tenant's, read together with what other requests ask."""
    records = await connection.find_all(_OF_TENANT, current_tenant().id)
    return [Step(each["kid"], KeyState(each["state"]), bytes(each["sealed"])) for each in records]
