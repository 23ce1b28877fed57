"""Programs whose arguments are a small language: find, sed, awk, curl, wget, httpie, psql, mysql, tar and their like.

Each rater names verdicts (see `nested`), or a whole rating, or the commands that the program would start. Only forms
that are known to be harmless are read; the rest is unknown.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.core import ratings
from bot.core.commands import flags, queries, requests, stores
from bot.core.operations import Effect, Tier
from bot.core.ratings import Rating


@dataclass(frozen=True, slots=True)
class Judged:
    verdicts: tuple[str, ...] = ()
    rating: Rating | None = None
    starts: tuple[tuple[str, ...], ...] = ()


_SECRET_PATH = re.compile(
    r"/(?:var/)?run/secrets|/proc/[^/]+/(?:environ|mem|maps)|/etc/(?:g?shadow|ssl/private|kubernetes/.*(?:\.conf|pki))|"
    r"\.(?:pem|key|p12|pfx|jks|kdbx|pgpass|netrc|env|htpasswd)\b|id_(?:rsa|ed25519|ecdsa)|\.kube/config|kubeconfig|"
    r"\.aws/|\.ssh/|\.docker/config|/(?:[\w.-]*(?:credential|secret|password|token)[\w.-]*)(?:/|$)",
    re.IGNORECASE,
)
_SHELL_PATH = re.compile(r"[/.]")


def reads_secrets(arguments: Sequence[str]) -> bool:
    """Does an argument that looks like a path name a place where secrets are kept?"""
    return any(_SHELL_PATH.search(argument) and _SECRET_PATH.search(argument) for argument in arguments)


# --- find ------------------------------------------------------------------------------------------------------------

_FIND_WRITES = frozenset(["-fprint", "-fprint0", "-fprintf", "-fls"])
_FIND_STARTS = frozenset(["-exec", "-execdir", "-ok", "-okdir"])
_BOUNDED_PLACES = ("/var/log/", "/tmp/")  # noqa: S108 - a path inside a judged command


def _find(arguments: Sequence[str]) -> Judged:
    starts = tuple(_started(arguments, at) for at, word in enumerate(arguments) if word in _FIND_STARTS)
    verdicts = ["read"]
    if any(word in _FIND_WRITES for word in arguments):
        verdicts.append("file-write")
    if any(word in _FIND_STARTS for word in arguments):
        verdicts.append("read")
    if "-delete" not in arguments:
        return Judged(tuple(verdicts), starts=starts)
    if _is_bounded_delete(arguments):
        reason = "deletes old files that a name and an age pick out"
        return Judged((), Rating(Effect.WRITE, Tier.MEDIUM, (reason,), {"files_deleted": 1}), starts)
    return Judged((*verdicts, "files"), starts=starts)


def _started(arguments: Sequence[str], at: int) -> tuple[str, ...]:
    inner = []
    for word in arguments[at + 1 :]:
        if word in (";", "+", "\\;"):
            break
        inner.append(word)
    return tuple(inner)


def _is_bounded_delete(arguments: Sequence[str]) -> bool:
    """Only below a log or scratch directory, with a name that is not everything, and an age."""
    places = []
    for word in arguments:
        if word.startswith(("-", "(", "!")):
            break
        places.append(word)
    names = [arguments[at + 1] for at, word in enumerate(arguments[:-1]) if word in ("-name", "-iname")]
    allowed = all(f"{place.rstrip('/')}/".startswith(_BOUNDED_PLACES) and ".." not in place for place in places)
    aged = any(word in ("-mtime", "-mmin", "-atime", "-ctime") for word in arguments)
    plain = not {"-o", "-or", ",", "!", "-not", "-L", "-follow"} & set(arguments)
    return bool(places and names) and allowed and aged and plain and all(name.strip("*?.") for name in names)


# --- text languages --------------------------------------------------------------------------------------------------

_SED_PIECE = r"(?:(?!\1)[^\n\\]|\\.)*"
_SED_READ = re.compile(
    r"(?:[0-9$]*(?:,\+?[0-9$]+)?[pqd=]|/[^/]*/[pdq]|/[^/]*/,/[^/]*/[pd]|"
    rf"s([/|#,@]){_SED_PIECE}\1{_SED_PIECE}\1[gipI0-9]*)"
)
_AWK_REACHES = re.compile(r"system\s*\(|getline|\||printf?\b[^;}]*>|close\s*\(|@|-f\b|ENVIRON")


def _sed(arguments: Sequence[str]) -> Judged:
    reading = flags.read(arguments, flags.table("quiet/n regexp-extended/E r/r expression/e= separate/s unbuffered/u"))
    scripts = [value for name, value in reading.given if name == "expression"] or list(reading.words[:1])
    if any(word.startswith(("-i", "--in-place")) or re.match(r"-[nErsu]+i", word) for word in arguments):
        return Judged(("wide",))
    parts = [part.strip() for script in scripts for part in re.split(r"[;\n]", script)]
    is_read = not reading.problems and parts and all(_SED_READ.fullmatch(part) for part in parts)
    return Judged(("read",) if is_read else ("unknown",))


def _awk(arguments: Sequence[str]) -> Judged:
    table = flags.table("field-separator/F= assign/v=")
    reading = flags.read(arguments, table, command_after=1)
    program = [*reading.words, *(reading.after or ())][:1]
    is_read = not reading.has_unknown and program and not _AWK_REACHES.search(program[0].replace("||", ""))
    return Judged(("read",) if is_read else ("unknown",))


# --- requests --------------------------------------------------------------------------------------------------------


def rate_request(method: str) -> Rating:
    """How an HTTP method is rated when nothing is known of the other side."""
    if method in requests.SAFE_METHODS:
        return ratings.reads(f"{method} only reads")
    if method == "DELETE":
        return Rating(Effect.WRITE, Tier.HIGH, ("DELETE removes something on the other side",), {"http_writes": 1})
    if method in requests.METHODS:
        return Rating(Effect.WRITE, Tier.MEDIUM, (f"{method} changes something on the other side",), {"http_writes": 1})
    return ratings.unknown(f"{method[:20]} is not a known method")


def _request(request: requests.Request) -> Judged:
    verdicts = []
    if request.writes_file:
        verdicts.append("file-write")
    if request.reads_file or not request.url.lower().startswith(("http://", "https://")):
        verdicts.append("unknown")
    if any(name not in _KNOWN_CURL for name in request.others):
        verdicts.append("unknown")
    if requests.shows_secrets(request.url):
        verdicts.append("secrets")
    if request.method not in requests.SAFE_METHODS and requests.is_wide(request.url):
        verdicts.append("wide")
    return Judged(tuple(verdicts), rate_request(request.method))


def _httpie(arguments: Sequence[str]) -> Judged:
    request = requests.httpie(arguments)
    return Judged(
        (*_request(request).verdicts, *(("unknown",) if request.problems else ())), rate_request(request.method)
    )


_KNOWN_CURL = frozenset(
    """write-out output remote-name insecure user cookie proxy cert key cacert range resolve netrc http2 stderr trace
    oauth2-bearer dump-header interface no-check-certificate password spider output-document recursive
    directory-prefix background continue output-file connect-timeout header noproxy digest negotiate""".split()  # noqa: SIM905
)


def _curl(arguments: Sequence[str]) -> Judged:
    request = requests.curl(arguments)
    judged = _request(request)
    return Judged((*judged.verdicts, "unknown"), judged.rating) if _is_unclear(request) else judged


def _wget(arguments: Sequence[str]) -> Judged:
    request = requests.wget(arguments)
    judged = _request(request)
    return Judged((*judged.verdicts, "unknown"), judged.rating) if _is_unclear(request) else judged


def _is_unclear(request: requests.Request) -> bool:
    """A flag that was not understood may have taken the next word: then neither method nor URL is certain."""
    return any("not known" in problem for problem in request.problems)


# --- databases -------------------------------------------------------------------------------------------------------

_PSQL = flags.table(
    """host/h= port/p= username/U= dbname/d= command/c= file/f= set/v= output/o= no-align/A tuples-only/t quiet/q
    no-psqlrc/X expanded/x list/l no-password/w password/W single-transaction/1 field-separator/F= pset/P= csv html/H
    record-separator/R= table-attr/T= echo-all/a echo-errors/b single-step/s single-line/S version/V log-file/L="""
)
_MYSQL = flags.table(
    """host/h= port/P= user/u= password/p? execute/e= database/D= batch/B skip-column-names/N silent/s verbose/v
    vertical/E table/t socket/S= force/f defaults-file= defaults-extra-file= protocol= ssl-mode= connect-timeout= raw/r
    auto-rehash/A skip-auto-rehash html/H xml/X unbuffered/q compress/C version/V tee= init-command= no-auto-rehash"""
)
_SQL_FILES = ("file", "output", "log-file", "tee", "init-command", "defaults-file", "queries-file")


def _database(table: flags.Table, name: str) -> Callable[[Sequence[str]], Judged]:
    def rater(arguments: Sequence[str]) -> Judged:
        reading = flags.read([_split_password(word) for word in arguments], table)
        statements = [value for given, value in reading.given if given == name]
        if reading.has_unknown or any(flag in reading.flags for flag in _SQL_FILES):
            return Judged(("unknown",))
        if not statements:
            return Judged(("read",) if reading.has("list") or reading.has("version") else ("interactive",))
        return Judged(tuple(verdict for text in statements for verdict in _statement(text)))

    return rater


_CQLSH = flags.table(
    "execute/e= username/u= password/p= keyspace/k= file/f= request-timeout= connect-timeout= ssl no-color"
)
_CLICKHOUSE = flags.table(
    "query/q= host/h= port= user/u= password= database/d= format/f= multiquery/n multiline/m time/t secure/s "
    "queries-file= max_execution_time="
)
_SQLITE = flags.table("header csv json line list column readonly safe batch")


def _sqlite(arguments: Sequence[str]) -> Judged:
    """`sqlite3 FILE 'statement'`; its own flags have one dash."""
    reading = flags.read([f"-{word}" if re.match(r"-[a-z]", word) else word for word in arguments], _SQLITE)
    if reading.has_unknown or len(reading.words) != 2:
        return Judged(("interactive",) if len(reading.words) == 1 and not reading.has_unknown else ("unknown",))
    if reading.words[1].startswith("."):
        return Judged((stores.sqlite_verdict(reading.words[1]),))
    return Judged(_statement(reading.words[1]))


_INFLUX = flags.table(
    "execute= database= host= port= username= password= format= precision= ssl unsafeSsl consistency= pretty"
)


def _influx(arguments: Sequence[str]) -> Judged:
    """InfluxDB 1 has flags of one dash, InfluxDB 2 has verbs."""
    if arguments and not arguments[0].startswith("-"):
        return Judged((stores.influx_verdict(arguments),))
    reading = flags.read([f"-{word}" if re.match(r"-[a-z]{2}", word) else word for word in arguments], _INFLUX)
    statements = [value for given, value in reading.given if given == "execute"]
    if reading.has_unknown or reading.words:
        return Judged(("unknown",))
    return Judged(tuple(one for text in statements for one in _statement(text)) or ("interactive",))


_MONGO = flags.table(
    """eval= quiet tls ssl tlsCAFile= tlsCertificateKeyFile= tlsAllowInvalidCertificates retryWrites= host= port=
    username/u= password/p= authenticationDatabase= norc json?"""
)


_MONGO_PLACE = re.compile(r"mongodb(?:\+srv)?://\S+|(?!.*\.js\Z)[\w.{}-]+(?::\d+)?(?:/\w*)?")


def _mongo(arguments: Sequence[str]) -> Judged:
    reading = flags.read(arguments, _MONGO)
    scripts = [value for name, value in reading.given if name == "eval"]
    if reading.has_unknown or not all(_MONGO_PLACE.fullmatch(word) for word in reading.words):
        return Judged(("unknown",))
    if not scripts:
        return Judged(("interactive",))
    return Judged(tuple(stores.mongo_verdict(script) for script in scripts))


def _clickhouse(arguments: Sequence[str]) -> Judged:
    return RATERS["clickhouse-client"](arguments[1:]) if arguments[:1] == ("client",) else Judged(("unknown",))


def _split_password(word: str) -> str:
    """MySQL's `-pSECRET` holds the password in the same word; it is no cluster of switches."""
    return "--password" if re.match(r"-p\S+", word) and not word[2:].isdigit() else word


