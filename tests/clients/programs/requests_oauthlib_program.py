"""A program that uses requests-oauthlib as its documentation shows; its test runs it."""

import requests
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session
from talking import REDIRECT_URI, given, opened, say


def sign_in(asked: dict, metadata: dict) -> None:
    """Code with PKCE, refresh, userinfo."""
    session = OAuth2Session(
        asked["client_id"],
        redirect_uri=REDIRECT_URI,
        scope=["openid", "profile", "offline_access"],
        pkce="S256",
    )
    url, _ = session.authorization_url(metadata["authorization_endpoint"])
    token = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=opened(url),
        client_secret=asked["client_secret"],
    )
    refreshed = session.refresh_token(
        metadata["token_endpoint"], auth=(asked["client_id"], asked["client_secret"])
    )
    say(
        person=session.get(metadata["userinfo_endpoint"]).json(),
        rotated=refreshed["refresh_token"] != token["refresh_token"],
    )


def act_for_itself(asked: dict, metadata: dict) -> None:
    """Client credentials."""
    session = OAuth2Session(client=BackendApplicationClient(asked["client_id"], scope="read"))
    token = session.fetch_token(metadata["token_endpoint"], client_secret=asked["client_secret"])
    say(token=token)


def ask_for_a_password(asked: dict, metadata: dict) -> None:
    """The grant that OAuth 2.1 has left behind."""
    session = OAuth2Session(client=LegacyApplicationClient(asked["client_id"]))
    try:
        session.fetch_token(
            metadata["token_endpoint"],
            username="mira.halvorsen",
            password="never-sent-on",
            client_secret=asked["client_secret"],
        )
    except OAuth2Error as error:
        say(error=error.error)


asked = given()
found = requests.get(f"{asked['issuer']}/.well-known/openid-configuration", timeout=10).json()
{
    "sign in": sign_in,
    "act for itself": act_for_itself,
    "ask for a password": ask_for_a_password,
}[asked["to"]](asked, found)
