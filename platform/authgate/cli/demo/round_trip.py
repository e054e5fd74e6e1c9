"""Signs in through a connector as somebody with a browser would, at the pretend provider."""

import re
import ssl
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from authgate.cli.failures import Failure
from authgate.pretend.provider_pages import DECISION, YES

_FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


async def sign_in(issuer: str, connection: str, *, believing: Path) -> None:
    """Press the button, agree, and come back signed in. Raises ``Failure`` where that ends
    elsewhere; ``believing`` is the certificate of the provider."""
    context = ssl.create_default_context(cafile=believing)
    async with httpx2.AsyncClient(verify=context, trust_env=False) as http:
        page = await http.get(f"{issuer}/login")
        if f"/login/{connection}" not in page.text:
            raise Failure(f"{issuer}/login shows no button for {connection}.")
        question = await _followed(http, await http.get(f"{issuer}/login/{connection}"))
        fields = {unescape(name): unescape(value) for name, value in _FIELD.findall(question.text)}
        if question.status_code != 200 or not fields:
            raise Failure(f"The pretend provider refuses the request of {connection}.")
        agreed = await http.post(str(question.url), data={**fields, DECISION: YES})
        await _followed(http, agreed)
        account = await http.get(f"{issuer}/account/sessions")
        if account.status_code != 200:
            raise Failure(f"{connection} signs nobody in at {issuer}.")


async def _followed(http: httpx2.AsyncClient, answer: httpx2.Response) -> httpx2.Response:
    """Where the redirect of an answer leads."""
    if "location" not in answer.headers:
        return answer
    return await http.get(urljoin(str(answer.url), answer.headers["location"]))
