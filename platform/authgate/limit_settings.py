"""Settings of how often something may be asked, by whom and from where."""

from authgate.outward_settings import Section


class LimitSettings(Section):
    """How often something may be asked: ``<count>/<s|min|h> burst <count>`` (GCRA)."""

    enabled: bool = True
    """Whether limits hold at all. ``false`` is for measuring only."""

    requests_per_tenant: str = "1000/s burst 2000"
    """Requests to one tenant that one process answers, whatever they ask for. Once more than half
    of the burst is used up, addresses that have asked less come first."""

    login_per_ip: str = "20/min burst 10"
    """Password sign-ins tried from one address (a /64 for IPv6)."""

    login_per_tenant: str = "600/min burst 200"
    """Password sign-ins tried in one tenant."""

    device_authorization: str = "60/min burst 20"
    """Device codes asked for by one client from one address."""

    user_code_per_session: str = "5/10min burst 5"
    """User codes entered in one browser session. Five guesses find a waiting code with a chance
    below 2^-32 (RFC 8628 section 5.1)."""

    user_code_per_ip: str = "30/min burst 10"
    """User codes entered from one address."""

    user_code_per_tenant: str = "300/min burst 100"
    """User codes entered in one tenant."""

    token_per_client: str = "50/s burst 100"
    """Token requests of one client from one address. Device polls are paced, not counted."""

    client_failures: str = "20/min burst 20"
    """Failed client authentications for one client id from one address."""

    client_failures_per_ip: str = "120/min burst 120"
    """Failed client authentications from one address, whatever client ids it names."""

    authorization_per_ip: str = "120/min burst 60"
    """Authorization requests from one address; each is kept for an hour."""

    authorization_per_subject: str = "120/min burst 60"
    """Authorization requests of one person who is signed in, from wherever."""

    pushed_per_client: str = "600/min burst 200"
    """Authorization requests that one client pushes from one address; each is kept for a while."""

    introspection_per_client: str = "12000/min burst 2000"
    """Questions about tokens from one client, at one address."""

    revocation_per_ip: str = "600/min burst 200"
    """Tokens given back from one address."""

    registration_per_ip: str = "5/min burst 5"
    """Clients that register themselves, from one address."""

    client_documents_per_ip: str = "20/min burst 10"
    """Documents of applications that are asked for because of requests from one address."""

    sign_up_per_ip: str = "10/h burst 5"
    """Tenants that are asked for, and links that are followed, from one address."""

    forgotten_password_per_ip: str = "20/h burst 5"
    """Links for another password that are asked for from one address. A mailbox is sent three of
    them an hour in any case."""

    forgotten_password_per_tenant: str = "60/min burst 60"
    """Links for another password that are asked for in one tenant."""

    mailed_link_per_ip: str = "30/min burst 15"
    """Links of mails to people that are followed from one address."""

    own_data_per_person: str = "5/h burst 5"
    """Files of what is kept of them that one person takes: each is gathered from every table."""

    join_per_ip: str = "20/h burst 5"
    """Accounts that people ask for by themselves, from one address."""

    invitation_per_ip: str = "30/min burst 15"
    """Invitations that are looked at or accepted, from one address."""

    registered_clients_per_ip: str = "60/min burst 20"
    """Clients that read, change and remove themselves, from one address."""

    unknown_device_codes: str = "60/min burst 60"
    """Polls of one client from one address for device codes that are not its own or are spent."""

    api_per_caller: str = "20/s burst 100"
    """Requests to the admin API of one person, or of one client that acts for itself."""

    bearer_failures: str = "60/min burst 60"
    """Refused bearer tokens from one address."""


PLANNED_LIMITS = frozenset({"userinfo_per_subject"})
"""Limits that hold only where a plan or a tenant says one: to count each request would cost those
who have none."""
