"""``/api/v1``: the admin API, of every tenant."""

from authgate.admin.catalogue import OPERATIONS
from authgate.admin.paths import PATH_PARAMETERS
from authgate.admin.places import BASE, ROOT
from authgate.api.description import Api
from authgate.permissions import Area, reads
from authgate.tokens import audiences
from authgate.tokens.admin_scopes import MEANINGS

_INTRODUCTION = """\
Ask for an access token with the scopes of this API, by the client credentials grant or for an \
administrator, and send it as `Authorization: Bearer`.

Lists go on by cursors, which are also in `Link`. What has an `ETag` is changed with `If-Match`. \
A `POST` with an `Idempotency-Key` can be sent again. Every refusal is a problem (RFC 9457)."""

API = Api(
    name="admin",
    root=ROOT,
    base=BASE,
    title="AuthGate admin API",
    summary="What a tenant's administrators do, for programs.",
    introduction=_INTRODUCTION,
    operations=OPERATIONS,
    meanings=MEANINGS,
    path_parameters=PATH_PARAMETERS,
    least=reads(Area.OVERVIEW),
    audiences=audiences.admin_apis,
)
