"""What this server is to a provider: its requests and its metadata (SAML 2.0 Core section 3.4.1,
Bindings section 3.4, Metadata section 2.4.4)."""

import zlib
from base64 import b64encode
from datetime import datetime
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from authgate.plugin_api import LoginAttempt
from authgate_saml.markup import ASSERTION_NS, METADATA_NS, PROTOCOL_NS
from authgate_saml.moments import written
from authgate_saml.people import EMAIL, PERSISTENT

_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_RAW_DEFLATE = -15


def request_id(attempt: LoginAttempt) -> str:
    """The ``ID`` of this sign-in's request: an answer to another one is none."""
    return f"_{attempt.nonce}"


def request_url(attempt: LoginAttempt, sso_url: str, *, now: datetime) -> str:
    """Where the browser goes, with the request in it."""
    packer = zlib.compressobj(wbits=_RAW_DEFLATE)
    packed = packer.compress(_request(attempt, sso_url, now).encode()) + packer.flush()
    query = {"SAMLRequest": b64encode(packed).decode("ascii"), "RelayState": attempt.state}
    return f"{sso_url}{'&' if '?' in sso_url else '?'}{urlencode(query)}"


def metadata(*, redirect_uri: str, metadata_uri: str) -> str:
    """For the provider to read. The address of these metadata is the entity ID."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<md:EntityDescriptor xmlns:md="{METADATA_NS}" entityID={quoteattr(metadata_uri)}>\n'
        '  <md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" '
        f'protocolSupportEnumeration="{PROTOCOL_NS}">\n'
        f"    <md:NameIDFormat>{PERSISTENT}</md:NameIDFormat>\n"
        f"    <md:NameIDFormat>{EMAIL}</md:NameIDFormat>\n"
        f'    <md:AssertionConsumerService index="0" isDefault="true" Binding="{_POST}" '
        f"Location={quoteattr(redirect_uri)}/>\n"
        "  </md:SPSSODescriptor>\n"
        "</md:EntityDescriptor>\n"
    )


def _forced(attempt: LoginAttempt) -> str:
    # There is nothing in between: an age can't be asked for, but to sign in anew can.
    return "" if attempt.max_age is None else ' ForceAuthn="true"'


def _request(attempt: LoginAttempt, sso_url: str, now: datetime) -> str:
    return (
        f'<samlp:AuthnRequest xmlns:samlp="{PROTOCOL_NS}" xmlns:saml="{ASSERTION_NS}" '
        f'ID="{request_id(attempt)}" Version="2.0" IssueInstant="{written(now)}" '
        f"Destination={quoteattr(sso_url)} ProtocolBinding={quoteattr(_POST)} "
        f"AssertionConsumerServiceURL={quoteattr(attempt.redirect_uri)}"
        f"{_forced(attempt)}>"
        f"<saml:Issuer>{escape(attempt.metadata_uri)}</saml:Issuer>"
        '<samlp:NameIDPolicy AllowCreate="true"/>'
        "</samlp:AuthnRequest>"
    )
