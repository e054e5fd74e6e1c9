"""The pages on which people sign in, each made once and handed what it needs."""

from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.by_address import ByAddress
from authgate.accounts.connection_trials import ConnectionTrials
from authgate.accounts.directories import Directories
from authgate.accounts.federation import Federation, Memberships
from authgate.accounts.identities import IdentityPages
from authgate.accounts.login import PasswordLogin
from authgate.accounts.password_forms import PasswordForms
from authgate.accounts.passwords import Passwords
from authgate.accounts.pending_login import Purpose
from authgate.accounts.round_trips import RoundTrips
from authgate.accounts.sign_in_notices import SignInNotices
from authgate.accounts.signed_out import SigningOut
from authgate.accounts.tenant_connections import TenantConnections
from authgate.installation import Installation
from authgate.web.limits import Limits
from authgate.web.pages import Pages

Doors = tuple[PasswordLogin, Federation, PasswordForms, IdentityPages, ConnectionTrials, ByAddress]


def made(
    parts: Installation,
    pages: Pages,
    limits: Limits,
    passwords: Passwords,
    sessions: BrowserSessions,
    signing_out: SigningOut,
    *,
    memberships: Memberships,
) -> Doors:
    """All of them."""
    connectors = parts.plugins.connectors
    connections = TenantConnections(connectors=connectors, encryption=parts.encryption)
    trips = _trips(parts, pages, limits, connections)
    identities = IdentityPages(pages=pages, trips=trips, connections=connections, clock=parts.clock)
    trials = ConnectionTrials(pages=pages, trips=trips, connections=connections, clock=parts.clock)
    directories = Directories(connections=connections, connectors=connectors, clock=parts.clock)
    notices = SignInNotices(parts)
    federation = Federation(
        trips=trips,
        connections=connections,
        sessions=sessions,
        notices=notices,
        memberships=memberships,
        others={Purpose.LINK: identities.returned, Purpose.TRIAL: trials.returned},
        clock=parts.clock,
    )
    login = PasswordLogin(
        pages=pages,
        options=connections,
        passwords=passwords,
        sessions=sessions,
        signing_out=signing_out,
        notices=notices,
        directories=directories,
        trips=trips,
        welcome=federation.welcome,
        encryption=parts.encryption,
        limits=limits,
        clock=parts.clock,
    )
    forms = PasswordForms(
        pages=pages,
        connections=connections,
        directories=directories,
        federation=federation,
        identities=identities,
        trials=trials,
        trips=trips,
        limits=limits,
        clock=parts.clock,
    )
    by_address = ByAddress(pages=pages, connections=connections, limits=limits)
    return login, federation, forms, identities, trials, by_address


def _trips(
    parts: Installation, pages: Pages, limits: Limits, connections: TenantConnections
) -> RoundTrips:
    return RoundTrips(
        pages=pages,
        connections=connections,
        connectors=parts.plugins.connectors,
        encryption=parts.encryption,
        limits=limits,
        clock=parts.clock,
    )
