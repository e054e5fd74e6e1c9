"""How tenants, clients and users begin and change: each with its audit event, in one transaction.

Commands, the console, the API and clients that register themselves all begin here.
"""

from authgate.provisioning.authorizations import revoke_authorization
from authgate.provisioning.client_selection import ClientAct, UnfitSelection, act_on_clients
from authgate.provisioning.clients import (
    NewClient,
    NotApproved,
    UnknownClient,
    add_client,
    change_client,
    delete_client,
    end_former_client_secret,
    mark_client_seen,
    review_client,
    revoke_client_tokens,
    rotate_client_secret,
    set_client_status,
)
from authgate.provisioning.deletions import (
    NotConfirmed,
    TooLate,
    UnfitDeletion,
    erase_due_tenants,
    request_deletion,
    restore_tenant,
)
from authgate.provisioning.domains import add_domain, remove_domain, verify_domain
from authgate.provisioning.plans import give_plan, put_plan, remove_plan
from authgate.provisioning.registration import (
    UnknownInitialAccessToken,
    allow_registration,
    withdraw_registration,
)
from authgate.provisioning.roles import (
    OPERATOR,
    Authority,
    BeyondOwnRole,
    LastAdministrator,
    OwnAccount,
    Refused,
    UnknownUser,
    change_role,
)
from authgate.provisioning.scopes import (
    ScopeInUse,
    UnfitScope,
    UnknownScope,
    add_scope,
    change_scope,
    remove_scope,
)
from authgate.provisioning.tenants import (
    UnfitTenant,
    add_tenant,
    change_tenant,
    set_tenant_status,
)
from authgate.provisioning.tokens import (
    UnknownToken,
    disable_token,
    enable_token,
    revoke_token,
    revoke_tokens,
)
from authgate.provisioning.unfit import UnfitClient
from authgate.provisioning.users import (
    add_user,
    disable_user,
    enable_user,
    random_password,
    reset_password,
    sign_out_user,
    store_user,
)

__all__ = [
    "OPERATOR",
    "Authority",
    "BeyondOwnRole",
    "ClientAct",
    "LastAdministrator",
    "NewClient",
    "NotApproved",
    "NotConfirmed",
    "OwnAccount",
    "Refused",
    "ScopeInUse",
    "TooLate",
    "UnfitClient",
    "UnfitDeletion",
    "UnfitScope",
    "UnfitSelection",
    "UnfitTenant",
    "UnknownClient",
    "UnknownInitialAccessToken",
    "UnknownScope",
    "UnknownToken",
    "UnknownUser",
    "act_on_clients",
    "add_client",
    "add_domain",
    "add_scope",
    "add_tenant",
    "add_user",
    "allow_registration",
    "change_client",
    "change_role",
    "change_scope",
    "change_tenant",
    "delete_client",
    "disable_token",
    "disable_user",
    "enable_token",
    "enable_user",
    "end_former_client_secret",
    "erase_due_tenants",
    "give_plan",
    "mark_client_seen",
    "put_plan",
    "random_password",
    "remove_domain",
    "remove_plan",
    "remove_scope",
    "request_deletion",
    "reset_password",
    "restore_tenant",
    "review_client",
    "revoke_authorization",
    "revoke_client_tokens",
    "revoke_token",
    "revoke_tokens",
    "rotate_client_secret",
    "set_client_status",
    "set_tenant_status",
    "sign_out_user",
    "store_user",
    "verify_domain",
    "withdraw_registration",
]
