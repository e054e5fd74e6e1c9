"""An identity provider of SAML 2.0 on this machine: pysaml2, which signs by xmlsec1.

``approve`` is the person who agrees; what the provider says can be changed before it is signed, and
after.
"""

import atexit
import shutil
import tempfile
import warnings
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from authgate_saml.service import metadata
from authgate_testing.pretend_host import Answer, Asked
from authgate_testing.programs import find

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it asks for ciphers that are going to move
    from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
    from saml2.config import IdPConfig
    from saml2.metadata import entity_descriptor
    from saml2.s_utils import decode_base64_and_inflate
    from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT, NameID
    from saml2.samlp import authn_request_from_string
    from saml2.server import Server
    from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

NAMESPACES = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
}
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
SUBJECT = "a8f5f167-f44f-4964-96d8-dee8b4d5a9d4"

Change = Callable[[Any], Any]
"""What is done to a response, as lxml has it."""


@dataclass(frozen=True)
class SigningKey:
    """A key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@cache
def signing_key(name: str, days: int = 365, bits: int = 2048) -> SigningKey:
    """A key that is made once for the run; its certificate ends in so many days."""
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=subject,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=400),
        not_valid_after=now + timedelta(days=days),
    )
    return SigningKey(key, builder.sign(key, hashes.SHA256()))


@dataclass
class SamlProvider:
    """One person, who agrees to everything."""

    host: str
    key: SigningKey = field(default_factory=lambda: signing_key("k1"))
    published: list[SigningKey] | None = None
    """The keys in its metadata, where they are not the one that it signs by."""
    attributes: dict[str, list[str]] = field(
        default_factory=lambda: {
            "uid": ["octocat"],
            "mail": ["octocat@example.com"],
            "displayName": ["The Octocat"],
        }
    )
    name: str = SUBJECT
    name_format: str = NAMEID_FORMAT_PERSISTENT
    by_xmlsec1: bool = False
    """Whether pysaml2 signs by itself; signxml is quicker, and signs what was changed."""
    sign_assertion: bool = True
    sign_response: bool = False
    before: list[Change] = field(default_factory=list)
    """Changes before it is signed by signxml."""
    after: list[Change] = field(default_factory=list)
    """Changes to what was signed."""
    signing: dict[str, Any] = field(default_factory=dict)
    """How signxml signs otherwise."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """What is said at a path instead."""
    client_id: str = ""
    client_secret: str = ""

    @property
    def entity_id(self) -> str:
        return f"https://{self.host}/saml"

    @property
    def metadata_url(self) -> str:
        return f"https://{self.host}/metadata"

    def __call__(self, asked: Asked) -> Answer:
        path, _, query = asked.path.partition("?")
        if path in self.answers:
            return self.answers[path]
        if path == "/metadata":
            return Answer(body=self.metadata().encode(), headers={"content-type": "text/xml"})
        if path == "/sso":
            return self._page(dict(parse_qsl(query)))
        return Answer(status=404)

    def metadata(self) -> str:
        root = etree.fromstring(_described(self.host, self.entity_id, self.key))
        if self.published is not None:
            self._publish(root, self.published)
        return bytes(etree.tostring(root)).decode()

    def approve(self, authorization_url: str) -> dict[str, str]:
        """The fields of the form that the browser posts."""
        parts = urlsplit(authorization_url)
        assert (parts.netloc, parts.path) == (self.host, "/sso")
        query = dict(parse_qsl(parts.query))
        return {"SAMLResponse": self._response(query), "RelayState": query["RelayState"]}

    def rename(self, username: str, email: str, *, verified: bool) -> None:
        """The same person is called otherwise. Whether an address counts is not the provider's to
        say: the contract's address is verified where it is at the trusted domain."""
        domain = "people.example" if verified else "elsewhere.example"
        email = f"{email.partition('@')[0]}@{domain}"
        self.attributes |= {"uid": [username], "mail": [email]}

    def _page(self, query: dict[str, str]) -> Answer:
        asked = _asked(query)
        page = self._server(asked).apply_binding(
            BINDING_HTTP_POST,
            self._made(asked),
            asked.assertion_consumer_service_url,
            query["RelayState"],
            response=True,
        )
        return Answer(body=str(page["data"]).encode(), headers={"content-type": "text/html"})

    def _response(self, query: dict[str, str]) -> str:
        made = str(self._made(_asked(query))).encode()
        root = etree.fromstring(made)
        for change in self.before:
            root = change(root)
        if not self.by_xmlsec1 and self.sign_assertion:
            root = sign(root, root.find("saml:Assertion", NAMESPACES), self.key, **self.signing)
        if not self.by_xmlsec1 and self.sign_response:
            root = sign(root, root, self.key, **self.signing)
        for change in self.after:
            root = change(root)
        return b64encode(root if isinstance(root, bytes) else etree.tostring(root)).decode()

    def _made(self, request: Any) -> Any:
        return self._server(request).create_authn_response(
            identity=self.attributes,
            in_response_to=request.id,
            destination=request.assertion_consumer_service_url,
            sp_entity_id=request.issuer.text,
            name_id=NameID(format=self.name_format, text=self.name),
            authn={"class_ref": PASSWORD, "authn_auth": self.entity_id},
            sign_assertion=self.sign_assertion and self.by_xmlsec1,
            sign_response=self.sign_response and self.by_xmlsec1,
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
        )

    def _server(self, request: Any) -> Server:
        said = (request.issuer.text, request.assertion_consumer_service_url)
        return _server(self.host, self.entity_id, self.key, *said)

    def _publish(self, root: Any, keys: list[SigningKey]) -> None:
        role = root.find("md:IDPSSODescriptor", NAMESPACES)
        for each in role.findall("md:KeyDescriptor", NAMESPACES):
            role.remove(each)
        for each in reversed(keys):
            der = each.certificate.public_bytes(serialization.Encoding.DER)
            role.insert(0, key_descriptor(b64encode(der).decode()))


