"""A program that uses the MCP SDK's client as its documentation shows; its test runs it."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from talking import REDIRECT_URI, given, opened, say


class Storage:
    """What the SDK remembers."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep them."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """What it has registered."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep it."""
        self.client = client_info


class Browser:
    """The person's."""

    answer: dict[str, list[str]]

    async def open(self, url: str) -> None:
        """Visit an address."""
        self.answer = parse_qs(urlsplit(opened(url)).query)

    async def led_back(self) -> AuthorizationCodeResult:
        """What the application was told."""
        return AuthorizationCodeResult(**{name: each[0] for name, each in self.answer.items()})


def provider(asked: dict, storage: Storage, browser: Browser) -> OAuthClientProvider:
    """The SDK's OAuth client, which registers itself or is known by the address of a document."""
    return OAuthClientProvider(
        asked["server"],
        OAuthClientMetadata(client_name="Fleet assistant", redirect_uris=[REDIRECT_URI]),
        storage,
        redirect_handler=browser.open,
        callback_handler=browser.led_back,
        client_metadata_url=asked.get("document"),
    )


async def position(auth: OAuthClientProvider, server: str) -> str:
    """What the tool says."""
    async with (
        httpx2.AsyncClient(auth=auth, trust_env=False) as http,
        Client(streamable_http_client(server, http_client=http)) as client,
    ):
        result = await client.call_tool("position", {"vehicle": "Truck 7"})
        return result.content[0].text


async def main() -> None:
    """Ask a tool that wants a token, and ask again when it has ended."""
    asked = given()
    server = asked["server"]
    storage, browser = Storage(), Browser()
    auth = provider(asked, storage, browser)
    first = await position(auth, server)
    before = storage.tokens
    auth.context.token_expiry_time = 1.0
    again = await position(auth, server)
    say(
        said=[first, again],
        client=storage.client.model_dump(mode="json"),
        scope=before.scope,
        refreshed=storage.tokens.access_token != before.access_token,
        rotated=storage.tokens.refresh_token != before.refresh_token,
    )


asyncio.run(main())
