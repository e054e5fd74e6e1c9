"""The pages about second factors, each made once and handed what it needs."""

from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.factor_deadline_page import FactorDeadlinePage
from authgate.accounts.factor_set_up_pages import FactorSetUpPages
from authgate.accounts.factor_visits import FactorVisits
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

Doors = tuple[
    SecondFactorPages,
    FactorSetUpPages,
    FactorDeadlinePage,
    SecurityPages,
    PasskeyAccount,
    PasskeyLogin,
]


def made(
    parts: Installation,
    pages: Pages,
    limits: Limits,
    factors: SecondFactors,
    second_step: SecondStep,
    sessions: BrowserSessions,
) -> Doors:
    """All of them."""
    notices = SignInNotices(parts)
    visits = FactorVisits(parts=parts, second_step=second_step, sessions=sessions, notices=notices)
    return (
        SecondFactorPages(parts=parts, pages=pages, factors=factors, visits=visits, limits=limits),
        FactorSetUpPages(parts=parts, pages=pages, factors=factors, visits=visits),
        FactorDeadlinePage(parts=parts, pages=pages),
        SecurityPages(parts=parts, pages=pages, factors=factors),
        PasskeyAccount(parts=parts, pages=pages, factors=factors, sessions=sessions),
        PasskeyLogin(parts=parts, sessions=sessions, notices=notices, limits=limits),
    )
