"""Values that an attacker would put into a label: shells, flags, paths, quotes, SQL, Unicode, templates, lengths."""

from itertools import product

_SHELL = [
    ";",
    "&&",
    "||",
    "|",
    "&",
    ">",
    ">>",
    "<",
    "<<EOF",
    "$(id)",
    "`id`",
    "${IFS}",
    "$HOME",
    "\\",
    "*",
    "?",
    "~",
    "!",
]
_FLAGS = [
    "-",
    "--",
    "-f",
    "-f=http://evil/x",
    "--as=admin",
    "--kubeconfig=/x",
    "--server=http://evil",
    "--token=x",
    "-n",
    "-nkube-system",
    "--force",
    "--all",
    "-A",
    "-it",
    "--grace-period=0",
    "-o",
    "--raw=/",
    "-",
    "–force",
    "—all",
    "−x",
]
_PATHS = [
    "../",
    "..",
    "/etc/passwd",
    "%2e%2e%2f",
    "....//",
    "@/etc/passwd",
    "file:///etc/passwd",
    "//evil",
    "a/../../b",
]
_QUOTES = [
    "'",
    '"',
    "''",
    '""',
    "\\'",
    "'\"'\"'",
    "' OR 1=1 --",
    '"; DROP TABLE x; --',
    "1; SELECT pg_sleep(9)",
    "/*x*/",
    "#",
]
_CONTROL = [
    "\n",
    "\r\n",
    "\x00",
    "\t",
    "\x1b[31m",
    "\x07",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\x85",
    "\x7f",
    "\ufeff",
]
_TEMPLATES = ["{pod}", "{{pod}}", "${pod}", "%{pod}", "{", "}", "{}", "{.x}", "#{x}", "%s", "%n", "{0}"]
_OTHERS = [
    "",
    " ",
    "  ",
    "a b",
    "é",
    "日本語",
    "😀",
    "ﬁ",
    "ＡＢＣ",
    "a" * 254,
    "a" * 10_000,
    "null",
    "true",
    "0",
    "1e9",
    "NaN",
]

_PIECES = [*_SHELL, *_FLAGS, *_PATHS, *_QUOTES, *_CONTROL, *_TEMPLATES, *_OTHERS]
_FRAMES = ["{}", "a{}", "a{}b", "{}b", "a {} b", "a/{}", "a={}"]

VALUES = sorted({frame.replace("{}", piece, 1) for frame, piece in product(_FRAMES, _PIECES)})
