"""``authgate user bulk``: the same done to several people."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from authgate.cli.doors import people
from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Conflict, Misused
from authgate.cli.options import Yes
from authgate.cli.output import Format, Output, Record, confirm, say, show_all
from authgate.cli.tenant.group import found as found_group
from authgate.vocabulary import UserAct

_AT_ONCE = 100

Act = Annotated[UserAct, typer.Argument(help="What is done to each of them")]
Names = Annotated[list[str] | None, typer.Argument(help="Names, addresses or ids")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read more of them from standard input")]
Group = Annotated[str | None, typer.Option(help="With add-to-group: which one")]


def bulk(
    act: Act,
    usernames: Names = None,
    *,
    tenant: OfTenant = None,
    stdin: Stdin = False,
    group: Group = None,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Do the same to several users, and tell what came of it for each.

    What is refused for one of them leaves the others as they are asked to be.
    """
    names = [*(usernames or []), *(sys.stdin.read().split() if stdin else [])]
    if not names:
        raise Misused("Name whom it is to be done to.")
    if (group is not None) is not (act is UserAct.ADD_TO_GROUP):
        raise Misused("--group says which group add-to-group is for, and is for nothing else.")
    if not yes:
        confirm(f"{act} {len(names)} users?")
    with administered(tenant) as api:
        told = _done(api, act, names, group)
    show_all(told, output)
    refused = sum(each["outcome"] == "refused" for each in told)
    say(f"✓ {len(told) - refused} of {len(told)} done.")
    if refused:
        raise Conflict(f"{refused} refused: the list says why.")


def _done(api: AdminApi, act: UserAct, names: Sequence[str], group: str | None) -> list[Record]:
    ids = list(dict.fromkeys(people.found(api, each)["id"] for each in names))
    more = {"group_id": found_group(api, group)["id"]} if group else {}
    told: list[dict[str, Any]] = []
    for first in range(0, len(ids), _AT_ONCE):
        said = {"ids": ids[first : first + _AT_ONCE], **more}
        told += api.post(within("bulk", "users", act), said)["items"]
    return [{name: each[name] for name in ("username", "outcome", "fault")} for each in told]
