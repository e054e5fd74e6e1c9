"""Who comes to belong to a group, or no longer does, by a ``PATCH`` (RFC 7644 section 3.5.2).

A group may have a hundred thousand members: what becomes different of them is said to the database,
and not done to a list of all of them. Only where others replace them their ids are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from scim2_models import PatchOp, PatchOperation, Path
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from authgate.scim.errors import ScimError, invalid_value
from authgate.scim.resources import Group
from authgate.web import row_ids

_MEMBERS = "members"
_SCHEMA = f"{Group.__schema__}:".lower()
Op = PatchOperation.Op


class Change(NamedTuple):
    """What becomes of the members."""

    op: Op
    """To replace them is to have no others than these."""
    user_ids: Sequence[UUID]


class Split(NamedTuple):
    """A patch, taken apart."""

    changes: Sequence[Change]
    """In their order."""
    rest: Sequence[PatchOperation[Group]]
    """Operations on everything else."""


def split(patch: PatchOp[Group]) -> Split:
    """What a patch does to the members, and the rest of it. Raises ``ScimError``."""
    changes: list[Change] = []
    rest: list[PatchOperation[Group]] = []
    for each in patch.operations or ():
        if each.path is not None and _is_members(each.path):
            changes.append(_change(each, each.path))
        elif each.path is None and isinstance(each.value, dict):
            changes += [
                Change(each.op, said(value))
                for name, value in each.value.items()
                if _plain(name) == _MEMBERS
            ]
            others = {name: value for name, value in each.value.items() if _plain(name) != _MEMBERS}
            if others:
                rest.append(each.model_copy(update={"value": others}))
        else:
            rest.append(each)
    return Split(changes, rest)


def said(value: Any) -> list[UUID]:
    """Who is named as a member. Raises ``ScimError``."""
    entries = value if isinstance(value, list) else [value] if value is not None else []
    return [_member(each) for each in entries]


def _change(operation: PatchOperation[Group], path: Path[Group]) -> Change:
    if len(path.parts) > 1:
        raise ScimError(400, "Of a member nothing changes but whether they belong.", "mutability")
    wanted = path.value_filter
    if wanted is not None:
        if operation.op is not Op.remove:
            raise ScimError(400, "Members are added by members, without a filter.", "noTarget")
        return Change(Op.remove, list(_named(wanted)))
    if operation.op is Op.remove and operation.value is None:
        return Change(Op.replace_, [])
    return Change(operation.op, said(operation.value))


def _named(node: FilterNode) -> Iterator[UUID]:
    """The members that a filter names one by one."""
    match node:
        case LogicalExpr(op=LogicalOperator.or_):
            for term in node.terms:
                yield from _named(term)
        case Comparison(op=CompareOperator.eq) if str(node.attr_path).lower() == "value":
            yield _id(node.value)
        case _:
            raise ScimError(400, "Members are named by value eq, joined with or.", "invalidFilter")


def _member(entry: Any) -> UUID:
    value = entry.get("value") if isinstance(entry, Mapping) else entry
    return _id(value)


def _id(value: Any) -> UUID:
    try:
        return row_ids.read(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise nobody(value) from error


def nobody(value: object) -> ScimError:
    """There is no such person to belong to a group."""
    return invalid_value(f"members: nobody has the id {str(value)[:64]!r}.")


def _is_members(path: Path[Group]) -> bool:
    schema = f"{path.schema}:".lower() if path.schema else _SCHEMA
    return schema == _SCHEMA and [each.lower() for each in path.parts[:1]] == [_MEMBERS]


def _plain(name: str) -> str:
    return name.lower().removeprefix(_SCHEMA)
