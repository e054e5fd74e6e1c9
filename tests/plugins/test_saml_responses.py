"""Which answers of a SAML provider count, asked of the connector itself.

SAML 2.0 Core section 5, Profiles section 4.1.4; "On Breaking SAML: Be Whoever You Want to Be"
(Somorovsky and others, 2012), whose forms of signature wrapping are XSW1 to XSW8.
"""

import copy
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import get_ident
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.verifier import XMLVerifier
from structlog.testing import capture_logs

from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    LoginAttempt,
    ProviderAnswer,
    ProviderUnavailable,
    SignInRefused,
)
from authgate.plugin_manager.provider_documents import ProviderDocuments
from authgate.testing.fake_http import FakeHttp
from authgate_saml.connector import SamlConnector
from authgate_testing.pretend_host import Answer
from authgate_testing.saml_provider import (
    NAMESPACES,
    SUBJECT,
    Change,
    SamlProvider,
    signing_key,
)

HERE = "https://sso.example/t/acme/login/idp"
ATTEMPT = LoginAttempt(
    redirect_uri=f"{HERE}/callback",
    metadata_uri=f"{HERE}/metadata",
    state="s" * 43,
    code_verifier="v" * 43,
    nonce="n" * 43,
)
ASSERTION, PROTOCOL = NAMESPACES["saml"], NAMESPACES["samlp"]
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


@pytest.fixture
def provider() -> SamlProvider:
    return SamlProvider(host="idp.example")


@pytest.fixture
def http(provider: SamlProvider) -> FakeHttp:
    http = FakeHttp()
    http.serve(provider.host, provider)
    return http


def connector(http: FakeHttp, **config: object) -> SamlConnector:
    """One with these settings; by default the provider's metadata are read at their address."""
    settings = {"metadata_url": "https://idp.example/metadata"} | config
    return SamlConnector(config=SamlConnector.parse_config(settings), http=http)


async def came_back(
    asked: SamlConnector, provider: SamlProvider, *, attempt: LoginAttempt = ATTEMPT
) -> ExternalIdentity:
    form = provider.approve(await asked.authorization_url(attempt))
    return await asked.identify(ATTEMPT, ProviderAnswer(code="", form=form))


async def cause(asked: SamlConnector, form: dict[str, str]) -> str:
    """Why nobody is signed in."""
    with pytest.raises(SignInRefused) as refused:
        await asked.identify(ATTEMPT, ProviderAnswer(code="", form=form))
    return refused.value.cause


def find(root: Any, path: str) -> Any:
    return root.find(path, NAMESPACES)


def sets(path: str, name: str, value: str | None) -> Change:
    """A change of an attribute; without a value it is left out."""

    def change(root: Any) -> Any:
        element = root if path == "." else find(root, path)
        element.attrib.pop(name, None)
        if value is not None:
            element.set(name, value)
        return root

    return change


def says(path: str, text: str) -> Change:
    def change(root: Any) -> Any:
        find(root, path).text = text
        return root

    return change


def drops(path: str) -> Change:
    def change(root: Any) -> Any:
        element = find(root, path)
        element.getparent().remove(element)
        return root

    return change


def adds(path: str, xml: str) -> Change:
    def change(root: Any) -> Any:
        declared = " ".join(f'xmlns:{name}="{uri}"' for name, uri in NAMESPACES.items())
        made = etree.fromstring(f"<x {declared}>{xml}</x>")
        (root if path == "." else find(root, path)).extend(made[:])
        return root

    return change


