"""``/admin/users/new`` and ``…/edit``: people who are brought in, and what is said of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, Forbidden, NotFound

from authgate import permissions, provisioning, storage
from authgate.accounts.answers import see_other
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame, user_lines
from authgate.admin.console.administrators import authority, refuse_guest
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.admin.console.fresh_secret import FreshSecrets
from authgate.admin.console.user_search import PATH
from authgate.languages import text
from authgate.permissions import Area, UserRole, writes
from authgate.provisioning import Refused, erasure, provisioned_users, random_password
from authgate.provisioning import people as provisioned
from authgate.provisioning.people import UnfitAddress
from authgate.storage.people import users
from authgate.storage.people.directory import Entry, Profile
from authgate.storage.people.usernames import LONGEST_NAME, BadUsername
from authgate.storage.people.users import User, UsernameTaken
from authgate.web.console_view_models import Done
from authgate.web.user_view_models import (
    PersonDeletePage,
    PersonFields,
    PersonFormPage,
    PersonPasswordPage,
)

_NEW = f"{ROOT}{PATH}/new"
_ONE = f"{ROOT}{PATH}/<row_id>"


class UserForm:
    """Forms about one person."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self._fresh_secrets = FreshSecrets(console.parts.encryption)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("user-form")
        routes.get(_NEW, self.begin, writes(Area.USERS))
        routes.post(_NEW, self.create, writes(Area.USERS))
        routes.get(f"{_ONE}/edit", self.edit, writes(Area.USERS))
        routes.post(f"{_ONE}/edit", self.change, writes(Area.USERS))
        routes.get(f"{_ONE}/delete", self.ask, writes(Area.USERS))
        routes.post(f"{_ONE}/delete", self.delete, writes(Area.USERS))
        routes.get(f"{_ONE}/password", self.password, writes(Area.USERS))
        routes.post(f"{_ONE}/password", self.reset, writes(Area.USERS))
        return routes.blueprint

    async def begin(self) -> Response:
        """An empty form."""
        refuse_guest()
        return await self._form(PersonFields(), {})

    async def create(self) -> Response:
        """Bring somebody in, or show again what was typed."""
        refuse_guest()
        form = await request.form
        said, role = _typed(form), _role(form)
        if role is not UserRole.USER:
            self._console.require_recent_sign_in(_NEW)
        password = random_password() if said.make_password else None
        hashed = await self._hashed(password) if password else None
        faults: dict[str, str] = {}
        with _caught(faults):
            person = await provisioned.add_person(
                Profile(said.username, name=said.name, email=said.email or None),
                email_verified=said.email_verified,
                role=role,
                password_hash=hashed,
                by=authority(),
            )
        if faults:
            return await self._form(said, faults)
        return await self._shown_once(person, password)

    async def edit(self, row_id: str) -> Response:
        """What is said of them."""
        person = await _changeable(row_id)
        return await self._form(_fields(person), {}, person)

    async def change(self, row_id: str) -> Response:
        """Have it be so, or show again what was typed; nothing over what somebody else has stored
        since it was shown."""
        entry, person, form = *await _held(row_id), await request.form
        if form.get("version") != _version(person):
            return await self._form(_fields(person), {}, person, changed_meanwhile=True)
        said = replace(_typed(form), role=person.role)
        verified = said.email_verified and (
            said.email == (person.email or "") or not person.email_verified
        )
        profile = entry.profile._replace(
            username=said.username, name=said.name, email=said.email or None
        )
        faults: dict[str, str] = {}
        with _caught(faults):
            await provisioned.change_person(
                entry, profile, email_verified=verified, by=authority(), now=self._console.now()
            )
        if faults:
            return await self._form(said, faults, person)
        return done(user_lines.path(person), Done.PERSON_SAVED)

    async def ask(self, row_id: str) -> Response:
        """Ask whether it is meant."""
        return await self._deletion(await _changeable(row_id))

    async def delete(self, row_id: str) -> Response:
        """Remove them, if that is who they are called."""
        person, form = await _changeable(row_id), await request.form
        self._console.require_recent_sign_in(f"{ROOT}{user_lines.path(person)}/delete")
        if form.get("username", "").strip() != person.username:
            fault = text("That is not their username. Nobody was removed.")
            return await self._deletion(person, fault)
        try:
            if form.get("erase") == "1":
                await erasure.request(
                    self._console.parts, person.id, confirmation=person.username, by=authority()
                )
                return see_other(f"{ROOT}{PATH}/erasures")
            await provisioned.remove_person(person.id, by=authority(), now=self._console.now())
        except Refused as error:
            return await self._deletion(person, str(error))
        return done(PATH, Done.PERSON_DELETED)

    async def reset(self, row_id: str) -> Response:
        """Give them another password, which the next page shows once."""
        person, form = await _changeable(row_id), await request.form
        self._console.require_recent_sign_in(f"{ROOT}{user_lines.path(person)}")
        password = random_password()
        hashed = await self._hashed(password)
        try:
            await provisioned.give_password(
                person.id,
                hashed,
                first=form.get("first") == "1",
                by=authority(),
                now=self._console.now(),
            )
        except Refused:
            return done(user_lines.path(person), Done.NOTHING)
        return await self._shown_once(person, password)

    async def password(self, row_id: str) -> Response:
        """The password that was made up, this once."""
        person = await _changeable(row_id)
        password = await self._fresh_secrets.taken(person, now=self._console.now())
        content = PersonPasswordPage(
            frame=await self._console.frame(),
            list_url=frame.url(PATH),
            person_url=frame.url(user_lines.path(person)),
            username=person.username,
            password=password,
        )
        response = self._console.show("user_password.html", content)
        if password is not None:
            self._fresh_secrets.forget(response)
        return response

    async def _shown_once(self, person: User, password: str | None) -> Response:
        if password is None:
            return done(user_lines.path(person), Done.PERSON_SAVED)
        response = see_other(f"{ROOT}{user_lines.path(person)}/password")
        await self._fresh_secrets.hand_on(response, person, password, now=self._console.now())
        return response

    async def _hashed(self, password: str) -> str:
        async with storage.set_aside():
            return await self._console.hash_password(password)

    async def _form(
        self,
        fields: PersonFields,
        faults: Mapping[str, str],
        person: User | None = None,
        *,
        changed_meanwhile: bool = False,
    ) -> Response:
        here = frame.url(user_lines.path(person) if person else PATH)
        content = PersonFormPage(
            frame=await self._console.frame(),
            action=f"{here}/edit" if person else f"{here}/new",
            list_url=frame.url(PATH),
            cancel_url=here,
            fields=fields,
            title=person.username if person else "",
            roles=[] if person else permissions.given_by(signed_in().user.role),
            faults=faults,
            version=_version(person) if person else "",
            changed_meanwhile=changed_meanwhile,
        )
        status = 409 if changed_meanwhile else 400 if faults else 200
        return self._console.show("user_form.html", content, status)

    async def _deletion(self, person: User, fault: str = "") -> Response:
        here = frame.url(user_lines.path(person))
        content = PersonDeletePage(
            frame=await self._console.frame(),
            list_url=frame.url(PATH),
            action=f"{here}/delete",
            cancel_url=here,
            username=person.username,
            fault=fault,
        )
        return self._console.show("user_delete.html", content, 409 if fault else 200)


