"""A mail to whoever has signed in with a browser that is not known for them: if it was somebody
else, they learn of it."""

from contextlib import suppress
from datetime import timedelta

from quart import Response, request

from authgate import mail, mail_addresses
from authgate.accounts import known_browsers, user_agents
from authgate.accounts.known_browsers import KnownBrowser
from authgate.accounts.visits import Visitor
from authgate.accounts.whereabouts import Whereabouts, is_new
from authgate.installation import Installation
from authgate.storage.people.users import User
from authgate.storage.sign_in import sessions
from authgate.vocabulary import MailPurpose
from authgate.web.pages import language_read
from authgate_tenants import current_tenant

_NEW = timedelta(hours=1)
"""Who has just begun their account is told nothing new by it."""


class SignInNotices:
    """Writes it."""

    def __init__(self, parts: Installation) -> None:
        self._parts = parts
        self._whereabouts = Whereabouts(parts.settings.geoip_file)

    async def welcome(self, visitor: Visitor, user: User, response: Response) -> None:
        """Somebody is in by all that it takes: tell them where their browser is new, and have it be
        known from now on."""
        cipher = await self._parts.encryption.cipher(current_tenant().id)
        known = known_browsers.shown(request.headers, user, cipher=cipher)
        if known is None:
            await self._tell(visitor, user)
        known_browsers.remember(response, known or KnownBrowser.of(user), cipher=cipher)

    async def _tell(self, visitor: Visitor, user: User) -> None:
        """Write to them, unless the tenant wants that nobody is, or they were sent enough."""
        now, tenant = self._parts.clock(), current_tenant()
        wanted = tenant.settings.new_sign_in_mail and now - user.created_at > _NEW
        address = mail_addresses.reachable(user.email)
        if not wanted or address is None or not user.email_verified:
            return
        device, _ = user_agents.described(visitor.facts.user_agent)
        living = await sessions.live_of(user.id, now=now)
        begun = max(living, key=lambda each: each.authenticated_at, default=None)
        place = self._whereabouts.of(visitor.facts.ip)
        others = [self._whereabouts.of(each.ip) for each in living if each is not begun]
        letter = mail.written(
            "new_sign_in",
            language=language_read(),
            name=user.username,
            device=device,
            ip=visitor.facts.ip,
            place=place,
            new_place=is_new(place, others),
            at=now,
            link=f"{tenant.issuer}/account/sessions",
        )
        # Who signs in over and over again is not worth a fourth mail within an hour.
        with suppress(mail.TooManyMails):
            await mail.post(self._parts, letter, recipient=address, purpose=MailPurpose.NOTICE)
