"""``/account/password``: choosing another one."""

from collections.abc import Mapping, Sequence

from quart import Blueprint, Response, request

from authgate.accounts.account_frame import ACCOUNT, frame
from authgate.accounts.answers import page, see_other
from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.login import has_password
from authgate.accounts.passwords import BadPassword, Passwords, minimum_length
from authgate.accounts.second_factor_policy import REMEMBERED
from authgate.accounts.standing import StepUp, to_second_factor
from authgate.accounts.step_up import require_own_factor
from authgate.accounts.tenant_connections import TenantConnections
from authgate.accounts.visits import SignedIn, signed_in, visitor
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning import own_passwords
from authgate.provisioning.own_passwords import TooManyTries, WrongPassword
from authgate.storage.sign_in import external_identities, sessions
from authgate.web.account_view_models import PasswordDone, PasswordPage
from authgate.web.pages import Pages, language_read
from authgate_tenants import current_tenant

_HERE = f"{ACCOUNT}/password"


class PasswordPages:
    """The page, and changing the password on it."""

    def __init__(
        self,
        *,
        parts: Installation,
        pages: Pages,
        passwords: Passwords,
        browser_sessions: BrowserSessions,
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._passwords = passwords
        self._sessions = browser_sessions

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("own-password", __name__)
        routes.register_error_handler(StepUp, to_second_factor)
        routes.get(_HERE)(self.show)
        routes.post(_HERE)(self.change_password)
        return routes

    async def show(self) -> Response:
        """What there is."""
        done = request.args.get("done", "")
        return await self._page(done=PasswordDone(done) if done in set(PasswordDone) else None)

    async def change_password(self) -> Response:
        """Have another one from now on, in this browser under another key of the session."""
        person, form = signed_in(), await request.form
        if not has_password(person.user):
            return see_other(_HERE)
        await require_own_factor(then=_HERE)
        ends = current_tenant().settings.password_change_signs_out
        ends = ends or form.get("sign_out_others") == "1"
        try:
            await own_passwords.change(
                self._parts,
                self._passwords,
                person.user,
                current=form.get("current", ""),
                password=form.get("password", ""),
                ends_others_than=person.session.id if ends else None,
                language=language_read(),
            )
        except WrongPassword:
            return await self._page({"current": text("This is not your password.")})
        except BadPassword as error:
            return await self._page({"password": str(error)})
        except TooManyTries as error:
            response = await self._page({"current": text("Too many tries. Wait.")}, status=429)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        response = see_other(f"{_HERE}?done={PasswordDone.CHANGED}")
        # No sign-in: what was shown long ago is no fresher by a password. And what was remembered
        # was so for the former one.
        amr = [each for each in person.session.amr if each != REMEMBERED]
        await self._sessions.step_up(person, response, amr=amr)
        return response

    async def _page(
        self,
        faults: Mapping[str, str] | None = None,
        *,
        status: int = 400,
        done: PasswordDone | None = None,
    ) -> Response:
        person, prefix = signed_in(), current_tenant().prefix
        living = await sessions.live_of(person.user.id, now=self._parts.clock())
        content = PasswordPage(
            **frame(),
            password_action=f"{prefix}{_HERE}" if has_password(person.user) else "",
            kept_by=await self._kept_by(person),
            sessions_url=f"{prefix}{ACCOUNT}/sessions",
            minimum_length=minimum_length(),
            others=sum(each.id != person.session.id for each in living),
            ends_others=current_tenant().settings.password_change_signs_out,
            done=done,
            faults=faults or {},
        )
        visit = visitor().page()
        html = self._pages.render("account/password.html", visit=visit, page=content)
        return page(html, status if faults else 200)

    async def _kept_by(self, person: SignedIn) -> Sequence[str]:
        connections = TenantConnections(
            connectors=self._parts.plugins.connectors, encryption=self._parts.encryption
        )
        taking = await connections.taking_passwords()
        if not taking:
            return ()
        linked = {each.connection_id for each in await external_identities.of_user(person.user.id)}
        return [each.stored.label for each in taking if each.stored.id in linked]