def _statement(text: str) -> tuple[str, ...]:
    if queries.is_read(text):
        return ("read", "secrets") if queries.shows_secrets(text) else ("read",)
    return ("data",) if queries.is_write(text) or stores.is_administration(text) else ("unknown",)


def _tar(arguments: Sequence[str]) -> Judged:
    mode = arguments[0].lstrip("-") if arguments else ""
    lists = bool(mode) and "t" in mode and not set(mode) - set("tzjJvf") and not any("=" in word for word in arguments)
    lists = lists and not any(word.startswith("-") for word in arguments[1:])
    return Judged(("read",) if lists else ("file-write",))


RATERS: Mapping[str, Callable[[Sequence[str]], Judged]] = {
    "find": _find,
    "sed": _sed,
    "awk": _awk,
    "gawk": _awk,
    "mawk": _awk,
    "curl": _curl,
    "wget": _wget,
    "http": _httpie,
    "https": _httpie,
    "xh": _httpie,
    "psql": _database(_PSQL, "command"),
    "mysql": _database(_MYSQL, "execute"),
    "mariadb": _database(_MYSQL, "execute"),
    "cqlsh": _database(_CQLSH, "execute"),
    "clickhouse-client": _database(_CLICKHOUSE, "query"),
    "clickhouse": _clickhouse,
    "influx": _influx,
    "sqlite3": _sqlite,
    "mongosh": _mongo,
    "mongo": _mongo,
    "tar": _tar,
}
