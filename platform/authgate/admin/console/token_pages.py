"""``/admin/tokens``: the tenant's tokens, the newest first; pausing and ending one."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from authgate import provisioning
from authgate.accounts.standing import actor
from authgate.admin.console import frame, list_search, token_lines
from authgate.admin.console.administrators import refuse_beyond_role
from authgate.admin.console.frame import ROOT, Console, id_in_address
from authgate.admin.console.token_search import KINDS, PATH, STATUSES, TokenSearch
from authgate.permissions import Area, reads, writes
from authgate.provisioning import UnknownToken
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import Token
from authgate.storage.paging import MOST, BadCursor, Page
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.web import usage_chart
from authgate.web.console_view_models import Done
from authgate.web.token_view_models import TokensPage
from authgate.web.usage_view_models import UsageChart


class TokenPages:
    """The list of tokens, and what is done to them."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("tokens")
        routes.get(f"{ROOT}{PATH}", self.show, reads(Area.TOKENS))
        routes.post(f"{ROOT}{PATH}/selected", self.revoke_selected, writes(Area.TOKENS))
        routes.post(f"{ROOT}{PATH}/<row_id>", self.act, writes(Area.TOKENS))
        return routes.blueprint

    async def show(self) -> Response:
        """Some of the tokens."""
        asked = TokenSearch.read(request.args)
        user = await users.find_by_login(asked.user) if asked.user else None
        unknown = bool(asked.user) and user is None
        found: Page[Token] = Page(()) if unknown else await self._found(asked, user)
        content = TokensPage(
            frame=await self._console.frame(),
            action=frame.url(PATH),
            clear_url=frame.url(PATH),
            tokens=await token_lines.lines(found.rows, now=self._console.now()),
            client=asked.client,
            user=asked.user,
            unknown_user=unknown,
            kept=asked.kept(),
            statuses=asked.links("status", asked.status, STATUSES),
            kinds=asked.links("kind", asked.kind, KINDS),
            sizes=asked.sizes(),
            selection_action=frame.url(f"{PATH}/selected"),
            list=asked.here(),
            chart=await self._chart(asked),
            next_url=asked.url(cursor=found.next) if found.next else None,
            previous_url=asked.url(cursor=found.previous) if found.previous else None,
        )
        return self._console.show("tokens.html", content)

    async def act(self, row_id: str) -> Response:
        """Disable, enable or revoke one, and come back to the list."""
        jti, form = id_in_address(row_id), await request.form
        asked = TokenSearch.read(list_search.returned(form))
        operations = {
            "disable": (provisioning.disable_token, Done.TOKEN_DISABLED),
            "enable": (provisioning.enable_token, Done.TOKEN_ENABLED),
            "revoke": (provisioning.revoke_token, Done.TOKEN_REVOKED),
        }
        token = await tokens.find_row(jti)
        if token is None:
            raise NotFound
        if form.get("act", "") not in operations:
            raise BadRequest
        if form["act"] == "enable":
            refuse_beyond_role(*token.scope.split())
        perform, done = operations[form["act"]]
        try:
            await perform(jti, actor=actor())
        except UnknownToken:
            done = Done.NOTHING
        return asked.back(done)

    async def revoke_selected(self) -> Response:
        """End all that were ticked, or none."""
        form = await request.form
        asked = TokenSearch.read(list_search.returned(form))
        chosen = [
            id_in_address(name.removeprefix(token_lines.FIELD))
            for name in form
            if name.startswith(token_lines.FIELD)
        ]
        if len(chosen) > MOST:
            raise BadRequest
        if not chosen:
            return asked.back(Done.NOTHING_SELECTED)
        try:
            await provisioning.revoke_tokens(chosen, actor=actor())
        except UnknownToken:
            return asked.back(Done.NOTHING)
        return asked.back(Done.TOKENS_REVOKED)

    async def _chart(self, asked: TokenSearch) -> UsageChart | None:
        is_whole = not (
            asked.client or asked.user or asked.cursor or asked.kept().keys() - {"limit"}
        )
        return await usage_chart.tokens(now=self._console.now()) if is_whole else None

    async def _found(self, asked: TokenSearch, user: User | None) -> Page[Token]:
        which = asked.filter(user, now=self._console.now())
        try:
            return await tokens.page(which, cursor=asked.cursor or None, limit=asked.size)
        except BadCursor as error:
            raise BadRequest from error
