"""The secret by which a tenant makes pairwise subjects (OpenID Connect Core section 8.1).

It is made once and never replaced: with another one every person would be somebody new to every
client that is told them pairwise. Signing keys and key-encryption keys come and go without it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from tortoise import fields

from authgate_tenants import TenantOwned


class PairwiseSecret(TenantOwned):
    """A tenant's secret, sealed."""

    sealed = fields.BinaryField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "pairwise_secrets"
        unique_together = (("tenant_id",), ("tenant_id", "id"))


class Kept(NamedTuple):
    """What is stored."""

    sealed: bytes
    created_at: datetime


async def kept(make: Callable[[], bytes], *, now: datetime) -> Kept:
    """The tenant's secret; where it has none, what is made becomes it, unless another request is
    first."""
    row = await PairwiseSecret.all().first()
    if row is None:
        row, _ = await PairwiseSecret.get_or_create(defaults={"sealed": make(), "created_at": now})
    return Kept(bytes(row.sealed), row.created_at)
