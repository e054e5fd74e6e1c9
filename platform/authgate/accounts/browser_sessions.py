"""Starting and ending the session of a browser: the one door to a session, whatever the way in."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NewType

from quart import Response, request

from authgate import audit
from authgate.accounts import access, language_choice, logout
from authgate.accounts.half_sign_in import COOKIE as HALF
from authgate.accounts.login_policy import LoginPolicy
from authgate.accounts.second_step import FirstFactor, SecondStep
from authgate.accounts.visits import NotSignedIn, SignedIn, Visitor
from authgate.audit import Event
from authgate.installation import Installation
from authgate.permissions import UserRole
from authgate.storage.metering import active_users
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.random_secrets import hashed
from authgate.storage.sign_in import session_clients, sessions
from authgate.storage.sign_in.sessions import SignIn
from authgate.storage.tenants.quotas import Quota
from authgate.web import session_cookie
from authgate_tenants import current_tenant

Heard = NewType("Heard", FirstFactor)
"""A first factor to which the tenant's plugins had nothing to say but what it says now."""


class BrowserSessions:
    """Signs browsers in and out."""

    def __init__(self, parts: Installation, *, second_step: SecondStep) -> None:
        self._subjects = parts.subjects
        self._policy = LoginPolicy(parts)
        self._second_step = second_step
        self._clock = parts.clock

    async def start(
        self,
        visitor: Visitor,
        user: User,
        response: Response,
        *,
        amr: list[str],
        target: str,
        remembered: bool = False,
        connection: str = "",
    ) -> bool:
        """Sign this browser in, under a key it never had before: no session is ever adopted.

        Where these methods are not enough, for the person, the tenant or its plugins, nobody is
        signed in: the answer is ``False``, and the response leads to the second factor instead, and
        only then to the target. The plugins may ask for an ``acr`` of what the person has: a factor
        that is set up meanwhile proves nothing about them.

        Who signs in once more goes on with their session, and with its ``sid``: applications know
        it by that. Whoever else was signed in is signed out. Raises ``NotSignedIn`` for somebody
        who was shut out, or given another password, since ``user`` was read, ``StepUpRequired``,
        and what ``LoginPolicy.check`` raises.
        """
        first = FirstFactor(user, amr, remembered, target, connection)
        return await self.go_on(visitor, await self.heard(first), response)

    async def heard(self, first: FirstFactor) -> Heard:
        """Let the tenant's plugins speak, before anything is stored. Raises as ``start`` does."""
        asked = await self._policy.check(
            first.user, amr=first.amr, connection=first.connection, target=first.target
        )
        return Heard(replace(first, acr=asked))

    async def go_on(self, visitor: Visitor, first: Heard, response: Response) -> bool:
        """Go on where the plugins have spoken: what ``start`` does then."""
        user = first.user
        # Whoever shuts them out waits for this unit of work, and then finds the session.
        held = await users.held(user.id)
        if held is None or not held.is_active or held.password_hash != user.password_hash:
            raise NotSignedIn
        now_held = replace(first, user=held)
        methods = await self._second_step.methods(now_held)
        if methods is None:
            await self._second_step.lead(now_held, response)
            return False
        await self._begin(visitor, replace(now_held, amr=methods), response)
        await self._second_step.tell(held, methods, response)
        return True

    async def step_up(self, person: SignedIn, response: Response, *, amr: list[str]) -> None:
        """Let a session go on whose person has shown another factor, for as long as it would have.

        Raises ``NotSignedIn`` where it has ended meanwhile.
        """
        now, session = self._clock(), person.session
        key = await sessions.step_up(session, amr, now=now)
        if key is None:
            raise NotSignedIn
        left = int((session.expires_at - now).total_seconds())
        self._hand_over(response, key, left if session.remembered else None)

    async def _begin(self, visitor: Visitor, proven: FirstFactor, response: Response) -> None:
        now, settings = self._clock(), current_tenant().settings
        held, remembered = proven.user, proven.remembered
        await self._counted(held, now)
        absolute = timedelta(
            seconds=settings.remembered_session_lifetime
            if remembered
            else settings.session_absolute_lifetime
        )
        if held.guest_until is not None:
            absolute = min(absolute, held.guest_until - now)
        # Asked to stay signed in, a browser may be idle for as long as it stays.
        idle = absolute if remembered else timedelta(seconds=settings.session_idle_lifetime)
        idle = min(idle, absolute)
        sign_in = SignIn(
            amr=list(proven.amr),
            ip=visitor.facts.ip,
            user_agent=visitor.facts.user_agent,
            remembered=remembered,
            at=now,
            idle_expires_at=now + idle,
            expires_at=now + absolute,
            vouched_at=proven.vouched_at,
        )
        key = await self._renewed(visitor, held, sign_in)
        if key is None:
            await end_former(visitor, now=self._clock())
            key, session_id = await sessions.begin(held.id, sign_in)
            audit.in_session(session_id)
            await self._end_most_idle(held, key, settings.sessions_per_person)
        self._hand_over(response, key, int(absolute.total_seconds()) if remembered else None)
        await language_choice.bring(held.id, response)

    def _hand_over(self, response: Response, key: str, max_age: int | None) -> None:
        session_cookie.write(response, session_cookie.SESSION, key, max_age=max_age)
        session_cookie.clear(response, session_cookie.PRESESSION)
        if session_cookie.read(request.headers, HALF):
            session_cookie.clear(response, HALF)

    async def end(self, visitor: Visitor, *, client_id: str = "") -> tuple[str, ...]:
        """Sign this browser out on the server; a client may have asked for it.

        The pages that applications want loaded in it now.
        """
        former = visitor.signed_in
        frames = await logout.frames(former.session.id, self._subjects) if former else ()
        await end_former(visitor, now=self._clock(), client_id=client_id)
        return frames

    async def _counted(self, user: User, now: datetime) -> None:
        """Among the tenant's people who sign in this month. Raises ``QuotaReached``."""
        if user.is_guest:
            return
        is_in_charge = user.role is not UserRole.USER
        if await active_users.note(user.id, now=now, is_in_charge=is_in_charge):
            await audit.record(
                Event.QUOTA_EXCEEDED,
                actor=audit.SYSTEM,
                success=False,
                resource=("quota", Quota.MONTHLY_ACTIVE_USERS),
                details={"allowed": current_tenant().plan.monthly_active_users},
            )

    async def _renewed(self, visitor: Visitor, user: User, sign_in: SignIn) -> str | None:
        former = visitor.signed_in
        if former is None or former.user.id != user.id:
            return None
        key = await sessions.renew(former.session, sign_in)
        if key is not None:
            await session_clients.prolong(former.session.id, expires_at=sign_in.expires_at)
        return key

    async def _end_most_idle(self, user: User, key: str, most: int) -> None:
        """Sign a person out where they were longest ago, if they are signed in at too many."""
        if not most:
            return
        now = self._clock()
        others = [
            each
            for each in await sessions.live_of(user.id, now=now)
            if each.key_hash != hashed(key)
        ]
        for session in others[most - 1 :]:
            if await sessions.end(session.id, user_id=user.id, now=now):
                await access.end_of_session(session.id, now=now)
                await audit.record(
                    Event.SESSION_REVOKED,
                    actor=audit.SYSTEM,
                    resource=("session", str(session.id)),
                    details={"sessions": 1, "reason": f"More than {most} of one person"},
                )


async def end_former(visitor: Visitor, *, now: datetime, client_id: str = "") -> None:
    """Sign whoever was signed in at this browser out on the server."""
    former = visitor.signed_in
    if former is None:
        return
    if not await sessions.end(former.session.id, user_id=former.user.id, now=now):
        return  # somebody else has ended it meanwhile, and told everybody
    await access.end_of_session(former.session.id, now=now)
    await audit.record(
        Event.LOGOUT,
        actor=audit.user(former.user.id, former.user.username),
        client_id=client_id,
        resource=("session", str(former.session.id)),
    )
