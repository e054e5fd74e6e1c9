"""What of a response its provider has signed (SAML 2.0 Core section 5).

signxml checks the signature. Here is what has to hold besides, so that what is read is what was
signed: one assertion in all of the document, signatures of it or of the response alone, and each
over the very element that it is in. What is read afterwards is what signxml says it has checked,
never the document that came ("On Breaking SAML", Somorovsky and others, 2012).
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from authgate_saml.markup import Element, attribute, below, children
from authgate_saml.refusals import Unfit

_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_TRANSFORMS = frozenset({_ENVELOPED, _EXCLUSIVE, f"{_EXCLUSIVE}WithComments"})
"""Others SAML does not need (Core section 5.4.4)."""
_NAMESPACES = f"{{{_EXCLUSIVE}}}InclusiveNamespaces"
_MOST_PREFIXES = 20
_IDS = ("ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id")
_ENCRYPTED = ("saml:EncryptedAssertion", "saml:EncryptedID", "saml:EncryptedAttribute")


class Unsigned(Unfit):
    """Nothing that the provider has signed. The text is told to administrators."""


class WrongKey(Unsigned):
    """A signature by none of the provider's certificates, or over something else."""


def signed_assertion(
    response: Element, certificates: Sequence[x509.Certificate], *, now: datetime
) -> Element:
    """The response's one assertion, as it was signed. Raises ``Unsigned``."""
    assertion = _only_assertion(response)
    _check_signatures(response, assertion)
    if children(assertion, "ds:Signature"):
        if children(response, "ds:Signature"):
            _verified(response, certificates, now)
        return _verified(assertion, certificates, now)
    if children(response, "ds:Signature"):
        return _only_assertion(_verified(response, certificates, now))
    raise Unsigned("is not signed")


def _only_assertion(response: Element) -> Element:
    if any(below(response, each) for each in _ENCRYPTED):
        raise Unsigned("is encrypted, which is not supported")
    found = below(response, "saml:Assertion")
    if len(found) != 1 or found[0].getparent() is not response:
        raise Unsigned("does not hold one assertion")
    return found[0]


def _check_signatures(response: Element, assertion: Element) -> None:
    ids = [each.get(name) for each in response.iter() for name in _IDS if each.get(name)]
    if len(ids) != len(set(ids)):
        raise Unsigned("has an ID twice")
    signatures = below(response, "ds:Signature")
    for holder in (response, assertion):
        own = children(holder, "ds:Signature")
        if len(own) > 1:
            raise Unsigned("is signed twice in one place")
        for each in own:
            _check_reference(each, holder)
            signatures.remove(each)
    if signatures:
        raise Unsigned("has a signature where none belongs")


def _check_reference(signature: Element, holder: Element) -> None:
    references = below(signature, "ds:Reference")
    if len(references) != 1 or below(signature, "ds:Object"):
        raise Unsigned("has a signature of more than one thing")
    if not holder.get("ID") or references[0].get("URI") != f"#{holder.get('ID')}":
        raise Unsigned("has a signature of something else")
    transforms = [each.get("Algorithm") for each in below(signature, "ds:Transform")]
    if _ENVELOPED not in transforms or not _TRANSFORMS.issuperset(transforms):
        raise Unsigned("has a signature that leaves something out")
    if not all(map(_is_plain, _algorithms(signature))):
        raise Unsigned("has a signature that is made in no usual way")


def _algorithms(signature: Element) -> list[Element]:
    names = ("ds:CanonicalizationMethod", "ds:Transform")
    return [each for name in names for each in below(signature, name)]


def _is_plain(algorithm: Element) -> bool:
    # What is in it is worked on before anybody knows whether the signature is the provider's.
    return len(algorithm) <= 1 and all(
        each.tag == _NAMESPACES
        and not len(each)
        and len(attribute(each, "PrefixList").split()) <= _MOST_PREFIXES
        for each in algorithm
    )


def _verified(holder: Element, certificates: Sequence[x509.Certificate], now: datetime) -> Element:
    expected = SignatureConfiguration(
        location="./",
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=now,
    )
    for certificate in certificates:
        try:
            result = XMLVerifier().verify(
                holder, x509_cert=certificate, id_attribute="ID", expect_config=expected
            )
        except Exception:  # noqa: BLE001, S112  # whatever is wrong with it: it is no signature
            continue
        signed: Element | None = getattr(result, "signed_xml", None)
        if signed is not None and (signed.tag, signed.get("ID")) == (holder.tag, holder.get("ID")):
            return signed
    raise WrongKey("has no signature by a certificate of the provider")
