"""The language that a person reads, as they chose it on a page (OpenID Connect Core section 5.1,
``locale``). It is asked for where they sign in and where they are written to, and nowhere else.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from authgate.storage.people.users import UserRow


async def choose(user_id: UUID, tag: str) -> None:
    """They read this from now on."""
    await UserRow.filter(id=user_id).exclude(locale=tag).update(locale=tag)


async def of(user_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """The tags of those who chose one."""
    rows = UserRow.filter(id__in=list(user_ids)).exclude(locale="")
    return dict(await rows.values_list("id", "locale"))
