"""Words that are piped to a daemon's port: `echo ruok | nc zk 2181`, `echo "show stat" | socat stdio haproxy.sock`.

The text says what happens, the program only carries it. What is not a known question stays unknown. It must not know
what is behind a port: a word is a read only when no such protocol changes anything by it.
"""

import re
from collections.abc import Mapping, Sequence

from bot.core.commands import flags
from bot.core.commands.wordlists import words

_SPEAKERS = frozenset(["echo", "printf"])
_CARRIERS: Mapping[str, flags.Table] = {
    **dict.fromkeys(
        ("nc", "ncat", "netcat", "telnet"),
        flags.table("wait/w= q/q= v/v n/n N/N U/U 4/4 6/6 z/z unixsock t/t i/i= C/C send-only no-shutdown ssl"),
    ),
    "socat": flags.table("t/t= T/T= d/d v/v u/u U/U"),
}
_SOCAT_PLACE = re.compile(
    r"-|stdio|STDIO|STDIN|(?:unix-connect|unix|tcp4?|tcp4?-connect|udp|tcp6)[:].*|/[\w./-]+\.sock(?:et)?|/[\w./-]+",
    re.IGNORECASE,
)

_QUESTIONS = words(
    "ruok stat mntr srvr conf cons wchs wchc wchp isro envi dump ping info stats version help quit prompt"
)
"""ZooKeeper's four letter words, memcached's and Redis's inline commands that only tell something."""

_HAPROXY = re.compile(r"show\s+[a-z][a-z-]*(?:\s+[\w./,#-]+)*|help|get\s+weight\s+[\w./-]+|prompt", re.IGNORECASE)
_TELLS = re.compile(r"(?:stats|info|memory|cluster|client|status|list)\s+[a-z-]+", re.IGNORECASE)
_TELLING = words(
    "items slabs sizes settings conns detail memory replication stats info nodes slots list server clients"
)
_VERDICTS: Mapping[str, str] = {
    "flush_all": "cache-all",
    "flushall": "cache-all",
    "flushdb": "cache",
}
_SECOND = re.compile(r"\\[rn]|[\r\n;]+")


def verdicts(before: Sequence[str], argv: Sequence[str]) -> tuple[str, ...]:
    """Empty unless words that are known are carried to a port by a command line that does nothing else."""
    if not before or before[0] not in _SPEAKERS or not _only_carries(argv):
        return ()
    text = " ".join(word for word in before[1:] if word not in ("-n", "-e", "-ne", "-en", "--", "%s\\n"))
    lines = [line.strip() for line in _SECOND.split(text) if line.strip()]
    found = [_verdict(line) for line in lines]
    return tuple(verdict or "wide" for verdict in found) if all(found) or _is_command(lines) else ()


def _only_carries(argv: Sequence[str]) -> bool:
    inner = list(argv)
    while inner and inner[0] == "sudo":
        inner = inner[1:]
    table = _CARRIERS.get(inner[0]) if inner else None
    if table is None:
        return False
    reading = flags.read(inner[1:], table)
    if reading.problems or reading.after:
        return False
    if inner[0] == "socat":
        return len(reading.words) == len(_SOCAT_ENDS) and all(_SOCAT_PLACE.fullmatch(word) for word in reading.words)
    return bool(reading.words)


_SOCAT_ENDS = ("here", "there")


def _verdict(line: str) -> str:
    lowered = line.lower()
    if lowered in _QUESTIONS or _HAPROXY.fullmatch(line):
        return "read"
    if _TELLS.fullmatch(line) and lowered.split()[1] in _TELLING:
        return "read"
    return _VERDICTS.get(lowered.split()[0], "")


_CHANGING = words(
    """disable enable set clear del add shutdown kill crst srst flush_all flushall flushdb delete incr decr commit abort
    new update"""
)


def _is_command(lines: Sequence[str]) -> bool:
    """A word that such daemons act upon: then it is a change, not only something unknown."""
    return any(line.lower().split()[0] in _CHANGING for line in lines)
