"""A person's own pages: those of their account, and those by which one begins or gets back in."""

from collections.abc import Iterable

from quart import Blueprint

from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.passwords import Passwords
from authgate.admin.own.address import AddressPages
from authgate.admin.own.data import DataPages
from authgate.admin.own.forgotten_password import ForgottenPassword
from authgate.admin.own.impersonations import OwnImpersonations
from authgate.admin.own.invitation import InvitationPages
from authgate.admin.own.join import JoinPages
from authgate.admin.own.own_apps import OwnApps
from authgate.admin.own.password import PasswordPages
from authgate.admin.own.profile import ProfilePages
from authgate.installation import Installation
from authgate.web.limits import Limits
from authgate.web.pages import Pages


def blueprints(
    parts: Installation,
    pages: Pages,
    passwords: Passwords,
    limits: Limits,
    browser_sessions: BrowserSessions,
) -> Iterable[Blueprint]:
    """The routes of all of them."""
    password = PasswordPages(
        parts=parts, pages=pages, passwords=passwords, browser_sessions=browser_sessions
    )
    return [
        OwnApps(parts=parts, pages=pages).blueprint(),
        OwnImpersonations(parts=parts, pages=pages).blueprint(),
        InvitationPages(parts=parts, pages=pages, passwords=passwords, limits=limits).blueprint(),
        ForgottenPassword(parts=parts, pages=pages, passwords=passwords, limits=limits).blueprint(),
        JoinPages(parts=parts, pages=pages, passwords=passwords, limits=limits).blueprint(),
        ProfilePages(parts=parts, pages=pages).blueprint(),
        AddressPages(parts=parts, pages=pages, limits=limits).blueprint(),
        password.blueprint(),
        DataPages(parts=parts, pages=pages, limits=limits).blueprint(),
    ]