def at(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


DATA = ".//saml:SubjectConfirmationData"
CONDITIONS = ".//saml:Conditions"
STATEMENT = ".//saml:AuthnStatement"
NAME = ".//saml:NameID"
ENDS = "SessionNotOnOrAfter"
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
ENCRYPTED = "<saml:EncryptedAssertion/>"
ONCE = "<saml:OneTimeUse/>"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
GROUPS = (
    '<saml:AttributeStatement><saml:Attribute Name="groups">'
    + '<saml:AttributeValue xmlns:xs="urn:xs" xmlns:xsi="urn:xsi">staff</saml:AttributeValue>' * 900
    + "</saml:Attribute></saml:AttributeStatement>"
)
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


def faults_before_signing() -> list[tuple[str, Change]]:
    """What an honest provider says of another sign-in than this one: the cause, and what it is."""
    return [
        ("the assertion is for another audience", says(".//saml:Audience", "https://other.example")),
        ("the assertion is for another audience", drops(".//saml:AudienceRestriction")),
        (
            "the assertion is for another audience",
            adds(CONDITIONS, "<saml:AudienceRestriction><saml:Audience>x</saml:Audience>"
                 "</saml:AudienceRestriction>"),
        ),
        ("the assertion is for another recipient", sets(DATA, "Recipient", f"{HERE}x/callback")),
        ("the assertion is for another recipient", sets(DATA, "Recipient", None)),
        ("the assertion answers another request, or none", sets(DATA, "InResponseTo", "_other")),
        ("the assertion answers another request, or none", sets(DATA, "InResponseTo", None)),
        ("the response answers another request, or none", sets(".", "InResponseTo", None)),
        ("the response was to go elsewhere", sets(".", "Destination", "https://other.example")),
        ("the response is of another issuer", says("saml:Issuer", "https://other.example")),
        ("the assertion is of another issuer", says(".//saml:Assertion/saml:Issuer", "https://x")),
        ("the assertion has ended", sets(CONDITIONS, "NotOnOrAfter", at(-2))),
        ("the assertion has ended", sets(DATA, "NotOnOrAfter", at(-2))),
        ("the assertion does not say when it ends", sets(DATA, "NotOnOrAfter", None)),
        ("the assertion is not valid yet", sets(CONDITIONS, "NotBefore", at(2))),
        ("the assertion is made in the future", sets("saml:Assertion", "IssueInstant", at(2))),
        ("the assertion has a time that is none", sets(CONDITIONS, "NotBefore", "yesterday")),
        ("the assertion tells of a session that has ended", sets(STATEMENT, ENDS, at(-2))),
        ("the assertion tells of a sign-in in the future", sets(STATEMENT, "AuthnInstant", at(2))),
        ("the assertion does not say that anybody signed in", drops(STATEMENT)),
        ("the assertion does not say once for what it holds", drops(CONDITIONS)),
        ("the assertion has a condition that is not known", adds(CONDITIONS, "<saml:Condition/>")),
        (
            "the assertion is not for whoever brings it",
            sets(".//saml:SubjectConfirmation", "Method", HOLDER_OF_KEY),
        ),
        ("the assertion is no assertion of SAML 2.0", sets("saml:Assertion", "Version", "1.1")),
        ("the response is no response of SAML 2.0", sets(".", "Version", "1.1")),
        ("the response has no status", drops("samlp:Status")),
        (
            "the response has the status Responder",
            sets(".//samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder"),
        ),
        ("the response is encrypted, which is not supported", adds(".", ENCRYPTED)),
        ("the assertion names nobody by at most 255 characters", says(".//saml:NameID", "x" * 256)),
        ("the assertion names nobody by at most 255 characters", drops(".//saml:NameID")),
        (
            "the assertion names people by another name each time (transient)",
            sets(NAME, "Format", TRANSIENT),
        ),
    ]  # fmt: skip


async def test_what_is_signed_for_another_sign_in_signs_nobody_in(
    provider: SamlProvider, http: FakeHttp
) -> None:
    asked = connector(http)
    url = await asked.authorization_url(ATTEMPT)
    for expected, change in faults_before_signing():
        provider.before = [change]
        assert await cause(asked, provider.approve(url)) == expected
    provider.before = [
        sets(CONDITIONS, "NotOnOrAfter", at(-0.5)),
        adds(CONDITIONS, "<saml:OneTimeUse/>"),
    ]
    assert (await came_back(asked, provider)).subject == SUBJECT, "clocks differ a little"


# --- Signatures -----------------------------------------------------------------------------------


class AnySigner(XMLSigner):
    """One that signs by what nobody should believe any more."""

    def check_deprecated_methods(self) -> None:
        pass


def by(**how: Any) -> Change:
    """Signed as no provider should."""
    key = how.pop("key", signing_key("k1").key)

    def change(root: Any) -> Any:
        assertion = find(root, "saml:Assertion")
        signer = AnySigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#", **how)
        certificate = None if isinstance(key, bytes) else [signing_key("k1").certificate]
        signed = signer.sign(
            assertion,
            key=key,
            cert=certificate,
            reference_uri=assertion.get("ID"),
            id_attribute="ID",
        )
        root.replace(assertion, signed)
        return root

    return change


def refers_to(uri: str) -> Change:
    return sets(".//ds:Reference", "URI", uri)


def faults_of_signatures() -> list[tuple[str, dict[str, Any]]]:
    none, rsa = {"sign_assertion": False}, SignatureMethod.RSA_SHA256
    own = {"published": [signing_key("k1")]}
    nobody = "the response has no signature by a certificate of the provider"
    elsewhere = "the response has a signature of something else"
    hmac = by(
        key=signing_key("k1").certificate_pem, signature_algorithm=SignatureMethod.HMAC_SHA256
    )
    sha1 = by(signature_algorithm=rsa, digest_algorithm=DigestAlgorithm.SHA1)
    twice: list[Change] = [sets(".//saml:Subject", "ID", "_a"), sets(".", "ID", "_a")]
    whole: dict[str, Any] = {"sign_response": True}
    return [
        ("the response is not signed", none),
        (nobody, {**own, "key": signing_key("k2")}),
        (nobody, {"key": signing_key("over", -1)}),
        (nobody, {**none, "before": [by(signature_algorithm=SignatureMethod.RSA_SHA1)]}),
        (nobody, {**none, "before": [sha1]}),
        (nobody, {**none, "before": [hmac]}),
        (nobody, {"after": [says(NAME, "admin")]}),
        (nobody, {"before": [adds(CONDITIONS, ONCE)], "after": [drops(".//saml:OneTimeUse")]}),
        (nobody, {"after": [says(".//ds:SignatureValue", "AAAA")]}),
        (nobody, {"after": [says(".//ds:SignatureValue", "%")]}),
        (nobody, {"after": [drops(".//ds:SignatureMethod")]}),
        (nobody, {**whole, "after": [sets("samlp:Status", "x", "y")]}),
        (elsewhere, {"after": [refers_to("")]}),
        (elsewhere, {"after": [refers_to("https://evil.example")]}),
        (elsewhere, {"after": [sets("saml:Assertion", "ID", "_x")]}),
        ("the response has an ID twice", {"after": twice}),
        (
            "the response is signed twice in one place",
            {"after": [adds("saml:Assertion", "<ds:Signature/>")]},
        ),
        (
            "the response has a signature where none belongs",
            {"after": [adds(".//saml:Subject", "<ds:Signature/>")]},
        ),
        (
            "the response has a signature that leaves something out",
            {"after": [sets(".//ds:Transform", "Algorithm", XPATH)]},
        ),
    ]


async def test_only_a_signature_by_the_providers_own_certificate_counts(http: FakeHttp) -> None:
    for expected, changed in faults_of_signatures():
        provider = SamlProvider(host="idp.example", **changed)
        http.serve(provider.host, provider)
        asked = connector(http)
        form = provider.approve(await asked.authorization_url(ATTEMPT))
        assert await cause(asked, form) == expected, changed


def evil(assertion: Any, *, signed: bool) -> Any:
    """The same assertion about somebody else; with its signature, or without."""
    made = copy.deepcopy(assertion)
    made.set("ID", "_evil")
    find(made, ".//saml:NameID").text = "admin"
    if not signed:
        made.remove(find(made, "ds:Signature"))
    return made


def xsw1(root: Any) -> Any:
    """The signed response inside the signature of another."""
    made = copy.deepcopy(root)
    made.set("ID", "_evil")
    find(made, ".//saml:NameID").text = "admin"
    original = copy.deepcopy(root)
    original.remove(find(original, "ds:Signature"))
    find(made, "ds:Signature").append(original)
    return made


def xsw2(root: Any) -> Any:
    """The signed response beside the signature, in another."""
    made = xsw1(root)
    signature = find(made, "ds:Signature")
    made.insert(0, signature[-1])
    return made


def xsw3(root: Any) -> Any:
    """Another assertion before the signed one."""
    root.insert(0, evil(find(root, "saml:Assertion"), signed=False))
    return root


def xsw4(root: Any) -> Any:
    """Another assertion around the signed one."""
    original = find(root, "saml:Assertion")
    made = evil(original, signed=False)
    root.replace(original, made)
    made.append(original)
    return root


def xsw5(root: Any) -> Any:
    """The signature in another assertion, the signed one at the end."""
    original = find(root, "saml:Assertion")
    root.insert(0, evil(original, signed=True))
    original.remove(find(original, "ds:Signature"))
    return root


def xsw6(root: Any) -> Any:
    """The signed assertion inside the signature of another."""
    original = find(root, "saml:Assertion")
    made = evil(original, signed=True)
    root.replace(original, made)
    original.remove(find(original, "ds:Signature"))
    find(made, "ds:Signature").append(original)
    return root


def xsw7(root: Any) -> Any:
    """Another assertion of the same ID in extensions."""
    extensions = etree.Element(f"{{{PROTOCOL}}}Extensions")
    made = evil(find(root, "saml:Assertion"), signed=False)
    made.set("ID", find(root, "saml:Assertion").get("ID"))
    extensions.append(made)
    root.insert(0, extensions)
    return root


def xsw8(root: Any) -> Any:
    """The signed assertion in an object of the signature of another."""
    original = find(root, "saml:Assertion")
    made = evil(original, signed=True)
    root.replace(original, made)
    original.remove(find(original, "ds:Signature"))
    etree.SubElement(find(made, "ds:Signature"), f"{{{NAMESPACES['ds']}}}Object").append(original)
    return root


def renamed(wrap: Callable[[Any], Any]) -> Change:
    """The same where the signed assertion is called otherwise, so that there is one by its name."""

    def change(root: Any) -> Any:
        made = wrap(root)
        for each in made.iter(f"{{{ASSERTION}}}Assertion"):
            if each.get("ID") != "_evil":
                each.tag = f"{{{ASSERTION}}}Advice"
        return made

    return change


async def test_what_is_wrapped_around_a_signature_is_not_read(http: FakeHttp) -> None:
    wraps: list[tuple[bool, Change]] = [(True, xsw1), (True, xsw2)]
    of_assertions = (xsw3, xsw4, xsw5, xsw6, xsw7, xsw8)
    wraps += [(False, each) for each in of_assertions]
    wraps += [(False, renamed(each)) for each in of_assertions]
    for whole, wrap in wraps:
        provider = SamlProvider(
            host="idp.example", sign_response=whole, sign_assertion=not whole, after=[wrap]
        )
        http.serve(provider.host, provider)
        asked = connector(http)
        form = provider.approve(await asked.authorization_url(ATTEMPT))
        assert b">admin<" in b64decode(form["SAMLResponse"]), "it was tried"
        await cause(asked, form)


async def test_signed_responses_and_other_algorithms_count_as_well(http: FakeHttp) -> None:
    for changed in (
        {"sign_response": True},
        {"sign_response": True, "sign_assertion": False},
        {"signing": {"signature_algorithm": SignatureMethod.SHA512_RSA_MGF1}},
    ):
        provider = SamlProvider(host="idp.example", **changed)
        http.serve(provider.host, provider)
        assert (await came_back(connector(http), provider)).subject == SUBJECT


# --- What comes in --------------------------------------------------------------------------------


async def test_odd_documents_are_not_read(provider: SamlProvider, http: FakeHttp) -> None:
    asked = connector(http)
    form = provider.approve(await asked.authorization_url(ATTEMPT))
    whole = b64decode(form["SAMLResponse"])
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    parted = whole.replace(
        SUBJECT.encode(), SUBJECT[:4].encode() + b"<!-- -->" + SUBJECT[4:].encode()
    )
    assert parted != whole
    for expected, data in (
        ("XML with more in it than elements and text", parted),
        ("XML with a DTD", bomb + whole),
        ("XML with a DTD", outside + whole),
        ("XML with more in it than elements and text", b"<?x y?>" + whole),
        ("no UTF-8", (bomb + whole).decode().encode("utf-16")),
        ("no XML", b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-' + whole),
        ("no XML", b""),
        ("no XML", b"SAMLResponse"),
        ("no XML", b"<a>" * 300 + b"</a>" * 300),
        ("XML of more than 5000 elements", b"<a>" + b"<b/>" * 5000 + b"</a>"),
        ("XML of more than 25 elements in one another", b"<a>" * 26 + b"</a>" * 26),
        ("XML with more than 50 namespaces at one place", declaring(51) + b"</a>"),
        ("XML with more than 50 namespaces at one place", declaring(26) * 2 + b"</a></a>"),
        ("no response of SAML 2.0", declaring(1) + (declaring(49) + b"</a>") * 9 + b"</a>"),
        ("XML with more than 100 attributes in one place", b"<a %s/>" % numbered(b'a%d=""', 101)),
        ("larger than 131072 bytes", b"<a>" + b" " * 131072 + b"</a>"),
        ("no response of SAML 2.0", b"<a/>"),
    ):  # fmt: skip
        field = b64encode(data).decode()
        assert await cause(asked, {"SAMLResponse": field}) == f"the response is {expected}"
    assert await cause(asked, {"SAMLResponse": "%"}) == "the response is no base64"
    assert await cause(asked, {}) == "the response is no XML"


def numbered(text: bytes, most: int) -> bytes:
    return b" ".join(text % number for number in range(most))


def declaring(most: int) -> bytes:
    """The beginning of an element with so many namespaces."""
    return b"<a %s>" % numbered(b'xmlns:n%d="urn:x"', most)


async def test_what_is_in_a_signature_makes_no_work_before_it_is_known_to_be_the_providers(
    provider: SamlProvider, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    class Counting(XMLVerifier):
        def verify(self, *args: Any, **how: Any) -> Any:
            threads.append(get_ident())
            return super().verify(*args, **how)

    monkeypatch.setattr("authgate_saml.signatures.XMLVerifier", Counting)
    asked = connector(http)
    url = await asked.authorization_url(ATTEMPT)
    few, many = (f'<x:InclusiveNamespaces xmlns:x="{EXCLUSIVE}" PrefixList="{"n " * most}"/>'
                 for most in (1, 21))  # fmt: skip
    for place, added in (
        (".//ds:CanonicalizationMethod", "<ds:DigestValue/>" * 100),
        (".//ds:CanonicalizationMethod", many),
        (".//ds:Transform", "<saml:Advice/>"),
        (".//ds:Transform", few + few),
        (".//ds:Transform", few.replace("/>", "><saml:Advice/></x:InclusiveNamespaces>")),
    ):
        provider.after = [adds(place, added)]
        told = await cause(asked, provider.approve(url))
        assert told == "the response has a signature that is made in no usual way", added
    assert threads == []
    provider.after, provider.before = [], [adds(".//saml:Assertion", GROUPS)]
    assert (await came_back(asked, provider)).groups == ("staff",) * 900
    assert threads, "and then it is nobody's turn that it takes"
    assert get_ident() not in threads


# --- Metadata -------------------------------------------------------------------------------------


async def test_metadata_that_name_no_provider_to_believe_are_refused(
    provider: SamlProvider, http: FakeHttp
) -> None:
    whole = provider.metadata()
    role = "md:IDPSSODescriptor"
    past = sets(".", "validUntil", at(-1))
    service = ".//md:SingleSignOnService"
    plain = sets(service, "Location", "http://idp.example/sso")
    for expected, changed in (
        ("are not valid any more (validUntil)", past),
        ("have a validUntil that is no time", sets(".", "validUntil", "soon")),
        ("do not have one IDPSSODescriptor for SAML 2.0", drops(role)),
        ("have no SingleSignOnService with the HTTP-Redirect binding", drops(service)),
        ("have a SingleSignOnService that is no https address", plain),
        ("do not have 1 to 10 certificates for signing", drops(".//md:KeyDescriptor")),
        ("have no certificate", says(".//ds:X509Certificate", "AAAA")),
        ("have an entityID that is no URI", sets(".", "entityID", "idp")),
    ):  # fmt: skip
        document = etree.tostring(changed(etree.fromstring(whole.encode()))).decode()
        with pytest.raises(ConnectorConfigError) as refused:
            SamlConnector.parse_config({"metadata": document})
        assert (refused.value.field, refused.value.fault) == ("metadata", expected)
    provider.published = [signing_key("small", bits=1024)]
    with pytest.raises(ConnectorConfigError, match="less than 2048 bits"):
        SamlConnector.parse_config({"metadata": provider.metadata()})
    for settings in ({}, {"metadata": whole, "metadata_url": "https://idp.example/metadata"}):
        with pytest.raises(ConnectorConfigError, match="metadata_url"):
            SamlConnector.parse_config(settings)
    for answer in (
        Answer(body=b"<html>"),
        Answer(body=f'<!DOCTYPE a [<!ENTITY b "c">]>{whole}'.encode()),
    ):
        provider.answers["/metadata"] = answer
        with pytest.raises(ProviderUnavailable):
            await connector(http).authorization_url(ATTEMPT)


def test_a_server_without_the_extra_says_what_it_lacks(
    provider: SamlProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authgate_saml.connector.find_spec", lambda name: None)
    with pytest.raises(ConnectorConfigError, match=r"without the extra authgate\[saml\]"):
        SamlConnector.parse_config({"metadata_url": provider.metadata_url})


async def test_a_certificate_that_follows_is_known_within_a_minute_and_one_that_is_gone_no_more(
    provider: SamlProvider, http: FakeHttp
) -> None:
    now = [0.0]
    memory = ProviderDocuments(http, monotonic=lambda: now[0]).of(uuid4(), "idp")
    asked = connector(http)
    asked.documents = memory
    assert (await came_back(asked, provider)).subject == SUBJECT
    provider.key, provider.published = signing_key("k2"), [signing_key("k1"), signing_key("k2")]
    for seconds, requests in ((30.0, 1), (61.0, 2)):
        now[0] = seconds
        form = provider.approve(await asked.authorization_url(ATTEMPT))
        if seconds < 60:
            assert "no signature by a certificate" in await cause(asked, form)
        else:
            answer = ProviderAnswer(code="", form=form)
            assert (await asked.identify(ATTEMPT, answer)).subject == SUBJECT
        assert len(http.asked) == requests
    provider.key, provider.published = signing_key("k1"), [signing_key("k2")]
    now[0] = 122.0 + 600
    form = provider.approve(await asked.authorization_url(ATTEMPT))
    assert "no signature by a certificate" in await cause(asked, form)


async def test_what_is_no_metadata_takes_no_good_ones_place(
    provider: SamlProvider, http: FakeHttp
) -> None:
    now = [0.0]
    asked = connector(http)
    asked.documents = ProviderDocuments(http, monotonic=lambda: now[0]).of(uuid4(), "idp")
    assert (await came_back(asked, provider)).subject == SUBJECT
    ended = sets(".", "validUntil", "2026-01-01T00:00:00Z")(etree.fromstring(provider.metadata()))
    for garbage in (b"<html>Back soon</html>", b"soon", etree.tostring(ended)):
        provider.answers["/metadata"] = Answer(body=garbage)
        now[0] += 601.0
        with capture_logs() as logs:
            assert (await came_back(asked, provider)).subject == SUBJECT
        assert [(each["connection"], each["kept"]) for each in logs] == [("idp", True)]
        [metadata, *others] = await asked.examine()
        assert not metadata.passed
        assert "What was read before counts, for a day at most." in metadata.said
        assert all(each.passed for each in others)
        provider.answers.clear()
        now[0] += 6.0
        assert (await asked.examine())[0].passed
    provider.answers["/metadata"] = Answer(body=b"soon")
    now[0] += 86_400.0
    with pytest.raises(ProviderUnavailable, match="no XML"):
        await asked.authorization_url(ATTEMPT)
    provider.answers.clear()
    now[0] += 6.0
    assert await asked.authorization_url(ATTEMPT), "and good ones count as soon as they are there"


async def test_an_administrator_is_told_what_is_not_as_it_should_be(
    provider: SamlProvider, http: FakeHttp
) -> None:
    def told(steps: Any) -> dict[str, bool]:
        return {each.name: each.passed for each in steps}

    steps = await connector(http).examine()
    assert [each.passed for each in steps] == [True] * 4
    assert provider.entity_id in steps[0].said
    for keys, passed in (
        ([signing_key("soon", 20)], False),
        ([signing_key("soon", 20), signing_key("k1")], True),
        ([signing_key("over", -1)], False),
    ):
        provider.published = keys
        assert told(await connector(http).examine())["Signing certificates"] is passed
    provider.published = None
    wants = sets("md:IDPSSODescriptor", "WantAuthnRequestsSigned", "true")
    document = etree.tostring(wants(etree.fromstring(provider.metadata().encode()))).decode()
    pasted = connector(http, metadata=document, metadata_url="")
    [requests] = [each for each in await pasted.examine() if each.name == "Requests"]
    assert (requests.passed, "switch that off" in requests.said) == (True, True)
    provider.answers["/metadata"] = Answer(status=500)
    assert told(await connector(http).examine()) == {"Metadata": False}


# --- People ---------------------------------------------------------------------------------------


async def test_who_has_to_sign_in_anew_is_asked_to_and_it_is_told_when_that_was(
    provider: SamlProvider, http: FakeHttp
) -> None:
    asked = connector(http)
    for age, forced in ((None, False), (0, True), (300, True)):
        attempt = replace(ATTEMPT, max_age=age)
        query = dict(parse_qsl(urlsplit(await asked.authorization_url(attempt)).query))
        request = zlib.decompress(b64decode(query["SAMLRequest"]), wbits=-15)
        assert (b'ForceAuthn="true"' in request) is forced
    provider.before = [sets(STATEMENT, "AuthnInstant", "2026-01-02T03:04:05.1234567Z")]
    who = await came_back(asked, provider)
    assert who.authenticated_at == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)


async def test_people_are_told_by_the_attributes_of_the_usual_providers(
    provider: SamlProvider, http: FakeHttp
) -> None:
    def attributes(**values: list[str]) -> Change:
        def change(root: Any) -> Any:
            statement = find(root, ".//saml:AttributeStatement")
            statement[:] = []
            for name, each in values.items():
                made = etree.SubElement(statement, f"{{{ASSERTION}}}Attribute", Name=name)
                for value in each:
                    etree.SubElement(made, f"{{{ASSERTION}}}AttributeValue").text = value
            return root

        return change

    soap = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
    entra = {
        f"{soap}name": ["octo@acme.example"],
        f"{soap}emailaddress": ["octo@acme.example"],
        f"{soap}givenname": ["Octo"],
        f"{soap}surname": ["Cat"],
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": ["g1", "g2"],
    }
    okta = {"email": ["octo@acme.example"], "firstName": ["Octo"], "lastName": ["Cat"]}
    oids = {
        "urn:oid:0.9.2342.19200300.100.1.3": ["octo@acme.example"],
        "urn:oid:2.5.4.3": ["Octo Cat"],
    }
    # Who is in more than can be told is in none that is told, and so leaves none.
    many = okta | {"groups": [f"g{number}" for number in range(1001)]}
    for said, groups in ((entra, ("g1", "g2")), (okta, None), (oids, None), (many, None)):
        provider.before = [attributes(**said)]
        who = await came_back(connector(http, trusted_domains=["ACME.example"]), provider)
        assert (who.email, who.email_verified, who.name) == ("octo@acme.example", True, "Octo Cat")
        assert who.groups == groups
    chosen = {"own id": ["7"], "m": ["o@evil.example"], "g": ["admins"], "n": ["O"], "u": ["o"]}
    names = {"subject": "own id", "email": "m", "groups": "g", "name": "n", "username": "u"}
    provider.before = [attributes(**chosen), sets(".//saml:NameID", "Format", TRANSIENT)]
    settings = {f"{name}_attribute": value for name, value in names.items()}
    who = await came_back(connector(http, trusted_domains=["acme.example"], **settings), provider)
    assert (who.subject, who.email, who.email_verified) == ("7", "o@evil.example", False)
    assert (who.groups, who.name, who.username) == (("admins",), "O", "o")
    assert who.issuer == f"{provider.entity_id}#own id", "another attribute is another's to fill in"
    provider.before = [attributes(**{"own id": ["7", "8"]})]
    with pytest.raises(SignInRefused) as refused:
        await came_back(connector(http, **settings), provider)
    assert "one value of the attribute" in refused.value.cause
    provider.before, provider.name, provider.name_format = [attributes()], "o@acme.example", EMAIL
    who = await came_back(connector(http, trusted_domains=["acme.example"]), provider)
    assert (who.subject, who.email, who.email_verified) == (
        "o@acme.example",
        "o@acme.example",
        True,
    )
    issuers = [who.issuer]
    for kind in (PERSISTENT, UNSPECIFIED, None):
        provider.before = [attributes(Role=["offline_access"]), sets(NAME, "Format", kind)]
        who = await came_back(connector(http), provider)
        issuers.append(who.issuer)
        assert (who.subject, who.groups) == ("o@acme.example", None)
    of = provider.entity_id
    assert issuers == [f"{of}#NameID:emailAddress", of, *[f"{of}#NameID:unspecified"] * 2]
