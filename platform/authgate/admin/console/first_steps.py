"""``/admin/first-steps``: from an empty tenant to the first sign-in, ticked off by itself.

Lines to paste for common frameworks, with the tenant's issuer and its first client in them. They
are in ``authgate_templates/console/first_steps``.
"""

from collections.abc import Sequence
from contextlib import suppress

import orjson
from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate import permissions, provisioning
from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin.console import client_lines, frame
from authgate.admin.console.administrators import may
from authgate.admin.console.frame import ROOT, Console
from authgate.admin.console.line_templates import line_templates
from authgate.languages import text
from authgate.permissions import Area, reads, writes
from authgate.provisioning import first_client
from authgate.storage.clients import clients
from authgate.storage.clients.clients import ClientIdTaken
from authgate.storage.clients.rows import Client
from authgate.storage.issued import tokens
from authgate.storage.people import users
from authgate.vocabulary import ClientStatus
from authgate.web.console_view_models import Snippet
from authgate.web.first_steps_view_models import FirstStepsPage, Step, StepLine
from authgate_tenants import TenantSettings, current_tenant

_HERE = "/first-steps"
_MAKE = "/clients/first"
_FRAMEWORKS = {
    "curl": ("curl", text("shell, device flow")),
    "nextjs": ("Next.js", "auth.ts, Auth.js"),
    "express": ("Express", "server.mjs, openid-client"),
    "flask": ("Flask", "app.py, Authlib"),
    "django": ("Django", "urls.py, Authlib"),
    "spring": ("Spring Boot", "application.yml"),
    "go": ("Go", "main.go, coreos/go-oidc"),
    "spa": (text("Single page"), "main.js, oidc-client-ts"),
}
_ENVIRONMENT = line_templates("console/first_steps", keep_trailing_newline=True)


class FirstSteps:
    """The page."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("first-steps")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.OVERVIEW))
        routes.get(f"{ROOT}{_HERE}/arrived", self.arrived, reads(Area.OVERVIEW))
        routes.post(f"{ROOT}{_MAKE}", self.make, writes(Area.CLIENTS))
        return routes.blueprint

    async def show(self) -> Response:
        """What is done, and what to paste."""
        return await self._page()

    async def arrived(self) -> Response:
        """Whether somebody has signed in to an application, for the page's script."""
        said = {"arrived": await tokens.is_any_of_people()}
        return Response(orjson.dumps(said), content_type="application/json; charset=utf-8")

    async def make(self) -> Response:
        """Make the client that the lines are for, where the tenant began without it."""
        if (await request.form).get("make") != "1":
            raise BadRequest
        if _is_strict():
            return await self._page(status=409)
        # Where it is there already, the page says how it is.
        with suppress(ClientIdTaken):
            await provisioning.add_client(self._console.parts, first_client.draft(), actor=actor())
        return see_other(f"{ROOT}{_HERE}")

    async def _page(self, *, status: int = 200) -> Response:
        arrived, held = await tokens.is_any_of_people(), await clients.find(first_client.CLIENT_ID)
        client = held if held is not None and held.is_active else None
        may_make = may(writes(Area.CLIENTS)) and held is None and not _is_strict()
        content = FirstStepsPage(
            frame=await self._console.frame(),
            issuer=current_tenant().issuer,
            client_id=client.client_id if client else "",
            unserved_url=client_lines.url(held) if held is not None and client is None else "",
            is_strict=_is_strict(),
            make_action=frame.url(_MAKE) if may_make else "",
            steps=await _steps(client, arrived=arrived),
            snippets=snippets(client.client_id) if client else (),
            arrived=arrived,
            watch_url=frame.url(f"{_HERE}/arrived"),
        )
        return self._console.show("first_steps.html", content, status)


def snippets(client_id: str) -> Sequence[Snippet]:
    """How each framework signs people in to this client."""
    tenant = current_tenant()
    values = {
        "issuer": tenant.issuer,
        "metadata_url": f"{tenant.issuer}/.well-known/openid-configuration",
        "name": tenant.name,
        "client_id": client_id,
        "insecure": tenant.issuer.startswith("http:"),
    }
    return [
        Snippet(name, file, _ENVIRONMENT.get_template(f"{each}.txt").render(values))
        for each, (name, file) in _FRAMEWORKS.items()
    ]


def _is_strict() -> bool:
    return bool(current_tenant().settings.security_profile)


async def _steps(client: Client | None, *, arrived: bool) -> list[StepLine]:
    serving = (await clients.counts()).get(ClientStatus.ACTIVE, 0)
    people = sum((await users.counts()).values())
    others = serving - (1 if client else 0)
    branded = current_tenant().settings.brand_color != TenantSettings().brand_color
    done = {
        Step.CLIENT: serving > 0,
        Step.SIGN_IN: arrived,
        Step.COLLEAGUE: people > 1,
        Step.COLOURS: branded,
        Step.OWN_CLIENT: others > 0,
    }
    return [StepLine(step, is_done, _url(step)) for step, is_done in done.items()]


def _url(step: Step) -> str:
    if step is Step.OWN_CLIENT and may(writes(Area.CLIENTS)):
        return frame.url("/clients/new")
    if step is Step.COLLEAGUE and permissions.given_by(signed_in().user.role):
        return frame.url("/invitations")
    return ""
