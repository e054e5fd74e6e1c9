"""Where else somebody is named: beside what they did for others, and in what was meant for them.

What they did stays, beside their id: without a name it tells of nobody who is gone.
"""

from collections.abc import Mapping
from typing import Any, Final

from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from authgate.storage.audit import audit_logs, saved_searches
from authgate.storage.audit.alerts import AlertRow
from authgate.storage.clients import clients
from authgate.storage.people.impersonations import ImpersonationRow
from authgate.storage.people.invitations import InvitationRow
from authgate.storage.people.mailed_links import MailedLinkRow
from authgate.storage.people.operator_accesses import OperatorAccess
from authgate.storage.people.scim_tokens import ScimTokenRow
from authgate.storage.people.user_imports import UserImportLine, UserImportRow
from authgate.storage.people.users import User
from authgate.storage.tenants import settings_versions
from authgate.storage.tenants.exports import ExportRow
from authgate.storage.tenants.settings_versions import SettingsVersionRow
from authgate.storage.tenants.sign_ups import SignUpRow
from authgate_tenants import blocks

_EMPTY_LINE: Final[Mapping[str, Any]] = {"username": "", "email": "", "cells": {}}
"""What is left of a line of a file of people, besides its number and what came of it."""

_WORDS: Final = frozenset({"anonymous", "client", "operator", "scim_token", "system", "user"})
"""Types of actors, which stand where an actor has neither a name nor an id."""

_Named = tuple[QuerySet[Any], Mapping[str, Any]]


async def forget(user: User) -> dict[str, int]:
    """Have somebody be named nowhere else; in how many rows they were, by table. In a unit of work.

    What is known by a name alone is theirs, whose name it is, if it was made since they came, and
    the name is none of a program or a command as well.
    """
    them = str(user.id)
    found = {
        "tenants": await blocks.unname(them, username=user.username, since=user.created_at)
        + await settings_versions.forget_recipient(user.username),
        "audit_logs": await audit_logs.forget(user.id),
        "saved_searches": await saved_searches.forget((user.username, user.email or "")),
    }
    named = _known(user)
    if user.username not in _WORDS and await clients.find(user.username) is None:
        named += _called(user)
    for rows, instead in named:
        _count(found, rows, await rows.update(**instead))
    for rows in _meant(user):
        _count(found, rows, await rows.delete())
    return {table: count for table, count in found.items() if count}


def _called(user: User) -> list[_Named]:
    """Where a name alone stands."""
    name, since, them = user.username, user.created_at, str(user.id)
    decided = {"decided_by": name, "decided_at__gte": since}
    return [
        (OperatorAccess.filter(**decided), {"decided_by": them}),
        (AlertRow.filter(**decided), {"decided_by": them}),
        (ScimTokenRow.filter(created_by=name, created_at__gte=since), {"created_by": them}),
        (SignUpRow.filter(invited_by=name, created_at__gte=since), {"invited_by": them}),
        (ExportRow.filter(requested_by=name, created_at__gte=since), {"requested_by": them}),
    ]


def _known(user: User) -> list[_Named]:
    """Where it is known whose the name is."""
    them = str(user.id)
    lines = [UserImportLine.filter(username=user.canonical_username)]
    if address := _address(user):
        lines.append(UserImportLine.filter(email=address))
    return [
        (SettingsVersionRow.filter(actor_type="user", actor_id=them), {"actor_name": ""}),
        (ImpersonationRow.filter(actor_id=user.id), {"actor_name": them}),
        (InvitationRow.filter(inviter_id=user.id), {"invited_by": them}),
        (
            UserImportRow.filter(requester_type="user", requester_id=them),
            {"requested_by": them},
        ),
        # One after the other: each of them by an index of its own.
        *((each, _EMPTY_LINE) for each in lines),
    ]


def _meant(user: User) -> list[QuerySet[Any]]:
    address = _address(user)
    if not address:
        return [InvitationRow.filter(user_id=user.id)]
    return [
        InvitationRow.filter(Q(user_id=user.id) | Q(canonical_email=address)),
        MailedLinkRow.filter(email__iexact=user.email),
        SignUpRow.filter(email__iexact=user.email),
    ]


def _address(user: User) -> str:
    """The one that is known to be theirs: one that was never proven may be somebody else's."""
    return (user.canonical_email or "") if user.email_verified else ""


def _count(found: dict[str, int], rows: QuerySet[Model], count: int) -> None:
    table = rows.model._meta.db_table  # noqa: SLF001  # Tortoise offers no other way
    found[table] = found.get(table, 0) + count
