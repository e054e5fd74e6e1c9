"""Setting up an authenticator app: the picture, the first code, and the recovery codes after it."""

from urllib.parse import quote

from quart import Response

from authgate.accounts import (
    destinations,
    factor_notices,
    own_events,
    qr_code,
    totp,
    totp_enrolment,
)
from authgate.accounts.answers import page
from authgate.accounts.second_factor_policy import is_required_of
from authgate.accounts.second_factors import SecondFactors
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.storage.people.users import User
from authgate.storage.sign_in import remembered_devices
from authgate.web.pages import Pages
from authgate.web.second_factor_view_models import (
    EnrolmentPage,
    RecoveryCodesPage,
    SecondFactorProblem,
)
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher


class AuthenticatorSetup:
    """Whoever calls it has found out that the person may."""

    def __init__(
        self,
        path: str,
        passkey_path: str,
        *,
        parts: Installation,
        pages: Pages,
        factors: SecondFactors,
    ) -> None:
        self._path = path
        self._passkey_path = passkey_path
        self._parts = parts
        self._pages = pages
        self._factors = factors

    async def cipher(self) -> TenantCipher:
        """Of the tenant in scope."""
        return await self._parts.encryption.cipher(current_tenant().id)

    async def page(
        self, user: User, target: str, *, is_half: bool, enrolment: str = ""
    ) -> Response:
        """The picture of a new secret; of the one under way where a code was not taken.

        A sign-in that is half done knows by itself where it leads.
        """
        cipher, now = await self.cipher(), self._parts.clock()
        secret = totp_enrolment.secret_of(enrolment, user, cipher=cipher, now=now)
        is_wrong = secret is not None
        if secret is None:
            enrolment = totp_enrolment.begun(user, cipher=cipher, now=now)
            secret = totp_enrolment.secret_of(enrolment, user, cipher=cipher, now=now)
        assert secret is not None  # noqa: S101  # sealed just now
        tenant, enrolled = current_tenant(), await self._factors.of(user)
        has_other = enrolled.app is not None or bool(enrolled.passkeys)
        uri = totp.uri(secret, account=user.username, issuer=tenant.name)
        content = EnrolmentPage(
            action=f"{tenant.prefix}{self._path}",
            signed_in_as=user.username,
            back_url=f"{tenant.prefix}/login?return_to={quote(target)}",
            qr_code=qr_code.drawn(uri),
            key=totp.as_text(secret),
            enrolment=enrolment,
            is_required=await is_required_of(user),
            replaces=enrolled.app is not None,
            voids_codes=enrolled.app is None and enrolled.recovery_codes > 0,
            passkey_action="" if has_other else f"{tenant.prefix}{self._passkey_path}",
            return_to="" if is_half else target,
            problem=SecondFactorProblem.MISMATCH if is_wrong else None,
        )
        html = self._pages.render("second_factor/set_up.html", visit=visitor().page(), page=content)
        destination = await destinations.behind(target, now=now)
        return page(html, 400 if is_wrong else 200, form_target=destination.form_target)

    async def is_right(self, user: User, enrolment: str, code: str) -> bool:
        """Whether this code is that of the app that is being set up."""
        return await self._shown(user, enrolment, code) is not None

    async def taken(self, user: User, enrolment: str, code: str) -> tuple[str, ...] | None:
        """Store the app that has shown this code, and make recovery codes, told this once.

        ``None`` where the code is not the app's. Needs a unit of work that holds the person.
        """
        now = self._parts.clock()
        shown = await self._shown(user, enrolment, code)
        if shown is None:
            return None
        secret, step = shown
        # Whatever was remembered was so for the former app.
        await remembered_devices.end_all(user.id)
        await self._factors.enrol(user, secret, step=step, now=now)
        codes = await self._factors.new_recovery_codes(user, now=now)
        await own_events.record(Event.SECOND_FACTOR_ENROLLED, user, method="totp")
        what = text("An authenticator app was set up for your account.")
        await factor_notices.send(self._parts, user, what)
        return codes

    async def _shown(self, user: User, enrolment: str, code: str) -> tuple[bytes, int] | None:
        now = self._parts.clock()
        secret = totp_enrolment.secret_of(enrolment, user, cipher=await self.cipher(), now=now)
        step = totp.step(secret, "".join(code.split()), now=now) if secret is not None else None
        return None if secret is None or step is None else (secret, step)


def codes_page(pages: Pages, codes: tuple[str, ...], target: str, *, is_new_app: bool) -> Response:
    """The page that shows recovery codes, once."""
    content = RecoveryCodesPage(codes=codes, continue_url=target, is_new_app=is_new_app)
    html = pages.render("second_factor/codes.html", visit=visitor().page(), page=content)
    return page(html)
