"""The doors for programs: machine endpoints and the APIs, every part of them built once."""

from collections.abc import Sequence
from dataclasses import dataclass

from authgate.accounts.logo_files import LogoFiles
from authgate.accounts.passwords import Passwords
from authgate.admin import domain_file
from authgate.admin.api import API as ADMIN_API
from authgate.api import documents
from authgate.api.access import Access
from authgate.api.description import Api
from authgate.api.door import ApiDoor
from authgate.api.held_calls import HeldCalls
from authgate.api.idempotency import Idempotency
from authgate.api.router import Router
from authgate.installation import Installation
from authgate.live import Room
from authgate.oauth import (
    device_authorization_endpoint,
    introspection_endpoint,
    pushed_authorization_endpoint,
    revocation_endpoint,
    token_endpoint,
    tokeninfo_endpoint,
)
from authgate.oauth.bearer import BearerTokens
from authgate.oauth.client_assertion import ClientAssertions
from authgate.oauth.client_authentication import ClientAuthenticator
from authgate.oauth.client_keys import ClientKeys
from authgate.oauth.client_tls import ClientTls
from authgate.oauth.dpop import DpopProofs
from authgate.oauth.grants import Grant
from authgate.oauth.grants.authorization_code import AuthorizationCodeGrant
from authgate.oauth.grants.client_credentials import ClientCredentialsGrant
from authgate.oauth.grants.device_code import DeviceCodeGrant
from authgate.oauth.grants.jwt_bearer import JwtBearerGrant
from authgate.oauth.grants.refresh_token import RefreshTokenGrant
from authgate.oauth.grants.token_exchange import TokenExchangeGrant
from authgate.oauth.held_polls import HeldPolls
from authgate.oauth.registered_clients import RegisteredClients
from authgate.oauth.request_object import RequestObjects
from authgate.oauth.sign_in_tokens import SignInTokens
from authgate.oidc import discovery, userinfo_endpoint
from authgate.oidc.discovery import Discovery
from authgate.operator.api import API as OPERATOR_API
from authgate.operator.sign_up_endpoint import SignUpEndpoint
from authgate.permissions import Area, reads
from authgate.plugin_manager import Plugins
from authgate.provisioning import domain_proof
from authgate.registration import endpoint as registration_endpoint
from authgate.registration.endpoint import RegistrationEndpoint
from authgate.scim.callers import Callers
from authgate.scim.door import ScimDoor
from authgate.storage.redis.poll_pacing import PollPacer
from authgate.tokens.client_secret_seal import ClientSecretSeal
from authgate.tokens.dpop_nonces import DpopNonces
from authgate.tokens.id_token import IdTokens
from authgate.tokens.issuer import TokenIssuer
from authgate.tokens.refresh_rotation import RefreshRotation
from authgate.tokens.signed_answer import SignedAnswers
from authgate.web.client_certificate import ClientCertificates
from authgate.web.client_ip import ClientAddress
from authgate.web.limits import Limits
from authgate.web.machine import Handler, Routes, Subtree
from authgate.web.pages import Pages

_POLLS = 64
"""Devices of one client that may wait at one address, such as an office's."""


