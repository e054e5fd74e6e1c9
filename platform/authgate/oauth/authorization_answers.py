"""What becomes of a request for authorization, told to the client by way of the browser (RFC 6749
4.1.2)."""

from collections.abc import Mapping

from quart import Response

from authgate.accounts.answers import leave_for, page
from authgate.accounts.visits import visitor
from authgate.oauth.authorization_request import SIGNED_MODES, ReturnAddress
from authgate.oauth.errors import OAuthError
from authgate.storage.clients.rows import Client
from authgate.tokens.authorization_response import AuthorizationResponses
from authgate.web import redirect_uris
from authgate.web.pages import Pages
from authgate.web.view_models import ErrorPage, FormPostPage
from authgate_tenants import current_tenant


class AuthorizationAnswers:
    """Sends the browser back to the client, in the way that the client has asked for."""

    def __init__(self, *, pages: Pages, responses: AuthorizationResponses) -> None:
        self._pages = pages
        self._responses = responses

    async def tell(self, address: ReturnAddress, client: Client, error: OAuthError) -> Response:
        """An error, in the client's words."""
        answer = {"error": error.code}
        if error.description:
            answer["error_description"] = error.description
        return await self.send(address, client, answer)

    async def send(
        self, address: ReturnAddress, client: Client, answer: Mapping[str, str]
    ) -> Response:
        """An answer to where the client waits for it."""
        # RFC 9207: the client learns whose answer this is, and takes no other's for it.
        answer = {**answer, "iss": current_tenant().issuer}
        if address.state:
            answer["state"] = address.state
        mode = SIGNED_MODES.get(address.response_mode, address.response_mode)
        if mode != address.response_mode:
            signed = await self._responses.sign(answer, client_id=client.client_id)
            answer = {"response": signed}
        if mode == "query":
            return leave_for(redirect_uris.with_query(address.redirect_uri, answer))
        content = FormPostPage(action=address.redirect_uri, fields=answer)
        html = self._pages.render("form_post.html", visit=visitor().page(), page=content)
        return page(html, form_target=redirect_uris.form_target(address.redirect_uri))

    def refusal(self, detail: str) -> Response:
        """A page for the person, where no client may be told."""
        content = ErrorPage(status=400, request_id=visitor().facts.request_id, detail=detail)
        return page(self._pages.render("error.html", page=content), 400)
