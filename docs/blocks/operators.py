"""The operator API, and who may do what by it."""

from authgate import permissions
from authgate.operator.catalogue import OPERATIONS
from authgate.permissions import OperatorArea
from authgate.tokens.operator_scopes import MEANINGS
from blocks.api import far
from blocks.words import member_docstrings, table_of


def operator_roles() -> str:
    """How far each role of the operators' tenant gets in each area."""
    said = member_docstrings(OperatorArea)
    heads = [f"`{role}`" for role in permissions.ROLES]
    rows = [
        (
            f"`{area}`",
            said[area],
            *(far(permissions.access(role, area)) for role in permissions.ROLES),
        )
        for area in OperatorArea
    ]
    return table_of(("area", "holds", *heads), rows)


def operator_scopes() -> str:
    """Each scope of the operator API."""
    return table_of(("scope", "lets"), [(f"`{name}`", text) for name, text in MEANINGS.items()])


def operator_operations() -> str:
    """Each operation of the operator API."""
    rows = [
        (f"`{each.method} {each.path}`", f"{each.summary}.", f"`{each.scope}`")
        for each in OPERATIONS
    ]
    return table_of(("operation", "does", "scope"), rows)
