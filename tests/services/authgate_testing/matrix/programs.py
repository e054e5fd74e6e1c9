"""What applications do on their own account."""

from typing import Any

from authgate_testing.application import Application
from authgate_testing.caller import Caller
from authgate_testing.matrix.things import BEARER, EXCHANGE
from authgate_testing.matrix.walk import Walk
from authgate_testing.registering import manage, register

_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


async def alone(walk: Walk, app: Application) -> None:
    """With credentials of their own."""
    at = Caller(walk.http, walk.home.tenant)
    for path in ("openid-configuration", "oauth-authorization-server", "jwks.json"):
        await at.get(f"/.well-known/{path}")
    await at.get("/.well-known/oauth-protected-resource")
    await at.get("/.well-known/authgate-challenge")
    for path in ("openapi.json", "docs"):
        await at.get(f"/api/v1/{path}")
    form = {"grant_type": "client_credentials", "scope": "read"}
    await app.token(**form)
    web = walk.home.web
    await at.post("/oauth/token", form, basic=(web.client.client_id, web.secret or ""))
    signed = walk.home.key.credentials(walk.home.signing.client.client_id, walk.home.tenant.issuer)
    await at.post("/oauth/token", form | signed)
    await _proving(walk, app, form)
    asked = walk.home.key.sign(
        {"iss": f"https://idp.{walk.home.word}.example", "sub": walk.home.member.username}
    )
    await app.token(grant_type=BEARER, assertion=asked)


async def with_tokens(walk: Walk, app: Application, tokens: dict[str, Any]) -> None:
    """With what a person has let them have."""
    at, access = Caller(walk.http, walk.home.tenant), tokens["access_token"]
    for path in ("/oauth/userinfo", "/oauth/tokeninfo"):
        await at.get(path, bearer=access)
    origin = ("Origin", f"https://pages.{walk.home.word}.example")
    await at.get("/oauth/userinfo", bearer=access, headers=[origin])
    await at.post("/oauth/userinfo", headers=[("Authorization", f"Bearer {access}")])
    for token in (access, tokens["refresh_token"]):
        await at.post("/oauth/introspect", app.credentials() | {"token": token})
    await app.token(
        grant_type=EXCHANGE,
        subject_token=access,
        subject_token_type=_ACCESS_TOKEN,
        audience=f"https://files.{walk.home.word}.example",
    )
    async with walk.undone():
        for token in (access, tokens["refresh_token"]):
            await at.post("/oauth/revoke", app.credentials() | {"token": token})


async def registration(walk: Walk) -> None:
    """They register themselves, and look after that (RFC 7591, 7592)."""
    at = Caller(walk.http, walk.home.tenant)
    site = f"https://ledger.{walk.home.word}.example"
    said: dict[str, Any] = {
        "client_name": f"Ledger {walk.home.word}",
        "redirect_uris": [f"{site}/callback"],
        "client_uri": site,
    }
    await register(at, **said)
    made = (await register(at, token=walk.home.initial_access_token, **said)).json()
    for method in ("GET", "PUT", "DELETE"):
        answer = await manage(method, made, at)
        made |= answer.json() if answer.status_code == 200 else {}


async def _proving(walk: Walk, app: Application, form: dict[str, str]) -> None:
    """With proofs of possession (RFC 9449)."""
    url, nonce = f"{walk.home.tenant.issuer}/oauth/token", ""
    for _ in range(2):
        proof = walk.home.key.proof("POST", url, nonce=nonce)
        answer = await walk.http.post(url, data=app.credentials() | form, headers={"DPoP": proof})
        nonce = answer.headers.get("dpop-nonce", nonce)
