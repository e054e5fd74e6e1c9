"""``/admin/team``: who may administer the tenant, and as what."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, Forbidden, NotFound

from authgate import permissions, provisioning
from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame
from authgate.admin.console.administrators import authority, may
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.audit import Actor
from authgate.permissions import Access, Area, UserRole, covers, reads, writes
from authgate.provisioning import Refused, operator_accesses
from authgate.provisioning.operator_accesses import UnfitAccess, UnknownAccess
from authgate.storage.people import group_members, users
from authgate.storage.people.operator_accesses import Access as OperatorAccess
from authgate.storage.people.users import User
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import AccessState
from authgate.web import row_ids
from authgate.web.console_view_models import Done
from authgate.web.team_view_models import AccessLine, AreaLine, RolePage, TeamMember, TeamPage

_HERE = "/team"
_ONE = f"{ROOT}{_HERE}/<row_id>"
_MOST_GROUPS = 50
_ACCESS = f"{ROOT}{_HERE}/operators/<row_id>"


class _Decide(Protocol):
    def __call__(
        self, access_id: UUID, *, by: Actor, now: datetime
    ) -> Awaitable[OperatorAccess]: ...


class TeamPages:
    """The people in charge, and the role of each."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("team")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.ROLES))
        routes.get(f"{ROOT}{_HERE}/find", self.find, writes(Area.ROLES))
        routes.get(_ONE, self.begin, writes(Area.ROLES))
        routes.post(_ONE, self.change, writes(Area.ROLES))
        routes.post(f"{_ONE}/block", self.block, writes(Area.USERS))
        routes.post(f"{_ONE}/let-in", self.let_in, writes(Area.USERS))
        for verb, decide in self._decisions.items():
            routes.post(f"{_ACCESS}/{verb}", decide, writes(Area.ROLES))
        return routes.blueprint

    async def show(self) -> Response:
        """All of them, and what each role may do."""
        return await self._team()

    async def find(self) -> Response:
        """Lead to whom this name or address belongs."""
        login = request.args.get("login", "").strip()
        user = await users.find_by_login(login) if login else None
        return see_other(f"{ROOT}{_HERE}/{user.id}") if user else await self._team(login)

    async def begin(self, row_id: str) -> Response:
        """What they are, and what they could be."""
        return await self._role(await _named(row_id))

    async def change(self, row_id: str) -> Response:
        """Ask whether it is meant; give the role where that was asked already."""
        person, form = await _named(row_id), await request.form
        self._console.require_recent_sign_in(f"{ROOT}{_HERE}/{person.id}")
        wanted = _wanted(form)
        if form.get("was") != person.role or wanted is person.role:
            return done(f"{_HERE}/{person.id}", Done.NOTHING)
        if form.get("sure") != "1" and wanted in _gives(person):
            return await self._role(person, wanted=wanted)
        try:
            await provisioning.change_role(person.id, wanted, by=authority())
        except Refused as error:
            return await self._role(person, fault=str(error))
        return done(_HERE, Done.ROLE_TAKEN if wanted is UserRole.USER else Done.ROLE_GIVEN)

    async def block(self, row_id: str) -> Response:
        """Shut them out: of every browser, and of whatever acts in their name."""
        person = await _named(row_id)
        try:
            await provisioning.disable_user(
                person.username, now=self._console.now(), by=authority()
            )
        except Refused as error:
            return await self._role(person, fault=str(error))
        return done(f"{_HERE}/{person.id}", Done.PERSON_BLOCKED)

    async def let_in(self, row_id: str) -> Response:
        """Let them sign in again."""
        person = await _named(row_id)
        try:
            await provisioning.enable_user(person.username, by=authority())
        except Refused as error:
            return await self._role(person, fault=str(error))
        return done(f"{_HERE}/{person.id}", Done.PERSON_LET_IN)

    @property
    def _decisions(self) -> Mapping[str, Callable[[str], Awaitable[Response]]]:
        return {"approve": self.approve, "refuse": self.refuse, "end": self.end}

    async def approve(self, row_id: str) -> Response:
        """Let an operator of the installation in."""
        self._console.require_recent_sign_in(f"{ROOT}{_HERE}")
        return await self._decided(operator_accesses.approve, row_id, Done.OPERATOR_LET_IN)

    async def refuse(self, row_id: str) -> Response:
        """Don't let them in."""
        return await self._decided(operator_accesses.refuse, row_id, Done.OPERATOR_REFUSED)

    async def end(self, row_id: str) -> Response:
        """Let them be here no longer."""
        return await self._decided(operator_accesses.end, row_id, Done.OPERATOR_GONE)

    async def _decided(self, decide: "_Decide", row_id: str, what: Done) -> Response:
        try:
            await decide(row_ids.read(row_id), by=actor(), now=self._console.now())
        except (ValueError, UnknownAccess) as error:
            if isinstance(error, Refused):
                raise Forbidden from error
            if isinstance(error, UnfitAccess):
                return done(_HERE, Done.NOTHING)
            raise NotFound from error
        return done(_HERE, what)

    async def _team(self, login: str = "") -> Response:
        team, now = await users.team(), self._console.now()
        decides = may(writes(Area.ROLES))
        content = TeamPage(
            frame=await self._console.frame(),
            members={
                role: [_member(each) for each in team if each.role is role]
                for role in permissions.ROLES
                if role is not UserRole.USER
            },
            areas=[_line(area) for area in self._areas()],
            find_action=frame.url(f"{_HERE}/find"),
            accesses=[
                _access(each, now, decides=decides) for each in await operator_accesses.newest()
            ],
            login=login,
        )
        return self._console.show("team.html", content)

    def _areas(self) -> list[Area]:
        """Those that a page or an operation of the admin API asks for."""
        by_pages = self._console.doors.asked.values()
        asked = {each.area for each in (*by_pages, *(scope.permission for scope in Scope))}
        return [area for area in Area if area in asked]

    async def _role(
        self, person: User, *, wanted: UserRole | None = None, fault: str = ""
    ) -> Response:
        here, shuts_out = frame.url(f"{_HERE}/{person.id}"), _shuts_out(person)
        content = RolePage(
            frame=await self._console.frame(),
            username=person.username,
            name=person.name,
            email=person.email or "",
            role=person.role,
            disabled=not person.is_active,
            roles=_gives(person),
            action=here,
            cancel_url=frame.url(_HERE),
            wanted=wanted,
            fault=fault,
            block_action=f"{here}/block" if shuts_out and person.is_active else "",
            let_in_action=f"{here}/let-in" if shuts_out and not person.is_active else "",
            groups=await _groups(person),
        )
        return self._console.show("role.html", content, 409 if fault else 200)


