"""A program that uses Authlib as its documentation shows; its test runs it."""

import secrets

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from talking import REDIRECT_URI, given, opened, say


def sign_in(asked: dict) -> None:
    """Code with PKCE, an ID token checked by JWKS, refresh, introspection, revocation."""
    metadata = discovered(asked["issuer"])
    secret = asked.get("client_secret")
    session = OAuth2Session(
        asked["client_id"],
        secret,
        scope="openid profile email offline_access",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
    )
    nonce, verifier = secrets.token_urlsafe(8), secrets.token_urlsafe(36)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], nonce=nonce, code_verifier=verifier
    )
    token = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=opened(url),
        state=state,
        code_verifier=verifier,
    )
    claims = id_token(token, metadata, asked["client_id"], nonce)
    refreshed = session.refresh_token(metadata["token_endpoint"])
    person = session.get(metadata["userinfo_endpoint"]).json()
    before = known(session, metadata, refreshed) if secret else None
    session.revoke_token(
        metadata["revocation_endpoint"], refreshed["refresh_token"], "refresh_token"
    )
    after = known(session, metadata, refreshed) if secret else None
    say(
        claims=claims,
        person=person,
        rotated=refreshed["refresh_token"] != token["refresh_token"],
        before=before,
        after=after,
        userinfo_after=session.get(metadata["userinfo_endpoint"]).status_code,
    )


def act_for_itself(asked: dict) -> None:
    """Client credentials, with a secret or with a key."""
    metadata = discovered(asked["issuer"])
    if "private_key" in asked:
        key = ECKey.import_key(asked["private_key"])
        session = OAuth2Session(
            asked["client_id"], key, token_endpoint_auth_method="private_key_jwt", scope="read"
        )
        method = PrivateKeyJWT(asked.get("audience"), alg="ES256", headers={"kid": key.kid})
        session.register_client_auth_method(method)
    else:
        session = OAuth2Session(asked["client_id"], asked["client_secret"], scope="read")
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    say(token=token, known=known(session, metadata, token))


def discovered(issuer: str) -> dict:
    """The issuer's metadata."""
    metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    assert metadata["issuer"] == issuer
    return metadata


def id_token(token: dict, metadata: dict, client_id: str, nonce: str) -> dict:
    """What an ID token says, checked as Authlib checks it."""
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    decoded = jwt.decode(
        token["id_token"], keys, algorithms=metadata["id_token_signing_alg_values_supported"]
    )
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        options={"iss": {"value": metadata["issuer"]}, "aud": {"value": client_id}},
        params={"nonce": nonce, "client_id": client_id, "access_token": token["access_token"]},
    )
    claims.validate()
    return dict(claims)


def known(session: OAuth2Session, metadata: dict, token: dict) -> dict:
    """What introspection says of a token."""
    answer = session.introspect_token(
        metadata["introspection_endpoint"], token=token["access_token"]
    )
    return answer.json()


asked = given()
{"sign in": sign_in, "act for itself": act_for_itself}[asked["to"]](asked)
