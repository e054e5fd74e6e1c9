"""What clients, tokens and people can be, in words that are stored, spoken by the API and typed.

Commands that ask a server elsewhere know them without waiting for its tables to be imported.
"""

from enum import StrEnum


class ActorType(StrEnum):
    """Who does something that the audit log tells of."""

    USER = "user"
    CLIENT = "client"
    SYSTEM = "system"
    """A command or a job."""
    ANONYMOUS = "anonymous"
    """Who has not proven who they are."""
    OPERATOR = "operator"
    """Of the installation, in a tenant that is not theirs."""
    SCIM_TOKEN = "scim_token"
    """By which a directory keeps a tenant's people."""


class ClientStatus(StrEnum):
    """Only an active client is served."""

    PENDING = "pending"
    """It waits for an administrator to approve it."""
    ACTIVE = "active"
    INACTIVE = "inactive"
    REJECTED = "rejected"


class ApplicationType(StrEnum):
    """Where an application runs (OpenID Connect Registration section 2)."""

    WEB = "web"
    """On a server, or in a browser's page."""
    NATIVE = "native"
    """On a person's own machine or telephone, where ports and schemes are shared."""


class ConsentPolicy(StrEnum):
    """When a person is asked what a client may do; each time where it may administer the tenant."""

    REMEMBERED = "remembered"
    """Once, and again when it wants more."""
    ALWAYS = "always"
    IMPLICIT = "implicit"
    """Never: it is the tenant's own, and people know that."""


class TokenStatus(StrEnum):
    """A disabled token may come back; a revoked one may not."""

    ACTIVE = "active"
    DISABLED = "disabled"
    REVOKED = "revoked"


class AccessState(StrEnum):
    """How far it is with an operator who wants to come into a tenant."""

    ASKED = "asked"
    """Somebody in charge has to approve it."""
    GRANTED = "granted"
    """From its beginning to its end: approved, announced or an emergency."""
    REFUSED = "refused"
    ENDED = "ended"
    """Before its time, by either side."""
    OVER = "over"
    """Its time is over, whatever became of it."""


class UserStatus(StrEnum):
    """A disabled user signs in nowhere and holds no working token."""

    ACTIVE = "active"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    """A delivery is tried until it is one of the others."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class InvitationStatus(StrEnum):
    """An invitation waits until it is one of the others, or too old."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class LinkPurpose(StrEnum):
    """What whoever follows a link in a mail does."""

    PASSWORD = "password"
    """Choose another password than the one that was forgotten."""
    ADDRESS = "address"
    """Show that an address is theirs."""
    UNDO = "undo"
    """Have the address back that somebody else has changed."""
    JOIN = "join"
    """Begin an account."""


class MailPurpose(StrEnum):
    """What a mail is for."""

    TEST = "test"
    """An administrator wants to see whether one arrives."""
    SIGN_UP = "sign_up"
    """Somebody is to prove that an address is theirs, and begins a tenant."""
    INVITATION = "invitation"
    """Somebody is to come to a tenant."""
    OPERATOR_ACCESS = "operator_access"
    """Those in charge are told that an operator of the installation wants to come in."""
    SECURITY_NOTICE = "security_notice"
    """Somebody is told that how they sign in has changed."""
    PASSWORD = "password"
    """Somebody has forgotten their password."""
    ADDRESS = "address"
    """Somebody is to show that the address of their account is theirs."""
    JOIN = "join"
    """Somebody wants an account."""
    NOTICE = "notice"
    """Somebody is told what became of their account."""
    ALERT = "alert"
    """Those who want it are told what the log has shown that deserves a look."""


class MailStatus(StrEnum):
    """A mail is tried until it is one of the others."""

    PENDING = "pending"
    SENT = "sent"
    """A mail server has taken it."""
    FAILED = "failed"
    KEPT = "kept"
    """There is no mail server: it is shown on this machine."""
    WITHHELD = "withheld"
    """It goes nowhere: nobody has an account with that address, and nobody is to see that."""


class MailSecurity(StrEnum):
    """How the line to a mail server is encrypted."""

    STARTTLS = "starttls"
    """It begins in plain text and has to become encrypted before anything is said (RFC 3207)."""
    TLS = "tls"
    """From the first byte (RFC 8314)."""
    NONE = "none"
    """Not at all: for a server on the same machine or network."""


class MailStep(StrEnum):
    """What it takes to hand a mail to a server, in its order."""

    RESOLVE = "resolve"
    """Its name leads to addresses that may be reached."""
    CONNECT = "connect"
    ENCRYPT = "encrypt"
    SIGN_IN = "sign_in"
    HAND_OVER = "hand_over"
    """It takes the mail of that sender for that recipient."""


class MailOutcome(StrEnum):
    """What became of such a step."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not_reached"
    """One before it failed."""


class MailFault(StrEnum):
    """Why a server has not taken a mail, in a word: whoever chose the server learns nothing else of
    what answers there."""

    NOWHERE = "nowhere"
    """Its name leads to no address that may be reached."""
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    """All of it took too long."""
    NOT_BELIEVED = "not_believed"
    """Its certificate."""
    NO_ENCRYPTION = "no_encryption"
    """It offers no STARTTLS."""
    NO_SIGN_IN = "no_sign_in"
    """It lets nobody sign in over such a line."""
    SIGN_IN_REFUSED = "sign_in_refused"
    REFUSED = "refused"
    """It answered with a code."""
    NO_MAIL_SERVER = "no_mail_server"
    """It ended the connection, or says what no mail server says."""
    OURS = "ours"
    """The fault is not the server's."""
    NOT_SET_UP = "not_set_up"
    """The plugin does not run for the tenant, sends no mail, or lacks settings."""
    PLUGIN_FAILED = "plugin_failed"
    """The plugin did not do its part."""


class AlertState(StrEnum):
    """What became of an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Somebody looks after it."""
    CLOSED = "closed"


class Severity(StrEnum):
    """How much an event of the audit log deserves attention."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class UserAct(StrEnum):
    """What can be done to several people at once."""

    DISABLE = "disable"
    ENABLE = "enable"
    SIGN_OUT = "sign-out"
    DELETE = "delete"
    ADD_TO_GROUP = "add-to-group"
    INVITE = "invite"
