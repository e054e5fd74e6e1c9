"""What a line of a file of people says, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from authgate import languages, storage
from authgate.audit import Actor
from authgate.installation import Installation
from authgate.permissions import Area, UserRole, writes
from authgate.provisioning import groups, password_hashes, people, provisioned_users, roles
from authgate.provisioning.groups import TooManyMembers
from authgate.provisioning.password_hashes import UnfitHash
from authgate.provisioning.people import UnfitAddress
from authgate.provisioning.roles import Authority, Refused, UnknownUser
from authgate.provisioning.users import let_in, shut_out
from authgate.storage.people import directory, user_imports, users
from authgate.storage.people import groups as stored_groups
from authgate.storage.people.directory import Entry, Profile
from authgate.storage.people.user_imports import Line, LineOutcome, UserImport
from authgate.storage.people.usernames import LONGEST_NAME, BadUsername, canonical
from authgate.storage.people.users import LONGEST_EXTERNAL_ID, UsernameTaken
from authgate.storage.tenants.quotas import QuotaReached

COLUMNS = (
    "username",
    "email",
    "email_verified",
    "name",
    "given_name",
    "family_name",
    "role",
    "groups",
    "active",
    "password_hash",
    "external_id",
)
"""What a file may say of people."""

_PLAIN = ("name", "given_name", "family_name")
_ASKS_RECENTLY = frozenset({"role", "password_hash"})
_YES = frozenset({"true", "yes", "y", "1", "active"})
_NO = frozenset({"false", "no", "n", "0", "disabled", "inactive"})


class UnfitColumns(ValueError):
    """The columns are none that a file has. The text may be told."""


class UnfitLine(ValueError):
    """What a line says cannot be. The text may be told."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says; ``None`` is what it says nothing of."""

    username: str
    changes: Mapping[str, str | None]
    """Of the profile."""
    email_verified: bool | None
    role: UserRole | None
    groups: Sequence[str]
    active: bool | None
    password_hash: str | None


def check_columns(columns: Sequence[str]) -> None:
    """Raises ``UnfitColumns``."""
    strange = sorted(set(columns) - set(COLUMNS))
    if strange:
        raise UnfitColumns(
            languages.text(
                "There is no column %(column)s. There are %(columns)s.",
                column=strange[0],
                columns=", ".join(COLUMNS),
            )
        )
    if len(set(columns)) < len(columns):
        raise UnfitColumns(languages.text("A column is there twice."))
    if "username" not in columns:
        raise UnfitColumns(languages.text("The column username is missing."))


def asks_recently(columns: Sequence[str]) -> bool:
    """Whether a file gives what asks for a recent sign-in by hand: a role, or a password."""
    return not _ASKS_RECENTLY.isdisjoint(columns)


async def hold(known: UserImport, lines: Sequence[Line]) -> None:
    """Hold whom these lines are about until the end of the unit of work: all at once, since whoever
    holds people holds them in one order, and not in that of a file."""
    about = await directory.ids_named([each.username for each in lines if each.username])
    await users.hold_in_charge(*about, *filter(None, (_authority(known).user_id,)))


async def gone_through(parts: Installation, known: UserImport, line: Line) -> Line:
    """The line with what came of it. What one of them is refused leaves nothing behind."""
    try:
        async with storage.savepoint():
            earlier = await user_imports.earlier(known, line)
            if earlier is not None:
                raise UnfitLine(
                    languages.text(
                        "Line %(earlier)s has the same username or email.", earlier=earlier
                    )
                )
            outcome = await _settled(parts, _authority(known), said(line.cells))
    except _FAULTS as error:
        return _told(known, line, LineOutcome.REFUSED, _worded(error))
    return _told(known, line, outcome)


def _told(known: UserImport, line: Line, outcome: LineOutcome, fault: str = "") -> Line:
    cells = dict(line.cells)
    if not known.dry_run:
        cells.pop("password_hash", None)
    return line._replace(outcome=outcome, fault=fault, cells=cells)


_FAULTS = (
    UnfitLine,
    Refused,
    BadUsername,
    UnfitAddress,
    UnfitHash,
    UsernameTaken,
    QuotaReached,
    TooManyMembers,
    UnknownUser,
)


def _worded(error: Exception) -> str:
    match error:
        case UsernameTaken():
            return languages.text("Somebody else has this username, email or external id.")
        case UnknownUser():
            return languages.text("They are gone meanwhile.")
    return str(error)


def _authority(known: UserImport) -> Authority:
    actor = Actor(known.requester_type, known.requester_id, known.requested_by)
    return Authority(actor, known.requester_role)


