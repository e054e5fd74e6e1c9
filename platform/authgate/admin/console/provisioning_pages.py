"""``/admin/provisioning``: which other directories provision people, by which tokens (SCIM)."""

from collections.abc import Mapping
from datetime import timedelta

from quart import Blueprint, Response, request

from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.admin.console import frame
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done
from authgate.admin.console.fresh_secret import FreshSecrets
from authgate.languages import text
from authgate.permissions import Area, reads, writes
from authgate.provisioning.scim_tokens import (
    LONGEST,
    UnfitScimToken,
    UnknownScimToken,
    allow_provisioning,
    withdraw_provisioning,
)
from authgate.storage.people import scim_tokens
from authgate.storage.people.scim_tokens import ScimToken
from authgate.tokens.audiences import SCIM
from authgate.web import row_ids
from authgate.web.console_view_models import Done
from authgate.web.provisioning_view_models import (
    ProvisioningPage,
    ScimTokenFields,
    ScimTokenLine,
)
from authgate_tenants import current_tenant

_HERE = "/provisioning"


class ProvisioningPages:
    """The tokens of other directories, and how such a directory is set up."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self._fresh_secrets = FreshSecrets(console.parts.encryption)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("provisioning")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.SCIM))
        routes.post(f"{ROOT}{_HERE}/create", self.create, writes(Area.SCIM))
        routes.post(f"{ROOT}{_HERE}/withdraw", self.withdraw, writes(Area.SCIM))
        return routes.blueprint

    async def show(self) -> Response:
        """All of them; the one that was made just now with itself."""
        made = await self._named(request.args.get("made", ""))
        token = made and await self._fresh_secrets.taken(made, now=self._console.now())
        answer = await self._page(ScimTokenFields(), {}, made=token or "")
        if token:
            self._fresh_secrets.forget(answer)
        return answer

    async def create(self) -> Response:
        """Make a token, which the next page shows, or say what is wrong."""
        refuse_guest()
        self._console.require_recent_sign_in(f"{ROOT}{_HERE}")
        form, now = await request.form, self._console.now()
        fields = ScimTokenFields(
            form.get("description", "").strip(), "trusts_emails" in form, form.get("days", "")
        )
        days = fields.days.strip()
        if not days.isascii() or not days.isdecimal() or not 0 < int(days[:9]) <= LONGEST.days:
            return await self._page(
                fields, {"days": text("A number of days, up to %(most)s.", most=LONGEST.days)}
            )
        try:
            token, kept = await allow_provisioning(
                description=fields.description,
                trusts_emails=fields.trusts_emails,
                now=now,
                expires_at=now + timedelta(days=int(days)),
                actor=actor(),
            )
        except UnfitScimToken as error:
            return await self._page(fields, {"description": str(error)})
        answer = see_other(f"{ROOT}{_HERE}?made={kept.id}")
        await self._fresh_secrets.hand_on(answer, kept, token, now=now)
        return answer

    async def withdraw(self) -> Response:
        """Take a token back."""
        kept = await self._named((await request.form).get("token", ""))
        try:
            if kept is None:
                return done(_HERE, Done.NOTHING)
            await withdraw_provisioning(kept.id, actor=actor())
        except UnknownScimToken:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.SCIM_TOKEN_WITHDRAWN)

    async def _named(self, text: str) -> ScimToken | None:
        try:
            return await scim_tokens.find(row_ids.read(text), now=self._console.now())
        except ValueError:
            return None

    async def _page(
        self, fields: ScimTokenFields, faults: Mapping[str, str], *, made: str = ""
    ) -> Response:
        content = ProvisioningPage(
            frame=await self._console.frame(),
            base_url=f"{current_tenant().issuer}{SCIM}",
            tokens=[_line(each) for each in await scim_tokens.all_tokens(now=self._console.now())],
            create_action=frame.url(f"{_HERE}/create"),
            withdraw_action=frame.url(f"{_HERE}/withdraw"),
            made=made,
            fields=fields,
            faults=faults,
        )
        return self._console.show("provisioning.html", content, 400 if faults else 200)


def _line(token: ScimToken) -> ScimTokenLine:
    return ScimTokenLine(
        str(token.id),
        token.description,
        token.trusts_emails,
        token.created_by,
        token.created_at,
        token.expires_at,
        token.last_used_at,
    )
