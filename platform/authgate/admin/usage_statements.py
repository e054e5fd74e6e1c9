"""``/usage/statements``: what the tenant has used within a month, signed."""

from http import HTTPMethod

from authgate.api.bodies import Document, Nothing
from authgate.api.operations import Answer, Call, operation
from authgate.api.usage_statements import (
    Month,
    StatementList,
    listed,
    read_usage_statement_keys,
)
from authgate.provisioning import usage_statements
from authgate.tokens.admin_scopes import Scope


class StatementQuery(Document):
    """Which statements are asked for."""

    month: Month | None = None
    """The one of this month."""


async def list_usage_statements(call: Call[StatementQuery, Nothing]) -> Answer[StatementList]:
    """List the statements of what was used, month by month.

    A month is stated a day after its end, once. What turns out to be otherwise is a correction in a
    later statement.
    """
    kept = await usage_statements.up_to_date(call.parts)
    found, month = listed(call.parts, kept), call.query.month
    return Answer(StatementList(items=[each for each in found if month in (None, each.month)]))


OPERATIONS = [
    operation(HTTPMethod.GET, "/usage/statements", list_usage_statements, scope=Scope.USAGE_READ),
    operation(
        HTTPMethod.GET,
        "/usage/statement-keys",
        read_usage_statement_keys,
        scope=Scope.USAGE_READ,
    ),
]
