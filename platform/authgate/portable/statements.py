"""Statements of usage in a file: each is one, of the tenant and the month that it stands for.

Who has signed it is not asked: what another installation has stated stays what it is, and is shown
as another one's. But bills are written by the list, and a row in it that nobody can read, or that
takes the place of a month to come, would be in the way of all of them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from authgate.portable.document import Rows, UnfitFile
from authgate.tokens import usage_statement
from authgate.tokens.signed_statement import BadStatement

TABLE = "usage_statements"


def refuse_unfit(page: Rows, tenant_id: UUID, *, now: datetime) -> None:
    """Raises ``UnfitFile``."""
    for line, row in enumerate(page.rows, page.first_line):
        fault = _fault(row, tenant_id, now)
        if fault:
            raise UnfitFile(fault).at(line, page.part.table)


def _fault(row: Mapping[str, Any], tenant_id: UUID, now: datetime) -> str:
    try:
        said = usage_statement.said(row["document"]).members
    except BadStatement as error:
        return f"A statement of usage is none: {error}"
    tenant, month = said.get("tenant"), said["month"]
    if not isinstance(tenant, dict) or tenant.get("id") != str(tenant_id):
        return "A statement of usage is another tenant's."
    if row["month"] != f"{month}-01":
        return "A statement of usage is of another month than its row."
    if month >= f"{now.astimezone(UTC):%Y-%m}":
        return "A statement of usage is of a month that is not over."
    return ""
