"""A tenant from its beginning to its end, and what it has set up."""

from authgate.audit.events import Event

TENANTS = {
    Event.TENANT_CREATED: "A tenant was created.",
    Event.TENANT_SIGN_UP_REQUESTED: (
        "Somebody wants a tenant, and was sent a link; at the operators' tenant."
    ),
    Event.TENANT_SIGN_UP_INVITED: "Somebody was invited to begin a tenant.",
    Event.TENANT_SIGN_UP_WITHDRAWN: "That was taken back.",
    Event.TENANT_SIGNED_UP: (
        "Somebody began a tenant by their link; `details` say its slug, and who invited them."
    ),
    Event.TENANT_UPDATED: "A tenant's name or settings changed; `details` say from what to what.",
    Event.TENANT_PLAN_CHANGED: (
        "A tenant was given another plan; `details` say which it was and which it is."
    ),
    Event.TENANT_SUSPENDED: "A tenant is no longer served.",
    Event.TENANT_RESUMED: "A tenant is served again.",
    Event.TENANT_DELETION_REQUESTED: (
        "A tenant is to be deleted and is no longer served; `details` say when it is due."
    ),
    Event.TENANT_RESTORED: "A tenant that was to be deleted is what it was before.",
    Event.TENANT_SHREDDED: (
        "The keys of a tenant were destroyed; its rows go next, and this event with them."
    ),
    Event.TENANT_EXPORTED: (
        "Everything of a tenant was asked for as a file, or taken along; in no file itself."
    ),
    Event.TENANT_IMPORT_BEGUN: (
        "An operator has begun to send the file of a tenant; `details` say what it is to become."
    ),
    Event.TENANT_IMPORT_REMOVED: (
        "A file that an operator has sent was forgotten; `details` say how far it had come."
    ),
    Event.TENANT_IMPORTED: (
        "The tenant came from a file, and `details` say from which; in no file itself. In the "
        "operators' log: a file that they have sent is to be read in, and what came of it."
    ),
    Event.TENANT_DOMAIN_ADDED: "A tenant claimed a host as its own; it is not served there yet.",
    Event.TENANT_DOMAIN_VERIFIED: (
        "The claim was proven; `details` say by what: `dns`, `http`, or `stated`."
    ),
    Event.TENANT_DOMAIN_PROOF_MISSING: (
        "The proof of a host that answers for a tenant is not there any more; the host still is."
    ),
    Event.TENANT_DOMAIN_PROOF_FOUND: "It is there again; `details` say which proof.",
    Event.TENANT_DOMAIN_LAPSED: (
        "A host that was without its proof for a month answers for the tenant no longer."
    ),
    Event.TENANT_DOMAIN_REMOVED: "A tenant gave up a host or a claim.",
    Event.TENANT_ISSUER_CHANGED: (
        "A tenant has another issuer; `details` say which, and until when both are taken."
    ),
    Event.TENANT_ISSUER_OVERLAP_ENDED: (
        "The former issuer is taken no longer, before that would have come by itself."
    ),
    Event.CONNECTION_CREATED: "A way to sign in elsewhere was set up.",
    Event.CONNECTION_UPDATED: (
        "One was changed, disabled or enabled; `details` say what, without the values."
    ),
    Event.CONNECTION_DELETED: "One was removed, and with it who was known by it.",
    Event.PLUGIN_ACTION: (
        "A form of a plugin's page in the console was sent; `details` say which, and what was in it"
        " but for secrets."
    ),
    Event.PLUGIN_SETTINGS_CHANGED: (
        "Something was set for a plugin; `details` say what it was and is, and of secrets that "
        "they changed."
    ),
    Event.PLUGIN_SETTINGS_REMOVED: "What was set for a plugin was forgotten.",
    Event.MAIL_SERVER_CHANGED: (
        "A tenant's mail is sent by another server of its own; `details` say what: no password."
    ),
    Event.MAIL_SERVER_REMOVED: "A tenant's mail is sent by the installation's server again.",
    Event.MAIL_SERVER_TRIED: "A test mail was handed to a tenant's own server, or was not taken.",
    Event.JOB_RETRIED: (
        "Somebody had a job tried again that was given up; `details` say which, and why it was."
    ),
    Event.JOB_CANCELLED: (
        "Somebody broke a job off, or let one be that was given up; `details` say which."
    ),
}
