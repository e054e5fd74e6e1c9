"""Signs in through a connector as somebody with a browser would, at the pretend provider."""

import ssl
from pathlib import Path

import httpx2

from authgate.cli.failures import Failure
from authgate.cli.sign_in.headless_browser import Browser
from authgate.pretend.provider_pages import DECISION, YES


async def sign_in(issuer: str, connection: str, *, believing: Path) -> None:
    """Press the button, agree, and come back signed in; ``believing`` is the certificate of the
    provider. Raises ``Failure`` and ``SignInFailed`` where that ends elsewhere."""
    context = ssl.create_default_context(cafile=believing)
    async with httpx2.AsyncClient(verify=context, trust_env=False) as http:
        page = await http.get(f"{issuer}/login")
        if f"/login/{connection}" not in page.text:
            raise Failure(f"{issuer}/login shows no button for {connection}.")
        browser = Browser(http)
        await browser.open(f"{issuer}/login/{connection}")
        question = browser.form_with("code_challenge")
        if question is None:
            raise Failure(f"{connection} does not lead to the pretend provider.")
        await browser.send(**question.fields, **{DECISION: YES})
        account = await http.get(f"{issuer}/account/sessions")
        if account.status_code != 200:
            raise Failure(f"{connection} signs nobody in at {issuer}.")
