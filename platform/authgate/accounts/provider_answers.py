"""What a browser brings back from a provider: in the address, or in a form that it posts.

Such a form comes from another site, and so without our cookies (``SameSite=Lax``). A page of ours
posts it once more, from here, and then the browser sends them along. Nothing is kept in between,
however many such forms anybody sends.
"""

from dataclasses import dataclass, field

from quart import request

from authgate.accounts.tenant_connections import UsableConnection
from authgate.plugin_api import ProviderAnswer
from authgate.web.view_models import FormPostPage
from authgate_tenants import current_tenant

_LONGEST_PARAMETER = 2048
_MOST_FIELDS = 20
_AGAIN = "authgate_again"
"""The field that our own page adds, so that no form is posted for ever."""


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """What came with the browser."""

    state: str = field(repr=False, default="")
    answer: ProviderAnswer | None = None
    """Nothing where the provider has said no."""


async def brought_back(usable: UsableConnection) -> BroughtBack:
    """What this request brings, by the way in which the connection's provider answers."""
    if usable.connector.form_state:
        return await _of_form(usable.connector.form_state)
    code = parameter("code")
    answer = ProviderAnswer(code=code, issuer=parameter("iss")) if code else None
    return BroughtBack(parameter("state") or "", answer)


async def to_post_from_here(usable: UsableConnection) -> FormPostPage | None:
    """The form of another site, for a page of ours to post again; nothing where it was posted from
    here, or is none that a provider answers by."""
    fields = dict(await request.form)
    if _AGAIN in fields or usable.connector.form_state not in fields or len(fields) > _MOST_FIELDS:
        return None
    action = f"{current_tenant().prefix}/login/{usable.stored.slug}/callback"
    return FormPostPage(action, {**fields, _AGAIN: "1"}, signs_in=True)


def parameter(name: str) -> str | None:
    """A parameter of the address, given once and of a sensible length."""
    given: list[str] = request.args.getlist(name)
    return given[0] if len(given) == 1 and 0 < len(given[0]) <= _LONGEST_PARAMETER else None


async def _of_form(form_state: str) -> BroughtBack:
    if request.method != "POST":
        return BroughtBack()
    fields = {name: text for name, text in (await request.form).items() if name != _AGAIN}
    if len(fields) > _MOST_FIELDS:
        return BroughtBack()
    answer = ProviderAnswer(code=fields.get("code", ""), issuer=fields.get("iss"), form=fields)
    return BroughtBack(fields.get(form_state, ""), answer)
