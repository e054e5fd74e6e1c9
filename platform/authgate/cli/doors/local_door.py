"""The installation of this machine as a door to its APIs: who is there needs no token."""

import asyncio
import uuid
from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from urllib.parse import unquote

from authgate import storage
from authgate.accounts.passwords import Passwords
from authgate.admin.api import API as ADMIN_API
from authgate.api import problems
from authgate.api.access import Caller
from authgate.api.description import Api
from authgate.api.operations import Operation
from authgate.api.problems import Problem
from authgate.api.router import Router
from authgate.cli import installed
from authgate.cli.doors.admin_api import Answer, Asked
from authgate.cli.doors.apis import ADMIN, OPERATOR, WhichApi
from authgate.cli.failures import Misused
from authgate.installation import Installation
from authgate.operator.api import API as OPERATOR_API
from authgate.permissions import UserRole
from authgate.provisioning import looks
from authgate.tokens import operator_scopes
from authgate.tokens.admin_scopes import Scope
from authgate.tokens.grant_names import GRANTS
from authgate.web.machine import MachineRequest, Reply
from authgate_tenants import Tenant, TenantSettings, current_tenant, lifecycle, use_tenant

_OF_NONE = frozenset(
    {
        "audit",
        "connections",
        "domains",
        "exports",
        "jobs",
        "keys",
        "limits",
        "resource-servers",
        "scopes",
        "settings",
        "usage",
        "webhooks",
    }
)
"""What tells of no people and programs, or, as the log does, of who looks at it itself. Of whatever
else is read the tenant's log tells."""


class LocalDoor:
    """Has the operations performed in this process."""

    def __init__(self, parts: Installation, runner: asyncio.Runner, api: Api) -> None:
        self._api = api
        self._parts = parts
        self._router = Router(
            api=api, parts=parts, grant_types=list(GRANTS.values()), hash_password=_hashed
        )
        self._runner = runner
        self._operator = Caller(
            installed.operator(),
            client_id="",
            role=UserRole.OWNER,
            scopes=frozenset(each.value for each in (*Scope, *operator_scopes.Scope)),
        )

    def send(self, asked: Asked) -> Answer:
        """The answer."""
        return self._runner.run(self._answer(_request(self._api, asked)))

    @contextmanager
    def together(self) -> Iterator[bool]:
        """All that is asked inside is one transaction, also where a server is asked meanwhile."""
        unit = storage.transaction(whole=True)
        self._runner.run(unit.__aenter__())
        try:
            yield True
        except BaseException as error:
            self._runner.run(unit.__aexit__(type(error), error, error.__traceback__))
            raise
        self._runner.run(unit.__aexit__(None, None, None))

    async def _answer(self, request: MachineRequest) -> Answer:
        with use_tenant(await _as_it_is()):
            return await self._performed(request)

    async def _performed(self, request: MachineRequest) -> Answer:
        try:
            route = self._router.found(request)
            reply = await self._router.perform(route, self._operator, request)
            area = _area(route.operation)
            if self._api is ADMIN_API and not route.operation.changes and area not in _OF_NONE:
                await looks.note(self._operator.actor, f"command:{area}", now=self._parts.clock())
            return _told(reply)
        except Problem as problem:
            return _told(problems.reply(problem, request.request_id))


@contextmanager
def opened(slug: str, which: WhichApi = ADMIN) -> Iterator[LocalDoor]:
    """The door to a tenant of this environment's installation.

    Raises ``NotFound``, and ``Misused`` where it has no such API.
    """
    api = OPERATOR_API if which is OPERATOR else ADMIN_API
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            parts, tenant = runner.run(stack.enter_async_context(installed.inside(slug)))
            if not api.is_at(tenant):
                raise Misused(f"{slug} is not the operators': the setting operator_tenant says so.")
            yield LocalDoor(parts, runner, api)
        finally:
            runner.run(stack.aclose())


def _area(operation: Operation) -> str:
    """What it is about; alerts tell of people, unlike what else belongs to the log."""
    return "alerts" if operation.path.startswith("/alerts") else operation.area


async def _hashed(password: str, *, about: Collection[str] = ()) -> str:
    passwords = Passwords(threads=1)
    try:
        return await passwords.hash(password, about=about)
    finally:
        passwords.close()


async def _as_it_is() -> Tenant:
    """The tenant in scope, as what was asked before has left it."""
    tenant = current_tenant()
    row = await lifecycle.find(tenant.id)
    return replace(tenant, name=row.name, settings=TenantSettings.from_json(row.settings))


def _request(api: Api, asked: Asked) -> MachineRequest:
    path, _, query = f"{api.base}{asked.path}".partition("?")
    return MachineRequest(
        method=asked.method,
        path=unquote(path),
        query=query.encode(),
        headers=[(name.lower().encode(), text.encode()) for name, text in asked.headers.items()],
        body=asked.body,
        client_ip="",
        request_id=uuid.uuid4().hex,
        raw_path=path.encode(),
    )


def _told(reply: Reply) -> Answer:
    headers = {
        name.decode(): value.decode("latin-1") for name, value in (*reply.headers, *reply.own)
    }
    return Answer(reply.status, headers, reply.body)
