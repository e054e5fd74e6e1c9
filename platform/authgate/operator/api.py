"""``/operator/v1``: the operator API, of the operators' tenant alone."""

from authgate.api.description import Api
from authgate.operator.catalogue import OPERATIONS
from authgate.operator.paths import PATH_PARAMETERS
from authgate.operator.places import BASE, ROOT
from authgate.permissions import OperatorArea, reads
from authgate.tokens import audiences
from authgate.tokens.operator_scopes import MEANINGS
from authgate_tenants import Tenant

_INTRODUCTION = """\
Ask the operators' tenant for an access token with the scopes of this API, by the client \
credentials grant or for an operator, and send it as `Authorization: Bearer`. A token for the \
admin API opens nothing here, and the other way round.

Tenants are seen from outside: nothing of their people or clients is here. Lists go on by cursors, \
which are also in `Link`. What has an `ETag` is changed with `If-Match`. A `POST` with an \
`Idempotency-Key` can be sent again. Every refusal is a problem (RFC 9457)."""


def _is_at(tenant: Tenant) -> bool:
    return tenant.operates


API = Api(
    name="operator",
    root=ROOT,
    base=BASE,
    title="AuthGate operator API",
    summary="What an installation's operators do, for programs.",
    introduction=_INTRODUCTION,
    operations=OPERATIONS,
    meanings=MEANINGS,
    path_parameters=PATH_PARAMETERS,
    least=reads(OperatorArea.TENANTS),
    audiences=audiences.operator_apis,
    is_at=_is_at,
)