async def _changeable(row_id: str) -> User:
    """The person, whom whoever looks may change. Raises ``NotFound`` and ``Forbidden``."""
    person = await user_lines.named(row_id)
    if not user_lines.may_change(person):
        raise Forbidden
    return person


async def _held(row_id: str) -> tuple[Entry, User]:
    """The same, until the end of the request."""
    await _changeable(row_id)
    entry = await provisioned_users.held(id_in_address(row_id), by=authority())
    person = await users.held(id_in_address(row_id))
    if entry is None or person is None:
        raise NotFound
    return entry, person


@contextmanager
def _caught(faults: dict[str, str]) -> Iterator[None]:
    """Say of what was typed which of it cannot be."""
    try:
        yield
    except BadUsername as error:
        faults["username"] = str(error)
    except UnfitAddress as error:
        faults["email"] = str(error)
    except UsernameTaken:
        faults["username"] = text("Somebody has this username or address.")
    except provisioning.Refused as error:
        faults["username"] = str(error)


def _fields(person: User) -> PersonFields:
    return PersonFields(
        username=person.username,
        name=person.name,
        email=person.email or "",
        email_verified=person.email_verified,
        role=person.role,
    )


def _typed(form: Mapping[str, str]) -> PersonFields:
    return PersonFields(
        username=form.get("username", "").strip(),
        name=" ".join(form.get("name", "").split())[:LONGEST_NAME],
        email=form.get("email", "").strip(),
        email_verified=form.get("email_verified") == "1",
        role=form.get("role", UserRole.USER),
        make_password=form.get("make_password") == "1",
    )


def _role(form: Mapping[str, str]) -> UserRole:
    try:
        return UserRole(form.get("role", UserRole.USER))
    except ValueError as error:
        raise BadRequest from error


def _version(person: User) -> str:
    return person.updated_at.isoformat()
