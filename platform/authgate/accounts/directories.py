"""Passwords that another place keeps: which of a tenant's directories is asked for a name, and what
it says.

A name that has a password here is asked of nobody: what is typed for it goes to no directory. An
attempt at a directory is counted before it is asked, by the directory and the name, so what is
known at one place opens no further guesses at another.
"""

from asyncio import sleep
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Protocol

from quart import Response
from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.accounts import wrong_passwords
from authgate.accounts.directory_paces import DirectoryPaces, Pace
from authgate.accounts.known_browsers import KnownBrowser
from authgate.accounts.passwords import MAXIMUM_BYTES
from authgate.accounts.round_trips import Refusal, at_fault, cause_of
from authgate.accounts.tenant_connections import (
    PasswordPlace,
    TenantConnections,
    UsableConnection,
)
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.languages import Text
from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    PasswordAttempt,
    Secret,
    SignInRefused,
    WrongPassword,
)
from authgate.plugin_manager import LoginConnectors, PluginFailed
from authgate.storage.people.usernames import BadUsername, canonical
from authgate.storage.people.users import User
from authgate.storage.sign_in import external_identities, login_failures
from authgate.storage.sign_in.connection_rules import domain_of
from authgate.storage.sign_in.login_failures import Tries
from authgate.telemetry import metrics
from authgate.web.client_ip import bucket

_LONGEST_LOGIN = 320
_LONGEST_WAIT = timedelta(days=1)
"""Of a name that nobody has here nobody opens the count."""


class Welcome(Protocol):
    """Signs in whoever a connection vouches for. Raises ``Refusal``."""

    async def __call__(
        self,
        usable: UsableConnection,
        identity: ExternalIdentity,
        *,
        target: str,
        methods: Sequence[str] = (),
        remembered: bool = False,
    ) -> Response: ...


class Paused(Exception):
    """Nobody is heard for this name for some seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class NotTheirs(Exception):
    """The name is nobody's there, or has another password."""

    def __init__(self, tries: Tries) -> None:
        super().__init__(tries)
        self.tries = tries


class Away(Exception):
    """The directory cannot be asked. That is no wrong password, and counts as none."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that may be made."""

    account: str
    place: str
    tries: Tries


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody has typed into a sign-in form."""

    login: str
    password: Secret

    @classmethod
    def read(cls, login: str, password: str) -> "Typed | None":
        """The same in one spelling; nothing where no directory is to be asked of it: an empty
        password would be let in by many (RFC 4513 section 5.1.2), and what is not printed reads
        otherwise there than here."""
        try:
            canonical(login)
        except BadUsername:
            return None
        one = " ".join(login.split())
        fits = 0 < len(one) <= _LONGEST_LOGIN and 0 < len(password.encode()) <= MAXIMUM_BYTES
        return cls(one, Secret(password)) if fits and "\0" not in password else None


class Directories:
    """The directories of whichever tenant is in scope."""

    def __init__(
        self, *, connections: TenantConnections, connectors: LoginConnectors, clock: Clock
    ) -> None:
        self._connections = connections
        self._connectors = connectors
        self._clock = clock
        self._paces = DirectoryPaces()

    async def behind_form(self, typed: Typed) -> UsableConnection | None:
        """The one that the tenant's own sign-in form asks for a name that nobody has here."""
        return _behind_form(await self._connections.keeping_passwords(), typed)

    async def of(self, person: User | None, typed: Typed) -> UsableConnection | None:
        """The one that the form asks for this name: whom one knows is asked of that one alone,
        and of none while that one is switched off."""
        places = await self._connections.keeping_passwords()
        if not places:
            return None
        # Looked for whoever has the name, so that who is known takes no longer.
        linked = await external_identities.of_user(person.id if person else uuid7())
        known = {each.connection_id for each in linked}
        theirs = [each for each in places if each.stored.id in known]
        return _first_usable(theirs) if theirs else _behind_form(places, typed)

    async def count(
        self, usable: UsableConnection, typed: Typed, *, known: KnownBrowser | None = None
    ) -> Counted:
        """Count an attempt that is about to be made: at the browser's network, or for a browser
        that is known. Raises ``Paused``."""
        name = known.account if known else typed.login
        account = login_failures.account_at(usable.stored.id, name)
        place, now = "" if known else bucket(visitor().facts.ip), self._clock()
        tries = await login_failures.count_attempt_at(
            account, place, now=now, longest=_LONGEST_WAIT
        )
        if tries is None:
            metrics.logins.add("connection", "locked")
            raise Paused(await login_failures.seconds_to_wait(account, place, now=now))
        return Counted(account, place, tries)

    async def identity(
        self,
        usable: UsableConnection,
        typed: Typed,
        counted: Counted,
        *,
        person: User | None = None,
    ) -> ExternalIdentity:
        """Who has this password there; ``person`` is whose name it is here.

        Raises ``NotTheirs``, ``Away``, and ``Refusal`` for who is right and may not come in all the
        same.
        """
        try:
            identity = await self._asked(usable, typed)
        except WrongPassword as error:
            await _note(usable, cause_of(error), person)
            await wrong_passwords.record_pauses(
                counted.tries, person, connection=usable.stored.slug
            )
            raise NotTheirs(counted.tries) from error
        except SignInRefused as error:
            raise Refusal(403, Text.of(str(error), "", {}), cause_of(error)) from error
        except (PluginFailed, ConnectorConfigError) as error:
            async with storage.set_aside():  # kept, whatever becomes of the request's own unit
                await login_failures.withdraw(counted.account, counted.place)
                await _note(usable, at_fault(usable, error).cause, person)
            raise Away from error
        await login_failures.forget(counted.account, counted.place)
        return identity

    async def linger(self, usable: UsableConnection) -> None:
        """Take as long as the directory would have taken to say no, for a name that it was not
        asked of. Raises ``Away`` where it said nothing to others of late."""
        seconds, was_away = self._paces.one_of(usable.stored.id, now=self._clock())
        async with storage.set_aside():
            await sleep(seconds)
        if was_away:
            raise Away

    async def _asked(self, usable: UsableConnection, typed: Typed) -> ExternalIdentity:
        attempt = PasswordAttempt(login=typed.login, password=typed.password)
        opened = await self._connections.opened(usable)
        began, was_away = perf_counter(), False
        try:
            async with storage.set_aside():
                return await self._connectors.check_password(opened, attempt)
        except (PluginFailed, ConnectorConfigError):
            was_away = True
            raise
        finally:
            pace = Pace(perf_counter() - began, was_away, self._clock())
            self._paces.note(usable.stored.id, pace)


def _behind_form(places: Sequence[PasswordPlace], typed: Typed) -> UsableConnection | None:
    domain = domain_of(typed.login) if "@" in typed.login else ""
    by_domain = [each for each in places if domain in each.stored.rules.email_domains]
    # What is typed for one directory goes to no other, while that one is switched off neither.
    return _first_usable(by_domain or [each for each in places if each.stored.rules.sign_in_form])


def _first_usable(places: Iterable[PasswordPlace]) -> UsableConnection | None:
    return next((each.usable for each in places if each.usable), None)


async def _note(usable: UsableConnection, cause: str, person: User | None) -> None:
    metrics.logins.add("connection", "failure")
    details = {"method": "pwd", "connection": usable.stored.slug, "cause": cause}
    await audit.record(
        Event.OAUTH_AUTHENTICATION,
        actor=wrong_passwords.tried_as(person),
        success=False,
        resource=("connection", str(usable.stored.id)),
        details=details,
    )
