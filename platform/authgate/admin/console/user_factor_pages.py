"""``/admin/users/<id>/second-factors``: taking them from somebody who has lost theirs."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from authgate import mail_addresses
from authgate.accounts.factor_lines import device_line, passkey_line
from authgate.accounts.second_factor_policy import is_open_to, is_required_of, told_due_at
from authgate.accounts.second_factors import SecondFactors
from authgate.accounts.second_step import owner_of
from authgate.accounts.step_up import require_own_factor
from authgate.admin.console import frame, user_lines
from authgate.admin.console.administrators import authority
from authgate.admin.console.frame import ROOT, Console, done
from authgate.admin.console.user_search import PATH
from authgate.languages import text
from authgate.permissions import Area, writes
from authgate.provisioning import Refused, second_factors
from authgate.storage.people.users import User
from authgate.storage.sign_in import remembered_devices
from authgate.web.console_view_models import Done
from authgate.web.user_view_models import FactorResetPage, PersonFactors

_ONE = f"{ROOT}{PATH}/<row_id>/second-factors"


class UserFactorPages:
    """Asks whether it is meant, of whoever has shown all that they have themselves, and lately."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("user-factors")
        routes.get(_ONE, self.ask, writes(Area.USERS))
        routes.post(_ONE, self.reset, writes(Area.USERS))
        return routes.blueprint

    async def ask(self, row_id: str) -> Response:
        """Show what would go. Raises ``SignInAgain`` and ``StepUp``."""
        return await self._question(await self._lost_by(row_id))

    async def reset(self, row_id: str) -> Response:
        """Take all of it, where that is meant. Raises as above."""
        person, form = await self._lost_by(row_id), await request.form
        if form.get("sure") != "1":
            return await self._question(person, text("Make sure first, and say so."))
        try:
            await second_factors.reset(self._console.parts, person.id, by=authority())
        except Refused as error:
            return await self._question(person, str(error))
        return done(user_lines.path(person), Done.FACTORS_RESET)

    async def _lost_by(self, row_id: str) -> User:
        person = await user_lines.named(row_id)
        if not user_lines.may_change(person):
            raise Forbidden
        then = f"{ROOT}{user_lines.path(person)}/second-factors"
        self._console.require_recent_sign_in(then)
        # Whoever has found a session open takes from nobody else what guards theirs.
        await require_own_factor(then=then)
        return person

    async def _question(self, person: User, fault: str = "") -> Response:
        here = frame.url(user_lines.path(person))
        told_at = mail_addresses.reachable(person.email) if person.email_verified else None
        content = FactorResetPage(
            frame=await self._console.frame(),
            list_url=frame.url(PATH),
            person_url=here,
            action=f"{here}/second-factors",
            username=person.username,
            factors=await _of(person, self._console),
            told_at=told_at or "",
            fault=fault,
        )
        return self._console.show("user_factors.html", content, 409 if fault else 200)


async def shown(person: User, console: Console, *, changes: bool) -> PersonFactors | None:
    """What a person has, for their page; ``None`` where nobody like them has any."""
    if not is_open_to(person):
        return None
    return await _of(person, console, changes=changes)


async def _of(person: User, console: Console, *, changes: bool = False) -> PersonFactors:
    enrolled = await SecondFactors(console.parts.encryption).of(person)
    devices = await remembered_devices.live_of(owner_of(person), now=console.now())
    has_any = enrolled.app is not None or bool(enrolled.passkeys)
    here = frame.url(user_lines.path(person))
    return PersonFactors(
        required=await is_required_of(person),
        due_at=await told_due_at(person),
        app_since=enrolled.app.created_at if enrolled.app else None,
        app_used_at=enrolled.app.last_used_at if enrolled.app else None,
        passkeys=[passkey_line(each) for each in enrolled.passkeys],
        recovery_codes=enrolled.recovery_codes,
        devices=[device_line(each) for each in devices],
        reset_url=f"{here}/second-factors" if changes and has_any else "",
    )
