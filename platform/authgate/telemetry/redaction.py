"""Makes any value fit for a log line: one line, no longer than needed, and no secret in it.

Secrets are found by the name they are logged under, by the name written before them in a text
(``password=…``), and by their look. Who logs is still expected not to log them: this is the net.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""What a log line can hold."""

MASK = "***"

LONGEST_TEXT = 1024
"""Characters of one value. Whoever sends a header of a megabyte fills no disk."""

MOST_ITEMS = 50
"""Members of one list or mapping."""

_DEEPEST = 4
# A secret that the cut would leave too short to be known by its look lies beyond what is read.
_READ = 2 * LONGEST_TEXT
_GREATEST_INT = 2**63 - 1

_SECRET_WORDS = (
    "password|passwd|passphrase|secret|token|verifier|assertion|authorization|cookie|credential"
    "|csrf|private_?key|api_?key|kek|device_?code|user_?code|auth\\w{0,16}_code"
)
_SECRET_NAME = re.compile(f"{_SECRET_WORDS}|^(?:code|key|dsn|url_with_password)$", re.IGNORECASE)
_ONE_TIME_CODES = "t?otp|pin|recovery_codes?"
_ONE_TIME_CODE = re.compile(f"^(?:{_ONE_TIME_CODES})$", re.IGNORECASE)
# Made by us, and needed to find one's way: they would look like secrets.
_PUBLIC_NAMES = frozenset({"request_id", "kid", "jti", "message_id", "logger", "level"})
_PLAIN_WORDS = re.compile(r"[a-z][a-z0-9_. ]{0,39}")

# Each begins where a word begins and gives nothing back (``*+``): a hostile text costs no more
# than its length.
_BLOTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"\$(?:argon2\w*|2[abxy]|scrypt|pbkdf2[\w-]*)\$[^\s\"']+"), MASK),
    (
        re.compile(
            r"\b((?:set-)?cookie|(?:proxy-)?authorization)([\"']?\s*+[=:]\s*)[^\r\n]+",
            re.IGNORECASE,
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"\b(Bearer|Basic|DPoP)\s++[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (
        re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*+://)[^/\s@]++@", re.IGNORECASE),
        rf"\1{MASK}@",
    ),
    (re.compile(r"(https?://[^\s?#\"']*+)[?#][^\s\"']*", re.IGNORECASE), rf"\1?{MASK}"),
    (re.compile(r"((?:^|(?<=[\s\"'(]))/[^\s?\"']*+)\?[^\s\"']*"), rf"\1?{MASK}"),
    (
        re.compile(
            rf"(?<![\w-])([\w-]*?(?:{_SECRET_WORDS})[\w-]*+|{_ONE_TIME_CODES})"
            r"([\"']?\s*+[=:]\s*b?)(?:\"[^\"]*\"?|'[^']*'?|[^\s&;,)}\]]+)",
            re.IGNORECASE,
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"\b(code)=[^\s&;,\"']+", re.IGNORECASE), rf"\1={MASK}"),
    (re.compile(r"([\"']code[\"']\s*+:\s*)(?:\"[^\"]*\"?|'[^']*'?)", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}", re.ASCII), MASK),
    (re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}+={1,2}"), MASK),
    (re.compile(r"\b[0-9a-f]{64,}+\b", re.IGNORECASE), MASK),
    (
        re.compile(
            r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])"
            r"(?:(?=[\w-]*[0-9])[\w-]{32,}|[\w-]{40,})",
            re.ASCII,
        ),
        MASK,
    ),
    (
        re.compile(r"\b[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b", re.IGNORECASE),
        MASK,
    ),
    (re.compile(r"\b[BCDFGHJKLMNPQRSTVWXZ]{8}\b"), MASK),
    (re.compile(r"(?<![\w.+-])([\w+-])[\w.+-]*+@([\w-]+\.[\w.-]+)"), rf"\1{MASK}@\2"),
)
# Ends of lines, of any alphabet's; what drives a terminal; what turns the direction of reading.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def redacted(fields: Mapping[str, object]) -> dict[str, Plain]:
    """The fields of a log line, fit to be written."""
    return _mapping(fields, _DEEPEST)


def text(value: str) -> str:
    """A text without secrets, on one line, of at most ``LONGEST_TEXT`` characters and a mark."""
    if _PLAIN_WORDS.fullmatch(value):
        return value
    kept = value[:_READ]
    for pattern, blot in _BLOTS:
        kept = pattern.sub(blot, kept)
    return one_line(kept, cut_already=len(value) - _READ)


def one_line(value: str, *, cut_already: int = 0) -> str:
    """A text on one line, cut where it is too long; secrets in it stay."""
    rest = len(value) - LONGEST_TEXT + max(cut_already, 0)
    kept = _CONTROLS.sub(_escape, value[:LONGEST_TEXT])
    # Half of a surrogate pair can be no UTF-8.
    kept = kept.encode("utf-8", "backslashreplace").decode()
    return f"{kept}… (+{rest})" if rest > 0 else kept


def _mapping(fields: Mapping[str, object], depth: int) -> dict[str, Plain]:
    kept = list(fields.items())[:MOST_ITEMS]
    return {text(str(name)): _named(str(name), value, depth) for name, value in kept}


def _named(name: str, value: object, depth: int) -> Plain:
    if name in _PUBLIC_NAMES and isinstance(value, str):
        return one_line(value)
    if _ONE_TIME_CODE.search(name) or (
        # A number is a count: no token is one.
        _SECRET_NAME.search(name) and value and not isinstance(value, int | float)
    ):
        return _masked_counts(value, depth) if isinstance(value, Mapping) else MASK
    return _plain(value, depth)


def _masked_counts(value: Mapping[object, object], depth: int) -> Plain:
    if all(isinstance(each, int | float) for each in value.values()):
        return _plain(value, depth)
    return MASK


def _plain(value: object, depth: int) -> Plain:
    match value:
        case None | bool() | float():
            return value
        case int():
            return value if abs(value) <= _GREATEST_INT else text(str(value))
        case str():
            return text(value)
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case Mapping() if depth:
            return _mapping({str(key): each for key, each in value.items()}, depth - 1)
        case list() | tuple() | set() | frozenset() if depth:
            return [_plain(each, depth - 1) for each in list(value)[:MOST_ITEMS]]
    return text(_shown(value))


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a line is written whatever is in it
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
