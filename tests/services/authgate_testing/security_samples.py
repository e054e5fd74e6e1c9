"""The pages about second factors, as people may meet them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from authgate.accounts import qr_code
from authgate.web.second_factor_view_models import (
    EnrolmentPage,
    FactorSoonPage,
    PasskeyLine,
    RecoveryCodesPage,
    RememberedLine,
    SecondFactorPage,
    SecondFactorProblem,
    SecurityPage,
)
from authgate.web.view_models import DeviceKind

SECURITY_ALIKE = frozenset({"second-factor-paused", "set-up-wrong", "codes-new", "security-off"})
"""Those that differ from others in their words alone."""

_NOW = datetime.now(UTC)
_LONG = "a-name-without-a-single-space-in-it-" * 3


def security_samples() -> dict[str, tuple[str, object]]:
    """Each by its name: the template, and the value it shows."""
    return {**_asking(), **_setting_up(), **_account()}


def _asking() -> dict[str, tuple[str, object]]:
    asks = SecondFactorPage(
        action="/second-factor",
        signed_in_as="mira.halvorsen@northwind.example",
        back_url="/login",
        return_to="/account/security",
        client_name="Fleet Console",
        remember_days=30,
        passkey_action="/second-factor/passkey",
    )
    wrong = replace(asks, problem=SecondFactorProblem.MISMATCH, remember_days=None)
    later = _NOW + timedelta(minutes=15)
    paused = replace(wrong, problem=SecondFactorProblem.PAUSED, retry_at=later)
    pages = {
        "second-factor": asks,
        "second-factor-wrong": replace(wrong, signed_in_as=_LONG),
        "second-factor-paused": paused,
    }
    return {name: ("second_factor/ask.html", page) for name, page in pages.items()}


def _setting_up() -> dict[str, tuple[str, object]]:
    uri = "otpauth://totp/Northwind%20Robotics:mira?secret=JBSWY3DPEHPK3PXP&issuer=Northwind"
    page = EnrolmentPage(
        action="/second-factor/set-up",
        signed_in_as="mira",
        back_url="/login",
        qr_code=qr_code.drawn(uri),
        key="JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
        enrolment="sealed",
        is_required=True,
        replaces=False,
        passkey_action="/second-factor/set-up/passkey",
        return_to="/account/security",
    )
    wrong = replace(page, problem=SecondFactorProblem.MISMATCH)
    again = replace(page, replaces=True, passkey_action="")
    codes = RecoveryCodesPage(
        codes=[f"abcd-efgh-jkm{number}-pqrs" for number in range(2, 10)] + ["wxyz-2345-6789-abcd"],
        continue_url="/account/security",
        is_new_app=True,
    )
    soon = FactorSoonPage(_LONG, _NOW + timedelta(days=9), "/second-factor/set-up", "/account")
    return {
        "second-factor-soon": ("second_factor/soon.html", soon),
        "set-up": ("second_factor/set_up.html", page),
        "set-up-again": ("second_factor/set_up.html", again),
        "set-up-wrong": ("second_factor/set_up.html", wrong),
        "codes": ("second_factor/codes.html", codes),
        "codes-new": ("second_factor/codes.html", replace(codes, is_new_app=False)),
    }


def _account() -> dict[str, tuple[str, object]]:
    device = RememberedLine(
        id="1",
        device="Firefox 152 on Linux",
        kind=DeviceKind.LAPTOP,
        ip="203.0.113.24",
        since=_NOW - timedelta(days=3),
        used_at=_NOW,
        until=_NOW + timedelta(days=27),
    )
    page = SecurityPage(
        signed_in_as="mira.halvorsen@northwind.example",
        account_url="/account",
        sign_out_action="/logout",
        set_up_url="/second-factor/set-up",
        remove_action="/account/security/authenticator/remove",
        codes_action="/account/security/recovery-codes",
        forget_action="/account/security/devices/forget",
        is_offered=True,
        is_required=False,
        due_at=None,
        app_since=_NOW - timedelta(days=40),
        app_used_at=_NOW,
        recovery_codes=9,
        devices=[device, replace(device, id="2", device=_LONG, kind=DeviceKind.PHONE)],
        passkeys=[PasskeyLine("1", _LONG, _NOW, None), PasskeyLine("2", "Key", _NOW, _NOW, _LONG)],
        passkeys_action="/account/security/passkeys",
        done="forgotten",
    )
    bare = replace(
        page, app_since=None, app_used_at=None, recovery_codes=0, devices=[], passkeys=[], done=""
    )
    required = replace(bare, is_required=True, due_at=_NOW)
    return {
        "security": ("account/security.html", page),
        "security-none": ("account/security.html", bare),
        "security-required": ("account/security.html", required),
        "security-off": ("account/security.html", replace(bare, is_offered=False)),
    }
