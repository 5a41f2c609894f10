"""Secrets known by their shape: keys of well-known services, tokens in headers, private keys, passwords in URLs.

Each pattern begins at a literal and has no repetition within a repetition, so that its work grows with the text only;
and each takes the whole run of letters and digits it is in, so that what is left of a text shows no new one.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

_ESCAPES = (
    r"\\[nrt]",
    r"\\x[0-9a-fA-F]{2}",
    r"\\u[0-9a-fA-F]{4}",
    r"%[0-9a-fA-F]{2}",
    r"\[[0-9]m",
    r"\[[0-9]{2}m",
)
_START = r"(?:(?<![A-Za-z0-9_-])" + "".join(f"|(?<={escape})" for escape in _ESCAPES) + ")"
"""Once in a run of letters, digits and hyphens; the letters of an escaped character before it are not of the run."""
_REST = r"[A-Za-z0-9_-]*"

_PREFIXES = (
    "sk-", "sk_", "rk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA", "ASIA", "AIza",
    "xox", "xapp-", "hf_", "gsk_", "npm_", "pypi-", "SG.", "ya29.",
)  # fmt: skip
_KEY = re.compile(
    _START
    + r"(?:"
    + "|".join(
        (
            # A hyphenated word such as sk-learn-contrib-lightning has neither a digit nor twenty letters in a row.
            r"sk-(?:(?:proj|ant|or|svcacct|admin|live|test)-[A-Za-z0-9_-]{8}|[A-Za-z0-9]{20}|"
            r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16})",
            r"[sr]k_(?:live|test)_[A-Za-z0-9]{8}",
            r"gh[pousr]_[A-Za-z0-9]{16}",
            r"github_pat_[A-Za-z0-9_]{16}",
            r"glpat-[A-Za-z0-9_-]{16}",
            r"A[KS]IA[A-Z0-9]{16}",
            r"AIza[A-Za-z0-9_-]{30}",
            r"xox[abeoprs]-[A-Za-z0-9-]{10}",
            r"xapp-[A-Za-z0-9-]{10}",
            r"(?:hf|gsk|npm)_[A-Za-z0-9]{20}",
            r"pypi-AgE[A-Za-z0-9_-]{16}",
            r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16}",
            r"ya29\.[A-Za-z0-9_-]{16}",
        )
    )
    + r")"
    + _REST
)
_JWT = re.compile(_START + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----"
    r"(?:[A-Za-z0-9+/=:,\s\\]|-(?!----))*"
    r"(?:-----END [A-Z0-9 ]{0,60}-----)?"
)
_USERINFO = re.compile(r"(://[^\s/?#@:\"'<>\[\]]*:)[^\s/?#\"'<>\[\]]+@")
_BEARER = re.compile(r"(?<![A-Za-z0-9_])(bearer[ \t]+)([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)
_BASIC = re.compile(r"(?<![A-Za-z0-9_])(basic[ \t]+)([A-Za-z0-9+/]+=*)", re.IGNORECASE)


def _bearer(found: re.Match[str]) -> str:
    token = found[2]
    secret = len(token) >= 32 or (len(token) >= 8 and any(map(str.isdigit, token)))
    return f"{found[1]}[redacted:bearer]" if secret else found[0]


def _basic(found: re.Match[str]) -> str:
    try:
        secret = b":" in base64.b64decode(found[2], validate=True)
    except binascii.Error:  # a word of a sentence
        secret = False
    return f"{found[1]}[redacted:basic]" if secret else found[0]


def redact_shapes(text: str) -> str:
    """The text without what has the shape of a secret."""
    lowered = text.lower()
    if "-----BEGIN " in text:
        text = _PRIVATE_KEY.sub("[redacted:private-key]", text)
    if "://" in text:
        text = _USERINFO.sub(r"\1[redacted:password]@", text)
    steps: tuple[tuple[bool, re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
        ("eyJ" in text, _JWT, "[redacted:jwt]"),
        (any(prefix in text for prefix in _PREFIXES), _KEY, "[redacted:key]"),
        ("bearer" in lowered, _BEARER, _bearer),
        ("basic" in lowered, _BASIC, _basic),
    )
    for likely, pattern, instead in steps:
        if likely:
            text = pattern.sub(instead, text)
    return text
