"""The headers of every answer (ASVS 3.4): what a browser may do with it."""

import pytest

from authgate.web.security_headers import Answer, security_headers


def _sent(answer: Answer, *, https: bool = True) -> dict[str, str]:
    headers = security_headers(answer, https=https)
    assert len({name for name, _ in headers}) == len(headers), "a header is sent twice"
    return {name.decode(): value.decode() for name, value in headers}


def _policy(answer: Answer) -> dict[str, str]:
    parts = _sent(answer)["content-security-policy"].split("; ")
    return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize("answer", Answer)
def test_wb_04_no_answer_can_be_framed_sniffed_or_leak_its_address(answer: Answer) -> None:
    headers = _sent(answer)
    assert _policy(answer)["frame-ancestors"] == "'none'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_a_page_loads_from_its_own_origin_and_runs_nothing_inline() -> None:
    assert _policy(Answer.PAGE) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_data_does_nothing_at_all() -> None:
    assert set(_policy(Answer.DATA).values()) == {"'none'"}


def test_a_page_is_never_stored_and_data_says_for_itself() -> None:
    assert _sent(Answer.PAGE)["cache-control"] == "no-store"
    assert "cache-control" not in _sent(Answer.DATA)


@pytest.mark.parametrize("answer", Answer)
def test_https_is_asked_for_only_where_it_is(answer: Answer) -> None:
    assert "strict-transport-security" in _sent(answer, https=True)
    assert "strict-transport-security" not in _sent(answer, https=False)


def test_the_lists_are_made_once() -> None:
    first = security_headers(Answer.DATA, https=True)
    assert security_headers(Answer.DATA, https=True) is first
