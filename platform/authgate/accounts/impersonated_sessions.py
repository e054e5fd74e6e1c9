"""The session in which somebody acts for another: it begins without that person, and ends by
itself."""

from datetime import datetime
from uuid import UUID

from quart import Response

from authgate import audit
from authgate.accounts.browser_sessions import end_former
from authgate.accounts.visits import NotSignedIn, Visitor
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import sessions
from authgate.storage.sign_in.sessions import Impersonator, SignIn
from authgate.web import session_cookie

METHOD = "impersonation"
"""Among the methods of a session: nobody has proven to be the person."""


async def begin(
    visitor: Visitor,
    user: User,
    response: Response,
    *,
    impersonator: Impersonator,
    now: datetime,
    until: datetime,
) -> UUID:
    """Let whoever is signed in act for somebody in this browser until then; their own session ends.
    The id of the new one.

    Raises ``NotSignedIn`` where that person was shut out since ``user`` was read.
    """
    held = await users.held(user.id)
    if held is None or not held.is_active:
        raise NotSignedIn
    sign_in = SignIn(
        amr=[METHOD],
        ip=visitor.facts.ip,
        user_agent=visitor.facts.user_agent,
        remembered=False,
        at=now,
        idle_expires_at=until,
        expires_at=until,
        impersonator=impersonator,
    )
    key, session_id = await sessions.begin(user.id, sign_in)
    await end_former(visitor, now=now)
    audit.in_session(session_id)
    session_cookie.write(response, session_cookie.SESSION, key)
    return session_id
