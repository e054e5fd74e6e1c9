"""Who may register clients by themselves, as operators of an installation decide."""

from datetime import timedelta
from uuid import UUID

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.output import Record
from authgate.clock import utc_now
from authgate.storage.clients import initial_access_tokens
from authgate.storage.clients.initial_access_tokens import InitialAccessToken


def allow(slug: str, description: str, *, uses: int, hours: int) -> Record:
    """A new initial access token (RFC 7591), with its text."""
    now = utc_now()
    token, kept = installed.do(
        slug,
        lambda _: provisioning.allow_registration(
            description=description,
            uses=uses,
            now=now,
            expires_at=now + timedelta(hours=hours),
            actor=installed.operator(),
        ),
    )
    return {**_told(kept), "initial_access_token": token}


def allowed(slug: str) -> list[Record]:
    """Those that have not ended."""
    found = installed.do(slug, lambda _: initial_access_tokens.all_tokens(now=utc_now()))
    return [_told(each) for each in found]


def withdraw(slug: str, token_id: UUID) -> None:
    """Take one back. Raises ``UnknownInitialAccessToken``."""
    actor = installed.operator()
    installed.do(slug, lambda _: provisioning.withdraw_registration(token_id, actor=actor))


def _told(token: InitialAccessToken) -> Record:
    return {
        "id": str(token.id),
        "for": token.description,
        "uses_left": token.uses_left,
        "expires_at": token.expires_at,
    }
