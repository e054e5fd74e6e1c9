"""The headers that tell a browser what an answer may do.

Every answer carries them, errors and static files too: one page without them is enough to frame,
sniff or script the others on its origin. They are made once, as the bytes a server sends.
"""

from enum import Enum
from functools import lru_cache

Headers = tuple[tuple[bytes, bytes], ...]


ANYWHERE = "*"
"""The form target of a page that does not know where what its form is answered by leads on."""


class Answer(Enum):
    """What kind of thing a browser may take an answer for."""

    PAGE = "page"
    """HTML for a person: never stored, scripts and styles from our own origin only."""

    DATA = "data"
    """JSON, text or a static file: nothing in it is ever run or framed. Who answers says how long
    it may be kept."""


def security_headers(answer: Answer, *, https: bool) -> Headers:
    """The headers to add to an answer; ``https`` says how the issuer's address begins."""
    return _HEADERS[answer, https]


@lru_cache(maxsize=2)
def preview_headers(*, https: bool) -> Headers:
    """The headers of a page that one of ours shows in a frame, to look at: nothing in it runs, and
    nothing of it can be sent."""
    kept = security_headers(Answer.PAGE, https=https)
    others = (b"content-security-policy", b"x-frame-options")
    return (
        *(header for header in kept if header[0] not in others),
        (b"x-frame-options", b"SAMEORIGIN"),
        (b"content-security-policy", _PREVIEW_POLICY),
    )


@lru_cache(maxsize=1024)
def page_headers(
    *, https: bool, form_target: str = "", frame_sources: tuple[str, ...] = ()
) -> Headers:
    """The headers of a page whose form may lead elsewhere, or which shows pages of others.

    Browsers that hold ``form-action`` against redirects would not let a person back to the
    application otherwise. ``frame_sources`` are origins.
    """
    headers = security_headers(Answer.PAGE, https=https)
    if not form_target and not frame_sources:
        return headers
    policy = _PAGE_POLICY
    if form_target == ANYWHERE:
        policy = policy.replace(b"%b; " % _OWN_FORMS, b"")
    elif form_target:
        policy = policy.replace(_OWN_FORMS, b"%b %b" % (_OWN_FORMS, form_target.encode("ascii")))
    if frame_sources:
        policy += b"; frame-src %b" % " ".join(frame_sources).encode("ascii")
    return (
        *(header for header in headers if header[0] != b"content-security-policy"),
        (b"content-security-policy", policy),
    )


_OWN_FORMS = b"form-action 'self'"
# Trusted Types have no policy at all: our script writes text, so no sink for markup is needed.
_PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# Its own style sheets are of its origin, which a sandbox would take from it.
_PREVIEW_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
)
_DATA_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_DENIED_FEATURES = (
    b"accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), "
    b"fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), "
    b"payment=(), picture-in-picture=(), usb=(), xr-spatial-tracking=()"
)

_SHARED: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", _DENIED_FEATURES),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# Without includeSubDomains: a tenant's own domain may have neighbours that are not ours to bind.
_TRANSPORT: Headers = ((b"strict-transport-security", b"max-age=31536000"),)

_OWN: dict[Answer, Headers] = {
    Answer.PAGE: ((b"content-security-policy", _PAGE_POLICY), (b"cache-control", b"no-store")),
    Answer.DATA: ((b"content-security-policy", _DATA_POLICY),),
}

_HEADERS: dict[tuple[Answer, bool], Headers] = {
    (answer, https): own + _SHARED + (_TRANSPORT if https else ())
    for answer, own in _OWN.items()
    for https in (False, True)
}
