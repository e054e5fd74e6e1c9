"""A provider's response as it comes with the browser (SAML 2.0 Core section 3.3.3, HTTP POST)."""

import binascii
from base64 import b64decode

from authgate_saml.assertions import Expected
from authgate_saml.markup import Element, Unreadable, attribute, children, name_of, parsed, text_of
from authgate_saml.refusals import Unfit

_LARGEST = 131_072
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


class UnfitResponse(Unfit):
    """It answers something else. The text is told to administrators."""


class Declined(UnfitResponse):
    """The provider says that it has signed nobody in."""


def response_of(field: str) -> Element:
    """The response in the form's ``SAMLResponse``. Raises ``UnfitResponse``."""
    try:
        data = b64decode("".join(field.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnfitResponse("is no base64") from error
    try:
        response = parsed(data, most=_LARGEST, strict=True)
    except Unreadable as error:
        raise UnfitResponse(f"is {error}") from error
    if response.tag != name_of("samlp:Response") or response.get("Version") != "2.0":
        raise UnfitResponse("is no response of SAML 2.0")
    return response


def check(response: Element, expected: Expected) -> None:
    """Whether it is for this sign-in. It need not be signed: what counts is in the assertion as
    well. Raises ``UnfitResponse``."""
    _check_status(response)
    if response.get("InResponseTo") != expected.request_id:
        raise UnfitResponse("answers another request, or none")
    if response.get("Destination") not in (None, expected.recipient):
        raise UnfitResponse("was to go elsewhere")
    issuers = [text_of(each) for each in children(response, "saml:Issuer")]
    if issuers not in ([], [expected.issuer]):
        raise UnfitResponse("is of another issuer")


def _check_status(response: Element) -> None:
    codes = [
        code
        for said in children(response, "samlp:Status")
        for code in children(said, "samlp:StatusCode")
    ]
    if len(codes) != 1:
        raise UnfitResponse("has no status")
    if codes[0].get("Value") != _SUCCESS:
        inner = [attribute(each, "Value") for each in children(codes[0], "samlp:StatusCode")]
        named = next(iter(inner), attribute(codes[0], "Value")).rpartition(":")[2]
        raise Declined(f"has the status {named[:50]}" if named.isalnum() else "is no success")
