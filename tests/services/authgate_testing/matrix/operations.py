"""Every operation of the admin API, done to what a tenant has."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2

from authgate.admin.catalogue import OPERATIONS
from authgate.api.operations import Operation
from authgate_testing.api import ApiClient

_NAMED = re.compile(r"\{([a-z_]+)\}")
_AT_MOST = 25

Undone = Callable[[], AbstractAsyncContextManager[None]]
"""Around what is done: afterwards it is as if it had not been."""


Said = Mapping[str, Sequence[Any]]
"""What may be said as a member of a body, by its name: one after the other is tried."""


async def all_of_them(api: ApiClient, undone: Undone, said: Said) -> None:
    """Do each of them until it is done: to one thing after the other that it may be about."""
    for operation in OPERATIONS:
        await _until_done(api, operation, undone, said)
        if operation.is_list:
            await _leafed_through(api, operation)


async def _until_done(api: ApiClient, operation: Operation, undone: Undone, said: Said) -> None:
    for path in await _paths(api, operation.path):
        for body in _bodies(operation, said):
            async with undone():
                answer = await _done(api, operation, path, body)
            if answer.is_success:
                return


async def _leafed_through(api: ApiClient, operation: Operation) -> None:
    for path in await _paths(api, operation.path):
        first = await api.get(f"{path}?limit=1")
        if first.is_success and first.json()["next"]:
            await api.get(f"{path}?limit=1&cursor={first.json()['next']}")
            return


async def _done(
    api: ApiClient, operation: Operation, path: str, body: dict[str, Any]
) -> httpx2.Response:
    headers = {}
    if operation.method in ("PATCH", "DELETE"):
        known = await api.get(path)
        headers["If-Match"] = known.headers.get("etag", "*")
    if operation.method == "POST":
        headers["Idempotency-Key"] = f"{api.tenant.slug}-{operation.name}"
    media_type = operation.media_type
    return await api.call(
        operation.method,
        path,
        body if media_type else None,
        media_type=media_type or "",
        headers=headers,
    )


async def _paths(api: ApiClient, template: str) -> list[str]:
    """Where a template leads to with what the tenant's lists tell."""
    paths = [""]
    for part in template.split("/")[1:]:
        named = _NAMED.fullmatch(part)
        paths = [
            f"{path}/{value}"
            for path in paths
            for value in (await _told(api, path, named[1]) if named else [part])
        ]
    return paths[:_AT_MOST]


async def _told(api: ApiClient, path: str, name: str) -> list[str]:
    answer = await api.get(path)
    if not answer.is_success:
        return []
    items = answer.json()["items"]
    return [each[next(key for key in (name, "id", "name") if key in each)] for each in items]


def _bodies(operation: Operation, said: Said) -> Iterator[dict[str, Any]]:
    names = (operation.patches or operation.body).model_fields
    needed = {name for name, each in names.items() if each.is_required()}
    assert needed <= said.keys(), f"{operation.name}: say what {needed - said.keys()} may be"
    known = {name: said[name] for name in names if name in said}
    for number in range(max((len(each) for each in known.values()), default=1)):
        yield {name: each[min(number, len(each) - 1)] for name, each in known.items()}