_CALLS = 8
"""Calls of one caller that may wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What both doors work with."""

    parts: Installation
    limits: Limits
    plugins: Plugins
    client_keys: ClientKeys
    pacer: PollPacer
    pages: Pages
    passwords: Passwords

    def doors(self) -> tuple[Routes, Sequence[Subtree]]:
        """The machine endpoints, and the APIs, with what else is below one path."""
        dpop = DpopProofs(
            nonces=DpopNonces(encryption=self.parts.encryption, clock=self.parts.clock),
            clock=self.parts.clock,
        )
        bearer = BearerTokens(
            keys=self.parts.keys,
            clients=RegisteredClients(self.parts.clients),
            dpop=dpop,
            certificates=self._certificates(),
            limits=self.limits,
            clock=self.parts.clock,
        )
        grants = self._grants(bearer)
        apis = [self._api(each, grants, bearer) for each in (ADMIN_API, OPERATOR_API)]
        return self._machine_routes(grants, dpop, bearer), [*apis, self._scim(bearer), LogoFiles()]

    def _grants(self, bearer: BearerTokens) -> list[Grant]:
        parts = self.parts
        issuer = TokenIssuer(
            keys=parts.keys, subjects=parts.subjects, plugins=self.plugins, clock=parts.clock
        )
        rotation = RefreshRotation(clock=parts.clock)
        tokens = SignInTokens(
            issuer=issuer,
            id_tokens=IdTokens(keys=parts.keys, subjects=parts.subjects, clock=parts.clock),
            rotation=rotation,
            clock=parts.clock,
        )
        return [
            AuthorizationCodeGrant(tokens=tokens, clock=parts.clock),
            RefreshTokenGrant(tokens=tokens, rotation=rotation, clock=parts.clock),
            ClientCredentialsGrant(issuer=issuer),
            DeviceCodeGrant(
                tokens=tokens,
                pacer=self.pacer,
                limits=self.limits,
                held=self._held_polls(),
                clock=parts.clock,
            ),
            TokenExchangeGrant(bearer=bearer, issuer=issuer, clock=parts.clock),
            JwtBearerGrant(keys=self.client_keys, issuer=issuer, clock=parts.clock),
        ]

    def _held_polls(self) -> HeldPolls:
        parts = self.parts
        return HeldPolls(
            newsroom=parts.newsroom,
            room=Room.beside("devices", parts.settings.server.connections, of_one=_POLLS),
            clients=RegisteredClients(parts.clients),
            tenant=parts.resolver.find,
            clock=parts.clock,
        )

    def _machine_routes(
        self, grants: Sequence[Grant], dpop: DpopProofs, bearer: BearerTokens
    ) -> Routes:
        certificates = self._certificates()
        authenticator = self._authenticator(certificates)
        return {
            **self._well_known(grants, certificates),
            **self._beginnings(authenticator, dpop),
            "/oauth/token": {
                "POST": token_endpoint.endpoint(
                    grants=grants,
                    authenticator=authenticator,
                    dpop=dpop,
                    certificates=certificates,
                    limits=self.limits,
                )
            },
            **self._about_tokens(authenticator, bearer),
            **self._sign_ups(),
            registration_endpoint.PATH: RegistrationEndpoint(
                self.parts, clients=RegisteredClients(self.parts.clients), limits=self.limits
            ).methods(),
        }

    def _sign_ups(self) -> Routes:
        if self.parts.settings.sign_up.mode == "off":
            return {}
        return SignUpEndpoint(self.parts, passwords=self.passwords, limits=self.limits).routes()

    def _beginnings(self, authenticator: ClientAuthenticator, dpop: DpopProofs) -> Routes:
        """Where a client begins what a person decides about."""
        parts, limits = self.parts, self.limits
        device_code = device_authorization_endpoint.endpoint(
            authenticator=authenticator, limits=limits, clock=parts.clock
        )
        pushed = pushed_authorization_endpoint.endpoint(
            authenticator=authenticator,
            dpop=dpop,
            request_objects=RequestObjects(
                keys=self.client_keys, http=parts.outside, clock=parts.clock
            ),
            limits=limits,
            clock=parts.clock,
        )
        return {
            "/oauth/device/code": {"POST": device_code},
            pushed_authorization_endpoint.PATH: {"POST": pushed},
        }

    def _about_tokens(self, authenticator: ClientAuthenticator, bearer: BearerTokens) -> Routes:
        """What tokens are good for, and their end."""
        parts, limits = self.parts, self.limits
        answers = SignedAnswers(keys=parts.keys, clock=parts.clock)
        userinfo = userinfo_endpoint.endpoint(bearer=bearer, answers=answers, limits=self.limits)
        introspect = introspection_endpoint.endpoint(
            authenticator=authenticator,
            bearer=bearer,
            answers=answers,
            subjects=parts.subjects,
            limits=limits,
            clock=parts.clock,
        )
        revoke = revocation_endpoint.endpoint(
            authenticator=authenticator, clients=RegisteredClients(parts.clients), limits=limits
        )
        return {
            "/oauth/introspect": {"POST": introspect},
            "/oauth/revoke": {"POST": revoke},
            "/oauth/tokeninfo": {"GET": tokeninfo_endpoint.endpoint(bearer=bearer)},
            "/oauth/userinfo": {"GET": userinfo, "POST": userinfo},
        }

    def _authenticator(self, certificates: ClientCertificates) -> ClientAuthenticator:
        parts, keys = self.parts, self.client_keys
        seal = ClientSecretSeal(parts.encryption)
        return ClientAuthenticator(
            clients=RegisteredClients(parts.clients),
            assertions=ClientAssertions(keys=keys, seal=seal, clock=parts.clock),
            tls=ClientTls(certificates=certificates, keys=keys, clock=parts.clock),
            limits=self.limits,
            clock=parts.clock,
        )

    def _well_known(self, grants: Sequence[Grant], certificates: ClientCertificates) -> Routes:
        server = discovery.server(grants, certificates=certificates.are_passed)
        metadata = Discovery(server, scopes=self.parts.scopes).metadata
        resource = Discovery(discovery.protected_resource, scopes=self.parts.scopes).metadata
        return {
            "/.well-known/openid-configuration": _read_by(metadata),
            "/.well-known/oauth-authorization-server": _read_by(metadata),
            "/.well-known/oauth-protected-resource": _read_by(resource),
            domain_proof.PATH: {"GET": domain_file.show},
            "/.well-known/jwks.json": _read_by(discovery.jwks_endpoint(keys=self.parts.keys)),
        }

    def _certificates(self) -> ClientCertificates:
        server = self.parts.settings.server
        return ClientCertificates(
            header=server.client_certificate_header,
            verified_header=server.client_certificate_verified_header,
            addresses=ClientAddress(server.trusted_proxies),
        )

    def _api(self, api: Api, grants: Sequence[Grant], bearer: BearerTokens) -> ApiDoor:
        connections = self.parts.settings.server.connections
        room = Room.beside(f"{api.name} API", connections, of_one=_CALLS)
        return ApiDoor(
            api,
            router=Router(
                api=api,
                parts=self.parts,
                grant_types=[grant.grant_type for grant in grants],
                hash_password=self.passwords.hash,
            ),
            pages=documents.endpoints(api, self.pages),
            access=Access(bearer=bearer, audiences=api.audiences, least=api.least),
            idempotency=Idempotency(self.parts.encryption, self.parts.clock),
            limits=self.limits,
            held=HeldCalls(self.parts.newsroom, room),
            clock=self.parts.clock,
        )

    def _scim(self, bearer: BearerTokens) -> ScimDoor:
        access = Access(bearer=bearer, audiences=ADMIN_API.audiences, least=reads(Area.SCIM))
        callers = Callers(access=access, limits=self.limits, clock=self.parts.clock)
        return ScimDoor(self.parts, callers=callers, limits=self.limits)


def _read_by(handler: Handler) -> dict[str, Handler]:
    return {"GET": handler, "HEAD": handler}
