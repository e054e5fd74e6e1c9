"""People and what is said of them, groups of them, and who acts for them."""

from authgate.audit.events import Event

PEOPLE = {
    Event.USER_CREATED: (
        "A user was created: by themselves, an administrator, another directory or a connection."
    ),
    Event.IDENTITY_LINKED: (
        "Somebody has a further way in, by another provider; `details` say which, and by what it "
        "was known to be theirs."
    ),
    Event.IDENTITY_UNLINKED: "Somebody has one less: they said so, or an administrator did.",
    Event.USER_UPDATED: "What is said of a user changed; `details` say what it was and is.",
    Event.USER_DELETED: "A user was removed, by an administrator, another directory or themselves.",
    Event.PROVISIONING_ALLOWED: (
        "Another directory was given a token to provision people by; `details` say until when."
    ),
    Event.PROVISIONING_WITHDRAWN: "Such a token was taken back.",
    Event.USER_JOIN_ASKED: (
        "Somebody wants an account, and was sent a link; `details` say to which address."
    ),
    Event.USER_INVITED: (
        "Somebody was sent a link to come by, or another one; `details` say as what."
    ),
    Event.USER_INVITATION_WITHDRAWN: "An invitation was taken back.",
    Event.USER_INVITATION_ACCEPTED: (
        "Somebody accepted an invitation; `details` say as what, and who had invited them."
    ),
    Event.USERS_IMPORTED: (
        "A file of people is read in, or was; `details` say how many lines it has, or what came of "
        "them."
    ),
    Event.USER_DISABLED: "A user was disabled and signed out everywhere, devices included.",
    Event.USER_ENABLED: "A user may sign in again.",
    Event.USER_ROLE_CHANGED: (
        "A user may do more or less at the tenant; `details` say what they were and are."
    ),
    Event.USER_PASSWORD_RESET: (
        "A user was given another password, or chose it by a link, and was signed out everywhere."
    ),
    Event.USER_PASSWORD_FORGOTTEN: (
        "Somebody asked for a link to another password; `success` says whether one was sent."
    ),
    Event.USER_PASSWORD_CHANGED: (
        "A user chose another password; without `success` they did not know the former one."
    ),
    Event.USER_EMAIL_ASKED: "A user says that an address is theirs, and was sent a link there.",
    Event.USER_EMAIL_VERIFIED: "A user followed it: the address is theirs.",
    Event.USER_EMAIL_CHANGED: (
        "A user followed it, and is reached there from now on; `details` say where before."
    ),
    Event.USER_EMAIL_CHANGE_UNDONE: (
        "Whoever reads the former address had it back, and the user was signed out everywhere."
    ),
    Event.USER_DATA_TAKEN: "A user was given a file of what is kept of them.",
    Event.USER_DELETION_REQUESTED: "A user leaves; `details` say when they are deleted.",
    Event.USER_DELETION_WITHDRAWN: (
        "They stay: they thought better of it, or nobody else is in charge any more."
    ),
    Event.USER_ERASURE_REQUESTED: (
        "A user is to be erased: with all that is theirs, and from the log, at once."
    ),
    Event.GROUP_CREATED: "A group of people was begun; `details` say what it is like.",
    Event.GROUP_UPDATED: (
        "A group has another name, or gives other roles; `details` say from what to what."
    ),
    Event.GROUP_DELETED: (
        "A group was removed; `details` say what it was like, and how many belonged to it."
    ),
    Event.GROUP_MEMBERS_ADDED: (
        "People belong to a group who did not; `details` say who, a hundred at most. Of more there "
        "are several events."
    ),
    Event.GROUP_MEMBERS_REMOVED: (
        "People belong to a group no longer; `details` say who, in the same way."
    ),
    Event.IMPERSONATION_ASKED: "Somebody in charge wants to act for a user; `details` say why.",
    Event.IMPERSONATION_ALLOWED: "The user has allowed it.",
    Event.IMPERSONATION_REFUSED: "The user has not allowed it.",
    Event.IMPERSONATION_BEGUN: (
        "Somebody acts for a user from now on: what follows has them as `act` in its `details`."
    ),
    Event.IMPERSONATION_ENDED: "They act for the user no more, before the time was over.",
}
