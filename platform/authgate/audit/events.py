"""The events that are written down."""

from enum import StrEnum


class Event(StrEnum):
    """Everything that is written down, by the names that AuthGate's audit log uses."""

    AUTHENTICATION_SUCCESS = "AUTHENTICATION_SUCCESS"
    """Somebody signed in with a password, or showed their second factor; ``details`` say which."""

    AUTHENTICATION_FAILURE = "AUTHENTICATION_FAILURE"
    """Nobody was signed in; ``details`` say why. A name that nobody has is not written down."""

    ACCOUNT_LOCKED = "ACCOUNT_LOCKED"
    """So many failures in a row that the account has to wait: at that place, or everywhere."""

    LOGIN_DENIED = "LOGIN_DENIED"
    """A plugin let somebody not in who had proven who they are, asked for more, or could not be
    asked; ``details`` say which."""

    LOGOUT = "LOGOUT"
    """A browser's session ended: signed out, or somebody else signed in."""

    OAUTH_AUTHENTICATION = "OAUTH_AUTHENTICATION"
    """Somebody came back from another identity provider; ``success`` says how it ended."""

    SESSION_REVOKED = "SESSION_REVOKED"
    """Somebody ended one or more of their other sessions, or an administrator all of a person's."""

    DEVICE_CODE_GENERATED = "DEVICE_CODE_GENERATED"
    """A device asked for a code."""

    DEVICE_CODE_AUTHORIZED = "DEVICE_CODE_AUTHORIZED"
    """Somebody approved it."""

    DEVICE_CODE_DENIED = "DEVICE_CODE_DENIED"
    """Somebody denied it."""

    DEVICE_CODE_REPORTED = "DEVICE_CODE_REPORTED"
    """Somebody denied it and said that it was not theirs."""

    AUTHORIZATION_CODE_GENERATED = "AUTHORIZATION_CODE_GENERATED"
    """A person let an application in, and it was given a code."""

    AUTHORIZATION_CODE_DENIED = "AUTHORIZATION_CODE_DENIED"
    """A person did not let an application in."""

    USER_AUTHORIZATION_GRANTED = "USER_AUTHORIZATION_GRANTED"
    """A person allowed an application what it asked for; ``details`` say what."""

    USER_AUTHORIZATION_REVOKED = "USER_AUTHORIZATION_REVOKED"
    """A person took back what an application or device may do in their name."""

    TOKEN_REFRESHED = "TOKEN_REFRESHED"
    """An application was given another access token for a refresh token."""

    TOKEN_REVOKED = "TOKEN_REVOKED"
    """A client gave a token back, or an administrator ended one."""

    TOKEN_DISABLED = "TOKEN_DISABLED"
    """A token works no longer until it is enabled again."""

    TOKEN_ENABLED = "TOKEN_ENABLED"
    """A token that was disabled works again."""

    ACCESS_TOKEN_ISSUED = "ACCESS_TOKEN_ISSUED"
    """A person's device was given a token."""

    TOKEN_EXCHANGED = "TOKEN_EXCHANGED"
    """A client was given a token in exchange for another one."""

    CLIENT_CREDENTIALS_TOKEN_ISSUED = "CLIENT_CREDENTIALS_TOKEN_ISSUED"
    """A machine was given a token."""

    CLIENT_AUTHENTICATION_FAILURE = "CLIENT_AUTHENTICATION_FAILURE"
    """A client did not prove who it is."""

    CLIENT_SECRET_EXPOSED = "CLIENT_SECRET_EXPOSED"
    """A client sent its secret in a URL: replace it."""

    CLIENT_CREATED = "CLIENT_CREATED"
    """A client was created."""

    CLIENT_REGISTERED = "CLIENT_REGISTERED"
    """A client registered itself; ``details`` say where it wants answers, and if it waits."""

    CLIENT_REGISTRATION_ALLOWED = "CLIENT_REGISTRATION_ALLOWED"
    """An initial access token was made; ``details`` say how often and until when it may be used."""

    CLIENT_REGISTRATION_WITHDRAWN = "CLIENT_REGISTRATION_WITHDRAWN"
    """An initial access token was taken back."""

    CLIENT_UPDATED = "CLIENT_UPDATED"
    """A client was changed, is served no longer, or again; ``details`` say what is so now."""

    CLIENT_DELETED = "CLIENT_DELETED"
    """A client was removed, with all that it was given."""

    SCOPE_CREATED = "SCOPE_CREATED"
    """A scope was described."""

    SCOPE_UPDATED = "SCOPE_UPDATED"
    """A scope was described anew."""

    SCOPE_DELETED = "SCOPE_DELETED"
    """What was said of a scope was removed."""

    CLIENT_APPROVED = "CLIENT_APPROVED"
    """A client that waited for an administrator is served."""

    CLIENT_REJECTED = "CLIENT_REJECTED"
    """A client that waited for an administrator is not served."""

    CLIENT_TOKENS_REVOKED_ALL = "CLIENT_TOKENS_REVOKED_ALL"
    """Whatever a client was given ended at once; ``details`` say how many tokens."""

    CLIENT_SECRET_REGENERATED = "CLIENT_SECRET_REGENERATED"
    """A client was given a new secret."""

    USER_CREATED = "USER_CREATED"
    """A user was created: by themselves, an administrator, another directory or a connection."""

    IDENTITY_LINKED = "IDENTITY_LINKED"
    """Somebody has a further way in, by another provider; ``details`` say which, and by what it was
    known to be theirs."""

    IDENTITY_UNLINKED = "IDENTITY_UNLINKED"
    """Somebody has one less: they said so, or an administrator did."""

    USER_UPDATED = "USER_UPDATED"
    """What is said of a user changed; ``details`` say what it was and is."""

    USER_DELETED = "USER_DELETED"
    """A user was removed, by an administrator, another directory or themselves."""

    PROVISIONING_ALLOWED = "PROVISIONING_ALLOWED"
    """Another directory was given a token to provision people by; ``details`` say until when."""

    PROVISIONING_WITHDRAWN = "PROVISIONING_WITHDRAWN"
    """Such a token was taken back."""

    USER_JOIN_ASKED = "USER_JOIN_ASKED"
    """Somebody wants an account, and was sent a link; ``details`` say to which address."""

    USER_INVITED = "USER_INVITED"
    """Somebody was sent a link to come by, or another one; ``details`` say as what."""

    USER_INVITATION_WITHDRAWN = "USER_INVITATION_WITHDRAWN"
    """An invitation was taken back."""

    USER_INVITATION_ACCEPTED = "USER_INVITATION_ACCEPTED"
    """Somebody accepted an invitation; ``details`` say as what, and who had invited them."""

    USERS_IMPORTED = "USERS_IMPORTED"
    """A file of people is read in, or was; ``details`` say how many lines it has, or what came of
    them."""

    USER_DISABLED = "USER_DISABLED"
    """A user was disabled and signed out everywhere, devices included."""

    USER_ENABLED = "USER_ENABLED"
    """A user may sign in again."""

    USER_ROLE_CHANGED = "USER_ROLE_CHANGED"
    """A user may do more or less at the tenant; ``details`` say what they were and are."""

    USER_PASSWORD_RESET = "USER_PASSWORD_RESET"
    """A user was given another password, or chose it by a link, and was signed out everywhere."""

    USER_PASSWORD_FORGOTTEN = "USER_PASSWORD_FORGOTTEN"
    """Somebody asked for a link to another password; ``success`` says whether one was sent."""

    USER_PASSWORD_CHANGED = "USER_PASSWORD_CHANGED"
    """A user chose another password; without ``success`` they did not know the former one."""

    USER_EMAIL_ASKED = "USER_EMAIL_ASKED"
    """A user says that an address is theirs, and was sent a link there."""

    USER_EMAIL_VERIFIED = "USER_EMAIL_VERIFIED"
    """A user followed it: the address is theirs."""

    USER_EMAIL_CHANGED = "USER_EMAIL_CHANGED"
    """A user followed it, and is reached there from now on; ``details`` say where before."""

    USER_EMAIL_CHANGE_UNDONE = "USER_EMAIL_CHANGE_UNDONE"
    """Whoever reads the former address had it back, and the user was signed out everywhere."""

    USER_DATA_TAKEN = "USER_DATA_TAKEN"
    """A user was given a file of what is kept of them."""

    USER_DELETION_REQUESTED = "USER_DELETION_REQUESTED"
    """A user leaves; ``details`` say when they are deleted."""

    USER_DELETION_WITHDRAWN = "USER_DELETION_WITHDRAWN"
    """They stay: they thought better of it, or nobody else is in charge any more."""

    SECOND_FACTOR_ENROLLED = "SECOND_FACTOR_ENROLLED"
    """Somebody set up a second factor; ``details`` say of which kind."""

    SECOND_FACTOR_REMOVED = "SECOND_FACTOR_REMOVED"
    """Somebody removed a second factor of theirs."""

    SECOND_FACTOR_RESET = "SECOND_FACTOR_RESET"
    """An administrator removed all second factors of a user, who was signed out everywhere."""

    RECOVERY_CODES_REPLACED = "RECOVERY_CODES_REPLACED"
    """Somebody was given new recovery codes; the former ones are void."""

    REMEMBERED_DEVICE_FORGOTTEN = "REMEMBERED_DEVICE_FORGOTTEN"
    """A browser asks for a second factor again, or all of a person do; ``details`` say which."""

    IMPERSONATION_ASKED = "IMPERSONATION_ASKED"
    """Somebody in charge wants to act for a user; ``details`` say why."""

    IMPERSONATION_ALLOWED = "IMPERSONATION_ALLOWED"
    """The user has allowed it."""

    IMPERSONATION_REFUSED = "IMPERSONATION_REFUSED"
    """The user has not allowed it."""

    IMPERSONATION_BEGUN = "IMPERSONATION_BEGUN"
    """Somebody acts for a user from now on: what follows has them as ``act`` in its ``details``."""

    IMPERSONATION_ENDED = "IMPERSONATION_ENDED"
    """They act for the user no more, before the time was over."""

    GROUP_CREATED = "GROUP_CREATED"
    """A group of people was begun; ``details`` say what it is like."""

    GROUP_UPDATED = "GROUP_UPDATED"
    """A group has another name, or gives other roles; ``details`` say from what to what."""

    GROUP_DELETED = "GROUP_DELETED"
    """A group was removed; ``details`` say what it was like, and how many belonged to it."""

    GROUP_MEMBERS_ADDED = "GROUP_MEMBERS_ADDED"
    """People belong to a group who did not; ``details`` say who, a hundred at most. Of more there
    are several events."""

    GROUP_MEMBERS_REMOVED = "GROUP_MEMBERS_REMOVED"
    """People belong to a group no longer; ``details`` say who, in the same way."""

    TENANT_CREATED = "TENANT_CREATED"
    """A tenant was created."""

    TENANT_SIGN_UP_REQUESTED = "TENANT_SIGN_UP_REQUESTED"
    """Somebody wants a tenant, and was sent a link; at the operators' tenant."""

    TENANT_SIGN_UP_INVITED = "TENANT_SIGN_UP_INVITED"
    """Somebody was invited to begin a tenant."""

    TENANT_SIGN_UP_WITHDRAWN = "TENANT_SIGN_UP_WITHDRAWN"
    """That was taken back."""

    TENANT_SIGNED_UP = "TENANT_SIGNED_UP"
    """Somebody began a tenant by their link; ``details`` say its slug, and who invited them."""

    TENANT_UPDATED = "TENANT_UPDATED"
    """A tenant's name or settings changed; ``details`` say from what to what."""

    TENANT_PLAN_CHANGED = "TENANT_PLAN_CHANGED"
    """A tenant was given another plan; ``details`` say which it was and which it is."""

    PLAN_CHANGED = "PLAN_CHANGED"
    """A plan was made or changed; ``details`` say what it was and what it is."""

    PLAN_REMOVED = "PLAN_REMOVED"
    """A plan was removed; ``details`` say what it was."""

    TENANT_SUSPENDED = "TENANT_SUSPENDED"
    """A tenant is no longer served."""

    TENANT_RESUMED = "TENANT_RESUMED"
    """A tenant is served again."""

    TENANT_DELETION_REQUESTED = "TENANT_DELETION_REQUESTED"
    """A tenant is to be deleted and is no longer served; ``details`` say when it is due."""

    TENANT_RESTORED = "TENANT_RESTORED"
    """A tenant that was to be deleted is what it was before."""

    TENANT_SHREDDED = "TENANT_SHREDDED"
    """The keys of a tenant were destroyed; its rows go next, and this event with them."""

    TENANT_EXPORTED = "TENANT_EXPORTED"
    """Everything of a tenant was asked for as a file, or taken along; in no file itself."""

    TENANT_IMPORT_BEGUN = "TENANT_IMPORT_BEGUN"
    """An operator has begun to send the file of a tenant; ``details`` say what it is to become."""

    TENANT_IMPORT_REMOVED = "TENANT_IMPORT_REMOVED"
    """A file that an operator has sent was forgotten; ``details`` say how far it had come."""

    TENANT_IMPORTED = "TENANT_IMPORTED"
    """The tenant came from a file, and ``details`` say from which; in no file itself. In the
    operators' log: a file that they have sent is to be read in, and what came of it."""

    ANNOUNCEMENT_MADE = "ANNOUNCEMENT_MADE"
    """Operators tell all administrators something; ``details`` say what, and until when."""

    ANNOUNCEMENT_ENDED = "ANNOUNCEMENT_ENDED"
    """It is shown no longer, before its time."""

    OPERATOR_ACCESS_ASKED = "OPERATOR_ACCESS_ASKED"
    """An operator has asked to come into a tenant; ``details`` say why, as what, and how long."""

    OPERATOR_ACCESS_APPROVED = "OPERATOR_ACCESS_APPROVED"
    """Somebody in charge of a tenant has let an operator in."""

    OPERATOR_ACCESS_REFUSED = "OPERATOR_ACCESS_REFUSED"
    """Somebody in charge of a tenant has not let an operator in."""

    OPERATOR_ACCESS_EMERGENCY = "OPERATOR_ACCESS_EMERGENCY"
    """An operator has stated an emergency, which lets them into a tenant for an hour at once."""

    OPERATOR_ACCESS_DOOR_OPENED = "OPERATOR_ACCESS_DOOR_OPENED"
    """An operator has been told where they come into a tenant, once and within a minute."""

    OPERATOR_ACCESS_ENTERED = "OPERATOR_ACCESS_ENTERED"
    """An operator has come into a tenant, whose log says so."""

    OPERATOR_ACCESS_ENDED = "OPERATOR_ACCESS_ENDED"
    """The access of an operator to a tenant was ended, or its time was over."""

    TENANT_DOMAIN_ADDED = "TENANT_DOMAIN_ADDED"
    """A tenant claimed a host as its own; it is not served there yet."""

    TENANT_DOMAIN_VERIFIED = "TENANT_DOMAIN_VERIFIED"
    """The claim was proven; ``details`` say by what: ``dns``, ``http``, or ``stated``."""

    TENANT_DOMAIN_PROOF_MISSING = "TENANT_DOMAIN_PROOF_MISSING"
    """The proof of a host that answers for a tenant is not there any more; the host still is."""

    TENANT_DOMAIN_PROOF_FOUND = "TENANT_DOMAIN_PROOF_FOUND"
    """It is there again; ``details`` say which proof."""

    TENANT_DOMAIN_LAPSED = "TENANT_DOMAIN_LAPSED"
    """A host that was without its proof for a month answers for the tenant no longer."""

    TENANT_DOMAIN_REMOVED = "TENANT_DOMAIN_REMOVED"
    """A tenant gave up a host or a claim."""

    TENANT_ISSUER_CHANGED = "TENANT_ISSUER_CHANGED"
    """A tenant has another issuer; ``details`` say which, and until when both are taken."""

    TENANT_ISSUER_OVERLAP_ENDED = "TENANT_ISSUER_OVERLAP_ENDED"
    """The former issuer is taken no longer, before that would have come by itself."""

    CONNECTION_CREATED = "CONNECTION_CREATED"
    """A way to sign in elsewhere was set up."""

    CONNECTION_UPDATED = "CONNECTION_UPDATED"
    """One was changed, disabled or enabled; ``details`` say what, without the values."""

    CONNECTION_DELETED = "CONNECTION_DELETED"
    """One was removed, and with it who was known by it."""

    PLUGIN_SETTINGS_CHANGED = "PLUGIN_SETTINGS_CHANGED"
    """Something was set for a plugin; ``details`` say what it was and is, and of secrets that they
    changed."""

    PLUGIN_SETTINGS_REMOVED = "PLUGIN_SETTINGS_REMOVED"
    """What was set for a plugin was forgotten."""

    SIGNING_KEY_ROTATED = "SIGNING_KEY_ROTATED"
    """The waiting key signs from now on."""

    SIGNING_KEY_IMPORTED = "SIGNING_KEY_IMPORTED"
    """A key that somebody has brought waits to sign; ``details`` say in place of which."""

    SIGNING_KEY_REVOKED = "SIGNING_KEY_REVOKED"
    """A key was ended, and its tokens with it."""

    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    """More people signed in this month than ``details`` say the plan allows; said once a month."""

    MAIL_SERVER_CHANGED = "MAIL_SERVER_CHANGED"
    """A tenant's mail is sent by another server of its own; ``details`` say what: no password."""

    MAIL_SERVER_REMOVED = "MAIL_SERVER_REMOVED"
    """A tenant's mail is sent by the installation's server again."""

    MAIL_SERVER_TRIED = "MAIL_SERVER_TRIED"
    """A test mail was handed to a tenant's own server, or was not taken."""

    ADDRESS_BLOCKED = "ADDRESS_BLOCKED"
    """A network is kept out of the tenant; ``details`` say why."""

    ADDRESS_BLOCK_EXPLAINED = "ADDRESS_BLOCK_EXPLAINED"
    """A network is kept out for another reason; ``details`` say which it was and which it is."""

    ADDRESS_UNBLOCKED = "ADDRESS_UNBLOCKED"
    """A network is let in again."""

    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    """A limit refused somebody; at most once a minute for each limit and subject."""

    SUSPICIOUS_ACTIVITY = "SUSPICIOUS_ACTIVITY"
    """A used code or refresh token came back, or another client's; ``details`` say what ended."""
