"""Statements of usage, as the APIs tell of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call
from authgate.installation import Installation
from authgate.provisioning import usage_statements
from authgate.storage.metering.usage_statements import UsageStatement

Month = Annotated[str, Field(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$", examples=["2026-03"])]


class LineDocument(Document):
    """How much there was of something."""

    measure: str
    """As in the list of days, and `monthly_active_users`: people, each once."""

    detail: str
    total: int


class CorrectionDocument(Document):
    """What is otherwise than a former statement has it."""

    month: str
    measure: str
    detail: str
    stated: int
    counted: int
    difference: int
    """What is to be added to the bill, or taken from it."""


class StatementDocument(Document):
    """What a tenant has used within a month. It never changes."""

    model_config = exemplified(
        month="2026-03",
        issued_at="2026-04-02T00:04:11Z",
        plan="business",
        lines=[{"measure": "tokens", "detail": "client_credentials", "total": 2400}],
        corrections=[],
        signed_here=True,
        statement="eyJ0eXAiOiJ1c2FnZS1zdGF0ZW1lbnQrand0Il…",
    )

    month: str
    """By UTC."""

    issued_at: datetime
    plan: str
    """The one it had when that was stated."""

    lines: Sequence[LineDocument]
    corrections: Sequence[CorrectionDocument]
    signed_here: bool
    """Whether a key of this installation has signed it. Else it came along with the tenant from
    another one, which has billed it, or the key was taken out of the settings."""

    statement: str
    """All of it, signed (a JWS)."""


class StatementList(Document):
    """The newest first, of three years at the most."""

    items: Sequence[StatementDocument]


class KeySet(Document):
    """A JWK set (RFC 7517)."""

    keys: Sequence[dict[str, str]]


def told(found: UsageStatement, trusted: Collection[str]) -> StatementDocument:
    """A statement, with what it says, and whether one of these keys has signed it."""
    stated, signed_here = usage_statements.read(found, trusted)
    return StatementDocument(
        month=f"{found.month:%Y-%m}",
        issued_at=found.issued_at,
        plan=stated["plan"],
        lines=[LineDocument(**each) for each in stated["lines"]],
        corrections=[CorrectionDocument(**each) for each in stated["corrections"]],
        signed_here=signed_here,
        statement=found.document,
    )


def listed(parts: Installation, found: Sequence[UsageStatement]) -> Sequence[StatementDocument]:
    """Statements, each with whether this installation has signed it."""
    trusted = usage_statements.signers(parts)
    return [told(each, trusted) for each in found]


async def read_usage_statement_keys(call: Call[Nothing, Nothing]) -> Answer[KeySet]:
    """Read the keys that statements of usage are checked by."""
    return Answer(KeySet(keys=[each.jwk for each in usage_statements.keys(call.parts)]))
