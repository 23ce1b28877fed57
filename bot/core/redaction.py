"""Takes secrets out of text before it leaves flow: configured values in several spellings, and shapes known as secret.

Values are matched exactly, in base64 (all three alignments), URL-encoded and JSON-escaped. Shapes are the token formats
that vendors publish. A secret that is split over two texts is found only when both halves are redacted together.
"""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"
SHORTEST = 6
"""Configured values shorter than this would redact ordinary words; they are refused by the settings, not here."""

_KEYWORD = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|secret[_-]?key|auth[_-]?key|"
    r"client[_-]?secret|private[_-]?key|routing[_-]?key|integration[_-]?key|service[_-]?key|credential|session[_-]?id)"
)
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, flags), replacement)
    for pattern, flags, replacement in (
        # PEM blocks, also when the end was cut off (RFC 7468)
        (r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL, REDACTED),
        # Slack: bot, user, app-level, refresh and legacy tokens, incoming webhooks
        (r"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}", 0, REDACTED),
        (r"\bxapp-[A-Za-z0-9-]{8,}", 0, REDACTED),
        (r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+", 0, f"hooks.slack.com/{REDACTED}"),
        # GitHub, GitLab, npm, PyPI, OpenAI-like, Stripe, SendGrid, Google, Hugging Face
        (r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{30,})", 0, REDACTED),
        (r"\b(?:pypi-[\w-]{40,}|sk-[\w-]{20,}|[sr]k_(?:live|test)_\w{16,}|SG\.[\w-]{16,}\.[\w-]{16,})", 0, REDACTED),
        (r"\b(?:AIza[\w-]{30,}|ya29\.[\w-]{20,}|hf_[A-Za-z0-9]{30,}|dop_v1_[0-9a-f]{60,})", 0, REDACTED),
        # AWS access key ids, and 40 characters after a secret-key word
        (r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", 0, REDACTED),
        # JSON Web Tokens (RFC 7519): Kubernetes service accounts among them
        (r"\beyJ[\w-]{8,2000}\.[\w-]{4,}(?:\.[\w-]*)?", 0, REDACTED),
        # HashiCorp Vault
        (r"\bhv[sbr]\.[\w-]{20,}", 0, REDACTED),
        # PagerDuty: REST keys beginning with u+, and routing keys of Events v2
        (r"\bu\+[\w-]{16,}", 0, REDACTED),
        (r"(\brouting_key\b\W{1,6})[0-9A-Za-z]{32}\b", re.IGNORECASE, rf"\1{REDACTED}"),
        (r"\bR[0-9A-Z]{2}[0-9A-Z]{29}\b", 0, REDACTED),
        # credentials in headers
        (
            r"(\b(?:bearer\s+|(?:basic|token|genie-?key|apikey)\s+(?=[^\s\"']*[\d=+/_-])))[\w.~+/=-]{8,}",
            re.IGNORECASE,
            rf"\1{REDACTED}",
        ),
        (
            r"((?:authorization|x-api-key|cookie)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;]{4,}(?:\s+[\w.~+/=-]{8,})?",
            re.IGNORECASE,
            rf"\1{REDACTED}",
        ),
        # URLs with credentials
        (r"(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@:\"']*:[^\s/@\"']+@", re.IGNORECASE, rf"\1{REDACTED}@"),
        # "name": "value with spaces"
        (
            rf"([\"'][\w.-]{{0,40}}?{_KEYWORD}[\w-]{{0,20}}[\"']\s*:\s*)\"(?:[^\"\\\n]|\\.){{1,4096}}\"",
            re.IGNORECASE,
            rf'\1"{REDACTED}"',
        ),
        # name=value, name: value, "name": "value", --name value
        (
            rf"(\b[\w.-]{{0,40}}?{_KEYWORD}[\w-]{{0,20}}[\"']?\s*[=:]\s*[\"']?)(?!\[redacted\])[^\s\"',;&}}]{{3,}}",
            re.IGNORECASE,
            rf"\1{REDACTED}",
        ),
        (rf"(--{_KEYWORD}\s+[\"']?)(?!\[redacted\])[^\s\"']{{3,}}", re.IGNORECASE, rf"\1{REDACTED}"),
    )
)

# One look that clears nearly every text at a tenth of the cost: lower-case, and looser than every shape above.
_SUSPECT = re.compile(
    r"xox[a-z]|xapp-|hooks\.slack\.com/|gh[pousr]_|github_pat_|glpat-|npm_|pypi-|sk-|k_live_|k_test_|sg\."
    r"|aiza|ya29\.|hf_|dop_v1_|akia|asia|abia|acca|eyj|hv[sbr]\.|u\+|r[0-9a-z]{31}|bearer|basic|authorization|cookie|://"
    r"|pass|pwd|secret|token|key|credential|session"
)


class Redactor:
    """Built once from the configured secrets; holds them and shows them in no representation."""

    __slots__ = ("_exact",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        ordered = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        self._exact = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __repr__(self) -> str:
        return "Redactor(...)"

    def redact(self, text: str) -> str:
        """The text with every known secret as `[redacted]`. Redacting twice changes nothing more."""
        if self._exact is not None:
            text = self._exact.sub(REDACTED, text)
        if text.isascii() and not _SUSPECT.search(text.lower()):  # beyond ASCII, case has more than two forms
            return text
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text


def _spellings(secret: str) -> set[str]:
    if len(secret.strip()) < SHORTEST:
        return set()
    raw = secret.encode()
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
    encoded |= {json.dumps(secret, ensure_ascii=False)[1:-1], raw.hex()}
    return (
        {secret, secret.strip()}
        | encoded
        | {lower for text in encoded if (lower := _lower_escapes(text))}
        | _base64(raw)
    )


def _lower_escapes(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)


def _base64(raw: bytes) -> set[str]:
    """The part of any base64 text that depends on the secret alone, for each of the three alignments."""
    found = set()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            text = encode(b"\0" * shift + raw).decode().rstrip("=")
            head = (0, 2, 3)[shift]  # characters that also depend on what stands before
            tail = 0 if (len(raw) + shift) % 3 == 0 else 1  # and the last one on what stands after
            core = text[head : len(text) - tail]
            if len(core) >= SHORTEST:
                found.add(core)
    return found
