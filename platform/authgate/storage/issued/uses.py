"""What clients do with what a person has given them, added up by the database."""

from datetime import datetime
from typing import NamedTuple, TypeVar

from tortoise.functions import Max, Min
from tortoise.models import Model
from tortoise.queryset import QuerySet

Row = TypeVar("Row", bound=Model)


class Use(NamedTuple):
    """All tokens of one client with one scope."""

    client_id: str
    scope: str
    first_at: datetime
    last_at: datetime


async def of(rows: QuerySet[Row]) -> list[Use]:
    """By client and scope, when the first and the last of these tokens were made."""
    summed = rows.annotate(first_at=Min("created_at"), last_at=Max("created_at"))
    grouped = summed.group_by("client_id", "scope")
    return [Use(*each) for each in await grouped.values_list(*Use._fields)]
