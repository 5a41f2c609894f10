"""Secrets known by the name in front of them: ``api_key=...``, ``"password": "..."``, ``Authorization: ...``.

A name may be the end of a longer one (``DB_PASSWORD``). Behind it comes a value in quotation marks, escaped ones too,
or a bare one. In prose and in program text a bare one is often no secret ("password: required", ``api_key: str``):
behind a colon or a space it counts only if it has a digit or a sign in it, or is long.
"""

from __future__ import annotations

import re
from typing import NamedTuple

FIELD = "[redacted:field]"
_STEMS = ("key", "token", "secret", "password", "passwd", "passphrase", "pwd", "credential", "authorization")
_QUALIFIER = re.compile(
    r"(?:api|access|auth|secret|private|client|refresh|session|account|signing|encryption)[-_ ]?\Z"
)
_LONGEST_QUALIFIER = 11
_BETWEEN = re.compile(r"[\"'\\]{0,12}[ \t]{0,20}(?:=>?|:)[ \t]{0,20}")
_BETWEEN_IN_PAIR = re.compile(r"[\"'][ \t]{0,20},[ \t]{0,20}(?=b?[\"'])")
_OPENER = re.compile(r"[bBrRuUfF]{0,2}(?P<escapes>\\{0,8})(?P<quote>[\"'])")
_QUOTED = {
    '"': re.compile(r'(?:[^"\\\n]|\\.)*'),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*"),
}
_BARE = re.compile(r"[^\s\"'\\,;&<>]*")
_FIRST_BARE = re.compile(r"[=:]{0,3}[^\s\"'\\,;&<>=:]*")
_SCHEME = re.compile(r"(?:bearer|basic|token|digest|apikey|negotiate|aws4-hmac-sha256)[ \t]+", re.IGNORECASE)
_REST_OF_HEADER = re.compile(r"[^\s\"'\\<>][^\n\"'\\<>]*")
_NO_SECRET = re.compile(r"(?:none|null|nil|true|false|undefined|\*+|\.+|x{3,})", re.IGNORECASE)
_MARKER = re.compile(r"\[redacted:[a-z-]+\]")
_HEADERS = frozenset({"authorization", "apikey"})


def redact_fields(text: str) -> str:
    """The text without values whose names say that they are secret."""
    pieces, done = [], 0
    for name, end in _names(text):
        between = _between(text, name, end) if end >= done else None
        value = _value(text, between.end(), name) if between is not None else None
        if between is None or value is None:
            continue
        sure = value.quoted or between[0] == "="  # directly behind its sign it is no word of a sentence
        if is_secret(name, text[value.begin : value.end], sure=sure, quoted=value.quoted):
            pieces += [text[done : value.begin], FIELD]
            done = value.all_of_it(text)
    return "".join([*pieces, text[done:]]) if pieces else text


def redact_field(name: str, value: str) -> str:
    """A value that stands under this name, which is hidden if the name says so; else what it is."""
    for known, end in _names(name):
        if end == len(name) and is_secret(known, value, sure=True, quoted=True):
            return FIELD
    return value


def _names(text: str) -> list[tuple[str, int]]:
    """The names of secrets in a text, without case and signs, and where they end; in order.

    Looked for one by one: an expression with all of them takes ten times as long for a traceback.
    """
    small = text.lower()
    if len(small) != len(text):  # of some letters there are two small ones
        small = "".join(one.lower() if one.isascii() else one for one in text)
    found = []
    for stem in _STEMS:
        begin = small.find(stem)
        while begin >= 0:
            end = begin + len(stem)
            qualifier = _QUALIFIER.search(small, max(0, begin - _LONGEST_QUALIFIER), begin)
            if qualifier is not None or stem != "key":
                name = _plain(f"{qualifier[0]}{stem}" if qualifier is not None else stem)
                found.append((end + small.startswith("s", end), name))
            begin = small.find(stem, end)
    return [(name, end) for end, name in sorted(found)]


def is_secret(name: str, value: str, *, sure: bool, quoted: bool) -> bool:
    """Whether the value behind this plain name is to be hidden. ``sure``: it is a value, no word of a sentence."""
    if not value or _MARKER.fullmatch(value) or _NO_SECRET.fullmatch(value):
        return False
    if name == "pwd" and value[0] in "/~.":
        return False  # the shell's directory
    has_digit = any(map(str.isdigit, value))
    if name == "token":  # also what models count and guess
        return len(value) >= 16 and has_digit and not value.isdigit()
    if quoted:
        return True
    if sure:
        return _plain(value.rpartition(".")[2]) != name  # api_key=self.api_key, as program text has it
    return len(value) >= 20 or (len(value) >= 6 and (has_digit or any(sign in value for sign in "!@#$%^*+~")))


class _Value(NamedTuple):
    begin: int
    end: int
    """Of a bare one, of its first part: a name in it may have a value of its own."""
    quoted: bool

    def all_of_it(self, text: str) -> int:
        """Where the whole of it ends."""
        return self.end if self.quoted else _end(_BARE, text, self.end)


def _between(text: str, name: str, end: int) -> re.Match[str] | None:
    between = _BETWEEN.match(text, end)
    if between is None and name in _HEADERS:
        between = _BETWEEN_IN_PAIR.match(text, end)  # as HTTP clients show their headers
    return between


def _value(text: str, begin: int, name: str) -> _Value | None:
    """Where the value is; ``None`` when it is hidden already."""
    opener = _OPENER.match(text, begin)
    begin = begin if opener is None else opener.end()
    scheme = _SCHEME.match(text, begin) if name == "authorization" else None
    begin = begin if scheme is None else scheme.end()
    if opener is not None:
        return _Value(begin, _end_of_quoted(text, begin, opener), True)
    if text.startswith("[redacted:", begin):
        return None
    if scheme is not None:
        return _Value(begin, _end(_REST_OF_HEADER, text, begin), True)
    return _Value(begin, _end(_FIRST_BARE, text, begin), False)


def _end_of_quoted(text: str, begin: int, opener: re.Match[str]) -> int:
    """The closing mark, or the end of the line."""
    if not opener["escapes"]:
        return _end(_QUOTED[opener["quote"]], text, begin)
    closer = opener["escapes"] + opener["quote"]
    end = text.find(closer, begin)
    while end > 0 and text[end - 1] == "\\":  # a mark within the value, escaped once more
        end = text.find(closer, end + 1)
    end = len(text) if end < 0 else end
    line = text.find("\n", begin, end)
    return end if line < 0 else line


def _end(pattern: re.Pattern[str], text: str, begin: int) -> int:
    found = pattern.match(text, begin)
    return begin if found is None else found.end()


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")
