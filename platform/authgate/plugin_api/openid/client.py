"""What the server is at a provider: a client that proves who it is (RFC 6749 section 2.3)."""

import json
import secrets
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from authgate.plugin_api.config import ConnectorConfigError, Secret
from authgate.plugin_api.http import HttpClient, HttpResponse
from authgate.plugin_api.login import (
    LoginAttempt,
    ProviderAnswer,
    ProviderUnavailable,
    SignInRefused,
)

CLIENT_SECRET_BASIC: Final = "client_secret_basic"
CLIENT_SECRET_POST: Final = "client_secret_post"
PRIVATE_KEY_JWT: Final = "private_key_jwt"
METHODS: Final = (CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, PRIVATE_KEY_JWT)

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 60
_OUR_FAULT = ("invalid_client", "unauthorized_client", "invalid_scope", "redirect_uri_mismatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A client of another authorization server."""

    client_id: str
    secret: Secret
    """The client's secret; with ``private_key_jwt`` its private key as a JWK."""

    method: str = CLIENT_SECRET_BASIC
    """One of ``METHODS``."""

    async def redeem(
        self, http: HttpClient, endpoint: str, attempt: LoginAttempt, answer: ProviderAnswer
    ) -> Mapping[str, object]:
        """What the token endpoint gives for the code (RFC 6749 section 4.1.3).

        Raises ``SignInRefused`` where it is not taken, and ``ConnectorConfigError`` where it is the
        client that is not.
        """
        headers, form = self._proof(endpoint)
        form |= {
            "grant_type": "authorization_code",
            "code": answer.code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.code_verifier,
        }
        said = await http.post(
            endpoint, form=form, headers={"Accept": "application/json"} | headers
        )
        return _granted(said)

    def _proof(self, endpoint: str) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and parameters that say who asks."""
        if self.method == CLIENT_SECRET_BASIC:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.secret.reveal(), safe='')}"
            return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, {}
        if self.method == CLIENT_SECRET_POST:
            return {}, {"client_id": self.client_id, "client_secret": self.secret.reveal()}
        return {}, {
            "client_id": self.client_id,
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._assertion(endpoint),
        }

    def _assertion(self, endpoint: str) -> str:
        """RFC 7523 section 3. Raises ``ConnectorConfigError``."""
        import jwt

        try:
            key = jwt.PyJWK(json.loads(self.secret.reveal()))
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise ConnectorConfigError("client_secret", "is not a private JWK") from error
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": endpoint,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        header = {"kid": key.key_id} if key.key_id else None
        try:
            return jwt.encode(claims, key, algorithm=key.algorithm_name, headers=header)
        except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            raise ConnectorConfigError("client_secret", "is a key that does not sign") from error


def check_client(method: str, secret: Secret) -> None:
    """Raises ``ConnectorConfigError`` for a client that could not prove anything."""
    if method not in METHODS:
        raise ConnectorConfigError("auth_method", f"must be one of {', '.join(METHODS)}")
    is_key = secret.reveal().lstrip().startswith("{")
    if method == PRIVATE_KEY_JWT and not is_key:
        raise ConnectorConfigError("client_secret", "must be a private JWK, on one line")
    # The other methods send the secret itself: a private key would be the provider's then.
    if method != PRIVATE_KEY_JWT and is_key:
        raise ConnectorConfigError("client_secret", f"is a key, which {method} would give away")


def _granted(answer: HttpResponse) -> Mapping[str, object]:
    if not (answer.ok or 400 <= answer.status < 500) or answer.status == 429:
        raise ProviderUnavailable(f"The token endpoint answered {answer.status}.")
    said = answer.json()
    if not isinstance(said, dict):
        raise ProviderUnavailable("The token endpoint's answer is no object.")
    error = said.get("error")
    if error in _OUR_FAULT:
        raise ConnectorConfigError("client_id", f"the provider answered {error}")
    # Some answer 200 to a code that they do not know.
    if not answer.ok or error is not None:
        raise SignInRefused(NOT_ACCEPTED, cause="the code was not accepted")
    return said


NOT_ACCEPTED: Final = "The provider did not accept this sign-in. Please try again."
