"""Ids of JWTs that others have made and that are good once: assertions, proofs, requests."""

import hashlib
from datetime import datetime
from functools import partial

import orjson
from tortoise import connections, fields
from uuid_utils.compat import uuid7

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.batches.contest import Contest
from authgate_tenants import TenantOwned, current_tenant


class SpentJti(TenantOwned):
    """A ``jti`` that was used, of which only a hash is here, together with whose it was."""

    jti_hash = fields.BinaryField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "spent_jtis"
        unique_together = (("tenant_id", "jti_hash"),)
        indexes = (("expires_at",),)


_SPEND = """
INSERT INTO spent_jtis (id, tenant_id, jti_hash, expires_at) VALUES ({0}, {1}, {2}, {3})
ON CONFLICT (tenant_id, jti_hash) DO NOTHING
RETURNING id
"""
_CASTS = ("uuid", "uuid", "bytea", "timestamptz")
_POSTGRES = _SPEND.format(*(f"${n}::{cast}" for n, cast in enumerate(_CASTS, 1)))
_SQLITE = _SPEND.format(*(f"?{n}" for n in range(1, len(_CASTS) + 1)))


_contest = Contest()


async def spend(kind: str, signer: str, jti: str, *, expires_at: datetime) -> bool:
    """Use a ``jti`` of this kind of JWT by whoever signed it; of requests that arrive together
    exactly one hears ``True``.

    It is remembered until it has ended by itself.
    """
    digest = hashlib.sha256(orjson.dumps([kind, signer, jti])).digest()
    wanted = (current_tenant().id, digest)
    return await _contest.enter(wanted, partial(_spend, digest, expires_at), lost=False)


async def _spend(digest: bytes, expires_at: datetime) -> bool:
    dialect = connection.dialect()
    rows = await connections.get("default").execute_query_dict(
        _POSTGRES if dialect == "postgres" else _SQLITE,
        encoded((uuid7(), current_tenant().id, digest, expires_at), dialect),
    )
    return bool(rows)