def key_descriptor(certificate: str) -> Any:
    """A certificate as metadata have it."""
    return etree.fromstring(
        f'<md:KeyDescriptor xmlns:md="{NAMESPACES["md"]}" use="signing">'
        f'<ds:KeyInfo xmlns:ds="{NAMESPACES["ds"]}"><ds:X509Data><ds:X509Certificate>'
        f"{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def sign(root: Any, element: Any, key: SigningKey, **otherwise: Any) -> Any:
    """The document with this element of it signed, where SAML has the signature."""
    how: dict[str, Any] = {
        "signature_algorithm": SignatureMethod.RSA_SHA256,
        "digest_algorithm": DigestAlgorithm.SHA256,
        "c14n_algorithm": "http://www.w3.org/2001/10/xml-exc-c14n#",
    } | otherwise
    signer = XMLSigner(**how)
    signed = signer.sign(
        element,
        key=key.key,
        cert=[key.certificate],
        reference_uri=element.get("ID"),
        id_attribute="ID",
    )
    signature = signed.find("ds:Signature", NAMESPACES)
    signed.remove(signature)
    signed.insert(1, signature)  # behind the issuer (SAML 2.0 Core section 2.3.3)
    if element is root:
        return signed
    root.replace(element, signed)
    return root


@cache
def _files(key: SigningKey) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="saml-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "key.pem").write_bytes(key.key_pem)
    (folder / "certificate.pem").write_bytes(key.certificate_pem)
    return folder


def _asked(query: dict[str, str]) -> Any:
    return authn_request_from_string(decode_base64_and_inflate(query["SAMLRequest"]))


@cache
def _described(host: str, entity_id: str, key: SigningKey) -> bytes:
    return str(entity_descriptor(_config(host, entity_id, key))).encode()


@cache
def _server(host: str, entity_id: str, key: SigningKey, service: str, consumer: str) -> Server:
    """A server that knows this service provider."""
    config = _config(host, entity_id, key)
    told = metadata(redirect_uri=consumer, metadata_uri=service)
    config.metadata = config.load_metadata({"inline": [told]})
    return Server(config=config)


def _config(host: str, entity_id: str, key: SigningKey) -> IdPConfig:
    files = _files(key)
    return IdPConfig().load(
        {
            "entityid": entity_id,
            "xmlsec_binary": str(find("xmlsec1", package="xmlsec1")),
            "key_file": str(files / "key.pem"),
            "cert_file": str(files / "certificate.pem"),
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(f"https://{host}/sso", BINDING_HTTP_REDIRECT)]
                    },
                    "policy": {
                        "default": {
                            "lifetime": {"minutes": 5},
                            "attribute_restrictions": None,
                            "name_form": NAME_FORMAT_URI,
                        }
                    },
                }
            },
        }
    )
