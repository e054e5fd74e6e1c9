"""``/operator/tenants/new``: a tenant, and who owns it first."""

from collections.abc import Mapping

from quart import Blueprint, Response, request

from authgate.accounts.standing import actor
from authgate.languages import text, told
from authgate.mail_addresses import BadAddress
from authgate.operator import acts
from authgate.operator.acts import Owner
from authgate.operator.console import frame
from authgate.operator.console.frame import OperatorConsole
from authgate.operator.console.tenant_search import PATH
from authgate.operator.places import CONSOLE
from authgate.permissions import OperatorArea, writes
from authgate.storage.people.usernames import BadUsername
from authgate.web.operator_view_models import CreatedTenantPage, NewTenantFields, NewTenantPage
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.resolver import BadSlug

_HERE = f"{CONSOLE}{PATH}/new"


class NewTenantPages:
    """The form, and what comes of it."""

    def __init__(self, *, console: OperatorConsole) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("tenant-new")
        routes.get(_HERE, self.begin, writes(OperatorArea.TENANTS))
        routes.post(_HERE, self.create, writes(OperatorArea.TENANTS))
        return routes.blueprint

    async def begin(self) -> Response:
        """An empty form."""
        return self._form(NewTenantFields(), {})

    async def create(self) -> Response:
        """The tenant, and the password of its owner, this once."""
        fields = _typed(await request.form)
        faults = _missing(fields)
        if faults:
            return self._form(fields, faults)
        try:
            tenant, password = await acts.create(
                self._console.parts,
                slug=fields.slug,
                name=fields.name or fields.slug.capitalize(),
                owner=Owner(fields.username, fields.email or None),
                by=actor(),
            )
        except BadSlug as error:
            return self._form(fields, {"slug": told(error)})
        except SlugTaken:
            return self._form(fields, {"slug": text("There is a tenant of this slug.")})
        except BadUsername as error:
            return self._form(fields, {"username": str(error)})
        except BadAddress as error:
            return self._form(fields, {"email": str(error)})
        content = CreatedTenantPage(
            frame=self._console.frame(),
            name=tenant.name,
            issuer=tenant.issuer,
            username=fields.username,
            password=password,
            url=frame.url(f"{PATH}/{tenant.id}"),
        )
        return self._console.show("tenant_created.html", content, 201)

    def _form(self, fields: NewTenantFields, faults: Mapping[str, str]) -> Response:
        content = NewTenantPage(
            frame=self._console.frame(),
            action=frame.url(f"{PATH}/new"),
            cancel_url=frame.url(PATH),
            fields=fields,
            faults=faults,
        )
        return self._console.show("tenant_new.html", content, 422 if faults else 200)


def _typed(form: Mapping[str, str]) -> NewTenantFields:
    def said(name: str, longest: int) -> str:
        return form.get(name, "").replace("\0", "").strip()[:longest]

    return NewTenantFields(
        slug=said("slug", 63), name=said("name", 100), username=said("username", 100),
        email=said("email", 254),
    )  # fmt: skip


def _missing(fields: NewTenantFields) -> dict[str, str]:
    missing = [name for name in ("slug", "username") if not getattr(fields, name)]
    return {name: text("It has to be there.") for name in missing}