def said(cells: Mapping[str, str]) -> Said:
    """What the cells of a line mean. Raises ``UnfitLine``, ``BadUsername`` and ``UnfitHash``."""
    username = cells.get("username", "")
    if not username:
        raise UnfitLine(languages.text("The username is missing."))
    canonical(username)
    hashed = cells.get("password_hash") or None
    if hashed is not None:
        password_hashes.check(hashed)
    changes: dict[str, str | None] = {"username": username}
    changes |= {name: _short(cells[name], name) for name in _PLAIN if name in cells}
    for name in ("email", "external_id"):
        if name in cells:
            changes[name] = _short(cells[name], name, LONGEST_EXTERNAL_ID) or None
    return Said(
        username=username,
        changes=changes,
        email_verified=_flag(cells, "email_verified"),
        role=_role(cells.get("role", "")),
        groups=[each for each in map(str.strip, _parts(cells.get("groups", ""))) if each],
        active=_flag(cells, "active"),
        password_hash=hashed,
    )


def _parts(text: str) -> Sequence[str]:
    return text.split("|") if "|" in text else text.split(";")


def _short(text: str, name: str, longest: int = LONGEST_NAME) -> str:
    if len(text) > longest or not text.isprintable():
        raise UnfitLine(
            languages.text(
                "%(name)s has at most %(most)s printable characters.", name=name, most=longest
            )
        )
    return text


def _flag(cells: Mapping[str, str], name: str) -> bool | None:
    text = cells.get(name, "").lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    if text:
        raise UnfitLine(languages.text("%(name)s is true or false.", name=name))
    return None


def _role(text: str) -> UserRole | None:
    try:
        return UserRole(text.lower()) if text else None
    except ValueError as error:
        raise UnfitLine(
            languages.text("role is one of %(roles)s.", roles=", ".join(UserRole))
        ) from error


async def _settled(parts: Installation, by: Authority, line: Said) -> LineOutcome:
    known = await directory.find_named(line.username)
    if known is None:
        user_id = await _brought_in(line, by)
        await _grouped(parts, user_id, line, by)
        return LineOutcome.CREATED
    entry = await provisioned_users.held(known.id, by=by)
    if entry is None:
        raise UnknownUser(line.username)
    changed = await _rewritten(parts, entry, line, by)
    changed |= await _given_role(entry, line, by)
    changed |= await _switched(parts, entry, line, by)
    changed |= await _grouped(parts, entry.id, line, by)
    return LineOutcome.CHANGED if changed else LineOutcome.UNCHANGED


async def _brought_in(line: Said, by: Authority) -> UUID:
    profile = Profile(**{"username": line.username, **_texts(line.changes)})
    if line.password_hash is not None:
        await password_hashes.check_costs(line.password_hash)
    person = await people.add_person(
        profile._replace(active=line.active is not False),
        email_verified=bool(line.email_verified) and profile.email is not None,
        role=line.role or UserRole.USER,
        password_hash=line.password_hash,
        by=by,
    )
    return person.id


def _texts(changes: Mapping[str, str | None]) -> dict[str, Any]:
    return dict(changes)


async def _rewritten(parts: Installation, entry: Entry, line: Said, by: Authority) -> bool:
    """Whether something is said of them now that was not. Who is here keeps their password,
    whatever hash the file has: nobody gets into an account by one that they know."""
    profile = entry.profile._replace(**_texts(line.changes))
    if canonical(profile.username) == canonical(entry.username):
        profile = profile._replace(username=entry.username)
    verified = entry.email_verified if profile.email == entry.email else False
    if line.email_verified is not None:
        verified = line.email_verified
    verified = verified and profile.email is not None
    if profile == entry.profile and verified is entry.email_verified:
        return False
    await people.change_person(entry, profile, email_verified=verified, by=by, now=parts.clock())
    return True


async def _given_role(entry: Entry, line: Said, by: Authority) -> bool:
    if line.role is None or line.role is entry.role:
        return False
    await roles.change_role(entry.id, line.role, by=by)
    return True


async def _switched(parts: Installation, entry: Entry, line: Said, by: Authority) -> bool:
    if line.active is None or line.active is entry.profile.active:
        return False
    becomes = None if line.active else UserRole.USER
    person = await roles.held(entry.id, by=by, asks=writes(Area.USERS), becomes=becomes)
    if line.active:
        await let_in(person, actor=by.actor)
    else:
        await shut_out(person, now=parts.clock(), actor=by.actor)
    return True


async def _grouped(parts: Installation, user_id: UUID, line: Said, by: Authority) -> bool:
    """Whether they belong to a group now to which they did not. They leave none."""
    changed = False
    for name in line.groups:
        group = await stored_groups.find_named(name)
        if group is None:
            raise UnfitLine(languages.text("There is no group %(name)s.", name=name[:LONGEST_NAME]))
        added = await groups.add_members(group.id, [user_id], now=parts.clock(), actor=by.actor)
        changed |= bool(added)
    return changed
