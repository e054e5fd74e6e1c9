"""The pages about second factors, each made once and handed what it needs."""

from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.factor_deadline_page import FactorDeadlinePage
from authgate.accounts.passkey_account import PasskeyAccount
from authgate.accounts.passkey_login import PasskeyLogin
from authgate.accounts.second_factor_pages import SecondFactorPages
from authgate.accounts.second_factors import SecondFactors
from authgate.accounts.second_step import SecondStep
from authgate.accounts.security_pages import SecurityPages
from authgate.accounts.sign_in_notices import SignInNotices
from authgate.installation import Installation
from authgate.web.limits import Limits
from authgate.web.pages import Pages


def made(
    parts: Installation,
    pages: Pages,
    limits: Limits,
    factors: SecondFactors,
    second_step: SecondStep,
    sessions: BrowserSessions,
) -> tuple[SecondFactorPages, FactorDeadlinePage, SecurityPages, PasskeyAccount, PasskeyLogin]:
    """All of them."""
    notices = SignInNotices(parts)
    asking = SecondFactorPages(
        parts=parts,
        pages=pages,
        factors=factors,
        second_step=second_step,
        sessions=sessions,
        notices=notices,
        limits=limits,
    )
    security = SecurityPages(parts=parts, pages=pages, factors=factors)
    own = PasskeyAccount(parts=parts, pages=pages, factors=factors, sessions=sessions)
    soon = FactorDeadlinePage(parts=parts, pages=pages)
    alone = PasskeyLogin(parts=parts, sessions=sessions, notices=notices, limits=limits)
    return asking, soon, security, own, alone
