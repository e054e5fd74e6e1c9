"""Forms that no program and no page would send, made out of good ones.

A value that begins with ``$`` stands for what the sender has in hand when the form leaves: a token
that the server has just given, for example. So it may come where another is due.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import NamedTuple
from urllib.parse import urlencode

from authgate_testing.secrets_watch.exchanged import KINDS
from authgate_testing.secrets_watch.forms import WINDOW

Fields = tuple[tuple[str, str], ...]

IN_HAND = (
    "$access_token", "$refresh_token", "$id_token", "$code", "$device_code", "$user_code",
    "$client_secret", "$client_id", "$request_uri",
)  # fmt: skip
_ODD = (
    "", " ", "\0", "\t", "\r\nX-Planted: 1", "\x7f", "\ufeff", "\u202e\u2028", "\U0001f600",
    "é" * 300, "x" * 5_000, "9" * 400, "-1", "0", "1e400", "NaN", "null", "true", "[]", "{}",
    '{"a":' * 500, "%00", "%zz", "..", "//evil.test", "/\\evil.test", "javascript:alert(1)", "https://[",
    "http://a:b/", "'\"><script>", "{{7*7}}", "' OR 1=1--", "openid", "offline_access",
    "openid  openid", "authgate:x", "S256", "plain", "none", "none login", "form_post", "query.jwt",
    "eyJhbGciOiJub25lIn0..", "eyJhbGciOiJub25lIn0.e30.", "W10.W10.W10", "a.b.c.d.e",
    "urn:ietf:params:oauth:request_uri:x", "00000000-0000-0000-0000-000000000000",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "2030-01-01T00:00:00Z", "\u0663",
    "\uff21\uff22", "\ud800", *IN_HAND,
)  # fmt: skip
_NAMES = (
    "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource",
    "redirect_uri", "code", "code_verifier", "refresh_token", "token", "request", "request_uri",
    "response_mode", "response_type", "max_age", "claims", "prompt", "id_token_hint", "login_hint",
    "dpop_jkt", "extra_claims", "audience", "actor_token", "subject_token", "assertion", "state",
    "nonce", "ui_locales", "acr_values", "user_code", "csrf_token", "return_to", "a", "", "\0", "é",
)  # fmt: skip
_HARMLESS = [name for name in _NAMES if name not in KINDS]
"""What a word that is in every log may be called, without being taken for a secret."""

_CHOSEN = frozenset({"current", "password"})
"""Fields of whose values a secret is made: a word that is in every log may not be one."""

_WAYS = ("replace", "replace", "replace", "drop", "add", "add", "twice", "rename", "cut", "join")
_HEADERS: tuple[Fields, ...] = (
    *((),) * 24,
    (("authorization", "$basic"),),
    (("authorization", "Basic Og=="),),
    (("authorization", "Basic JWZmOiVmZg=="),),
    (("authorization", "Bearer $access_token"),),
    (("authorization", "DPoP $access_token"),),
    (("authorization", "Bearer W10.W10.W10"),),
    (("dpop", "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2In0.e30.AAAA"),),
    (("dpop", "$id_token"), ("authorization", "DPoP $access_token")),
    (("origin", "https://evil.test"),),
)  # fmt: skip


class OddForm(NamedTuple):
    """A form and the headers that come with it."""

    fields: Fields
    headers: Fields

    def with_what_is_in_hand(self, hand: Mapping[str, str]) -> "OddForm":
        """The same, as it leaves."""

        def held(text: str) -> str:
            name, mark, rest = text.partition("$")
            return f"{name}{hand.get(rest, '')}" if mark and rest in hand else text

        return OddForm(
            tuple((name, held(value)) for name, value in self.fields),
            tuple((name, held(value)) for name, value in self.headers),
        )

    def encoded(self) -> bytes:
        """As a body, or as a query."""
        return urlencode(self.fields, errors="surrogatepass").encode()


_PLANES = ((0x00, 0x7F), (0x80, 0x24F), (0x300, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF))
"""Between them lie the halves of pairs, of which one is among the odd words."""


@cache
def odd_forms(good: Fields, *, count: int, seed: int) -> Sequence[OddForm]:
    """So many forms that are the good one but for some things, three at most."""
    chance = Random(f"{seed} {good}")  # noqa: S311 - the same forms again, by the same seed
    return [_odd_form(good, chance) for _ in range(count)]


def _odd_form(good: Fields, chance: Random) -> OddForm:
    fields = list(good)
    for _ in range(chance.randint(0, 3)):
        way, name = chance.choice(_WAYS), chance.choice(_NAMES)
        _spoil(fields, way, chance.randint(0, 40), name, _text(chance))
    return OddForm(tuple(fields), chance.choice(_HEADERS))


def _text(chance: Random) -> str:
    if chance.random() < 0.5:
        return chance.choice(_ODD)
    length = chance.randint(0, 30)
    return "".join(chr(chance.randint(*chance.choice(_PLANES))) for _ in range(length))


def _spoil(fields: list[tuple[str, str]], way: str, place: int, name: str, text: str) -> None:
    if way == "add" or not fields:
        fields.append((name, text))
        return
    place %= len(fields)
    own, value = fields[place]
    if own in _CHOSEN and text.isascii():
        text = text[: WINDOW - 1]
    if way == "drop":
        del fields[place]
    elif way == "twice":
        fields.append((own, text or value))
    else:
        fields[place] = {
            "replace": (own, text),
            "rename": (_HARMLESS[len(name) % len(_HARMLESS)], value),
            "cut": (own, value[: len(value) // 2]),
            "join": (own, value + text),
        }[way]
