"""``/admin/resource-servers``: for whom the tenant's clients may ask tokens (RFC 8707)."""

from collections.abc import Mapping

from quart import Blueprint, Response, request

from authgate.accounts.standing import actor
from authgate.admin.console import frame
from authgate.admin.console.frame import ROOT, Console, done
from authgate.permissions import Area, reads, writes
from authgate.provisioning.resource_servers import (
    UnfitResourceServer,
    UnknownResourceServer,
    add_resource_server,
    remove_resource_server,
)
from authgate.web.console_view_models import Done
from authgate.web.resource_server_view_models import ResourceServerFields, ResourceServersPage
from authgate_tenants import current_tenant

_HERE = "/resource-servers"


class ResourceServerPages:
    """The tenant's resource servers."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("resource-servers")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.RESOURCE_SERVERS))
        routes.post(f"{ROOT}{_HERE}", self.add, writes(Area.RESOURCE_SERVERS))
        routes.post(f"{ROOT}{_HERE}/remove", self.remove, writes(Area.RESOURCE_SERVERS))
        return routes.blueprint

    async def show(self) -> Response:
        """All of them."""
        return await self._page(ResourceServerFields(), {})

    async def add(self) -> Response:
        """Another one, or what is wrong with it."""
        uri = (await request.form).get("uri", "").strip()
        try:
            await add_resource_server(self._console.parts, uri, actor=actor())
        except UnfitResourceServer as error:
            return await self._page(ResourceServerFields(uri), {"uri": str(error)})
        return done(_HERE, Done.RESOURCE_SERVER_ADDED)

    async def remove(self) -> Response:
        """One less."""
        uri = (await request.form).get("uri", "")
        try:
            await remove_resource_server(self._console.parts, uri, actor=actor())
        except UnknownResourceServer:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.RESOURCE_SERVER_REMOVED)

    async def _page(self, fields: ResourceServerFields, faults: Mapping[str, str]) -> Response:
        content = ResourceServersPage(
            frame=await self._console.frame(),
            add_action=frame.url(_HERE),
            remove_action=frame.url(f"{_HERE}/remove"),
            uris=sorted(current_tenant().settings.resources),
            fields=fields,
            faults=faults,
        )
        return self._console.show("resource_servers.html", content, 400 if faults else 200)