def _access(access: OperatorAccess, now: datetime, *, decides: bool) -> AccessLine:
    here = frame.url(f"{_HERE}/operators/{access.id}")
    pending = decides and access.is_pending(now)
    asked = pending and access.state is AccessState.ASKED
    return AccessLine.of(
        access,
        now,
        approve_action=f"{here}/approve" if asked else "",
        refuse_action=f"{here}/refuse" if asked else "",
        end_action=f"{here}/end" if pending and not asked else "",
    )


async def _named(row_id: str) -> User:
    user = await users.find(id_in_address(row_id))
    if user is None:
        raise NotFound
    return user


async def _groups(person: User) -> Sequence[str]:
    if not may(reads(Area.GROUPS)):
        return ()
    found = await group_members.groups_of(person.id, most=_MOST_GROUPS)
    return [each.display_name for each in found]


def _wanted(form: Mapping[str, str]) -> UserRole:
    try:
        return UserRole(form.get("role", ""))
    except ValueError as error:
        raise BadRequest from error


def _gives(person: User) -> Sequence[UserRole]:
    """The roles that whoever looks may give this person: none to themselves, and none to who may
    more."""
    mine = signed_in().user
    if person.id == mine.id or not covers(mine.role, person.role):
        return ()
    return permissions.given_by(mine.role)


def _shuts_out(person: User) -> bool:
    """Whether whoever looks may: not themselves, and nobody who may more."""
    mine = signed_in().user
    return may(writes(Area.USERS)) and person.id != mine.id and covers(mine.role, person.role)


def _member(user: User) -> TeamMember:
    mine = signed_in().user
    changes = may(writes(Area.ROLES)) and bool(_gives(user))
    return TeamMember(
        url=frame.url(f"{_HERE}/{user.id}") if changes else "",
        username=user.username,
        name=user.name,
        email=user.email or "",
        disabled=not user.is_active,
        own=user.id == mine.id,
    )


def _line(area: Area) -> AreaLine:
    far = {role: permissions.access(role, area) for role in permissions.ROLES}
    return AreaLine(
        area=area,
        accesses={
            role: "" if how is Access.NONE else how.name.lower() for role, how in far.items()
        },
    )
