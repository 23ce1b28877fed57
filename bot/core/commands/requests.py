"""curl's and wget's command lines, and `http:` steps, read as plain HTTP requests.

A request that is only method, URL, headers and body becomes an `http.request` operation; whatever else those programs
can do (write files, read configuration, switch certificates off) is named. It must not know hosts or policies.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.core import errors
from bot.core.commands import flags
from bot.core.commands.wordlists import words

SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}

_CURL = flags.table(
    """request/X= header/H= data/d= data-raw= data-binary= data-ascii= data-urlencode= json= form/F= form-string=
    upload-file/T= head/I get/G output/o= remote-name/O remote-header-name/J write-out/w= silent/s show-error/S fail/f
    fail-with-body location/L insecure/k verbose/v include/i max-time/m= connect-timeout= retry= retry-delay=
    retry-max-time= retry-connrefused compressed user/u= user-agent/A= referer/e= cookie/b= cookie-jar/c= proxy/x=
    cert/E= key= cacert= config/K= url= http1.0/0 http1.1 http2 ipv4/4 ipv6/6 no-buffer/N range/r= resolve= unix-socket=
    netrc/n progress-bar/# globoff/g oauth2-bearer= dump-header/D= stderr= trace= interface= create-dirs next/:
    location-trusted noproxy= tlsv1.2 limit-rate= digest negotiate"""
)
_WGET = flags.table(
    """output-document/O= quiet/q server-response/S spider timeout/T= tries/t= no-check-certificate header= post-data=
    post-file= method= body-data= body-file= no-verbose verbose/v user= password= recursive/r directory-prefix/P=
    input-file/i= user-agent/U= background/b continue/c output-file/o= waitretry= connect-timeout= read-timeout="""
)
_BODIES = words("data data-raw data-binary data-ascii data-urlencode json form form-string")
_QUIET = words(
    """silent show-error fail fail-with-body verbose include max-time connect-timeout retry retry-delay retry-max-time
    retry-connrefused compressed location http1.0 http1.1 http2 ipv4 ipv6 no-buffer globoff progress-bar tlsv1.2
    quiet server-response timeout tries no-verbose waitretry read-timeout user-agent referer limit-rate url"""
)
_PLAIN_FLAGS = _BODIES - {"form", "form-string"} | words("request header head get")
_LOOSE_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """`others` are flags beyond a plain request; `writes_file` and `reads_file` name local files it would touch."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    writes_file: str = ""
    reads_file: str = ""
    others: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def curl(argv: Sequence[str]) -> Request:
    """Read a curl command line; `argv` starts behind the program's name. Never raises."""
    reading = flags.read(argv, _CURL)
    urls = [*_all(reading, "url"), *reading.words, *(reading.after or ())]
    bodies = [value for name, value in reading.given if name in _BODIES]
    reads = [value[1:] for value in bodies if value.startswith("@") or "=@" in value]
    output = reading.value("output") or reading.value("cookie-jar") or reading.value("dump-header")
    if reading.has("remote-name"):
        output = "a file named as on the server"
    return Request(
        method=_curl_method(reading, has_body=bool(bodies)),
        url=_with_scheme(urls[0]) if urls else "",
        headers=_headers(_all(reading, "header"), json="json" in reading.flags, data=bool(bodies)),
        body="&".join(bodies) if bodies else None,
        writes_file="" if output in ("/dev/null", "-") else output,
        reads_file=reading.value("config") or reading.value("upload-file") or (reads[0] if reads else ""),
        others=tuple(name for name in reading.flags if name not in _PLAIN_FLAGS | _QUIET),
        problems=(*reading.problems, *_url_problems(urls)),
    )


def wget(argv: Sequence[str]) -> Request:
    """Read a wget command line. Without `-O -` wget writes a file."""
    reading = flags.read(argv, _WGET)
    body = next((reading.value(name) for name in ("post-data", "body-data") if name in reading.flags), None)
    posts = body is not None or "post-file" in reading.flags
    output = reading.value("output-document")
    discards = output in ("-", "/dev/null") or reading.has("spider")
    method = reading.value("method").upper() or ("POST" if posts else "HEAD" if reading.has("spider") else "GET")
    return Request(
        method=method,
        url=_with_scheme(reading.words[0]) if reading.words else "",
        body=body,
        writes_file="" if discards else (output or "a file named as on the server"),
        reads_file=reading.value("post-file") or reading.value("body-file") or reading.value("input-file"),
        others=tuple(name for name in reading.flags if name not in _QUIET | words("spider output-document method")),
        problems=(*reading.problems, *_url_problems(reading.words)),
    )


def check_url(url: str) -> None:
    """Raise Invalid unless it is http or https, with a host and without credentials."""
    try:
        parts = urlsplit(url)
        valid_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise errors.Invalid(f"the URL cannot be read: {error}", remedy="write http://host:port/path") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not valid_port:
        raise errors.Invalid("the URL is not http:// or https:// with a host", remedy="write http://host:port/path")
    if parts.username is not None or parts.password is not None:
        raise errors.Invalid("the URL holds credentials", remedy="name them under secret_headers of an http step")
    if re.search(r"[\s\\\x00-\x1f\x7f-\x9f]", url):
        raise errors.Invalid("the URL holds a space, backslash or control character", remedy="percent-encode it")


def _all(reading: flags.Reading, name: str) -> list[str]:
    return [value for given, value in reading.given if given == name]


def _curl_method(reading: flags.Reading, *, has_body: bool) -> str:
    if "request" in reading.flags:
        return reading.value("request").upper()
    if "upload-file" in reading.flags:
        return "PUT"
    if reading.has("head"):
        return "HEAD"
    return "POST" if has_body and not reading.has("get") else "GET"


def _with_scheme(url: str) -> str:
    return url if _LOOSE_SCHEME.match(url) else f"http://{url}"


def _url_problems(urls: Sequence[str]) -> tuple[str, ...]:
    if len(urls) != 1:
        return (f"{len(urls)} URLs are given: write one request for each step",)
    return ()


def _headers(lines: Sequence[str], *, json: bool, data: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    if json:
        found = {"Content-Type": "application/json", "Accept": "application/json"}
    elif data:
        found = {"Content-Type": "application/x-www-form-urlencoded"}
    for line in lines:
        name, _, value = line.partition(":")
        same = next((key for key in found if key.lower() == name.strip().lower()), name.strip())
        found[same] = value.strip()
    return found


# --- what a path says ------------------------------------------------------------------------------------------------

_SECRET_URL = re.compile(
    r"169\.254\.169\.254|metadata\.google|metadata\.azure|/v1/(?:secret|kv|database/creds|aws/creds|auth/token|cubbyhole|"
    r"pki/issue|transit/export|identity/oidc/token)\b|/secrets?(?:/|$|\?)|/v2/keys/.*secret|/actuator/(?:env|heapdump|"
    r"configprops|httptrace|threaddump/full)|/debug/pprof/heap|/api/definitions|/api/users\b|/_security/|/\.env\b|"
    r"/api/auth/keys|/latest/meta-data/iam|/credentials?\b|/tokens?(?:/|$|\?)|[?&](?:raw|recurse)=?.*secret|passw",
    re.IGNORECASE,
)
_WIDE_URL = re.compile(
    r"(?<![a-z])(?:delete|purge|drop|shutdown|quit|stop|kill|destroy|truncate|reset|wipe|failover|decommission|"
    r"deregister|force-leave|rebalance|seal|unseal|step-down|stepdown|clear_?all|flush_?all|delete_series|"
    r"clean_tombstones|delete_by_query|update_by_query|forcemerge|close|restore|rollback|restart-all|reboot|drain|"
    r"promote|demote|terminate|revoke|rotate|exec|eval|execute|script|abort|remove|evict|disable|cutover|switchover|"
    r"reindex|shrink|split|reinitialize)(?![a-z])|/_cluster/settings|/_all\b|/\*|/_settings\b|/_nodes\b|/_template|"
    r"/_index_template|/_ilm/|/_snapshot/|/v1/sys/|/v1/operator/|/v1/acl|/v1/kv/|/api/v1/admin/|/admin/",
    re.IGNORECASE,
)
"""Words of a path that say: this takes away, stops, or reaches every index, node or tenant."""


def shows_secrets(url: str) -> bool:
    """Does the path lead to where credentials are kept, whatever the method?"""
    return _SECRET_URL.search(url) is not None


def is_wide(url: str) -> bool:
    """Does the path of a changing request name something that is not bounded?"""
    path = url.partition("://")[2].partition("/")[2]
    return _WIDE_URL.search(f"/{path}") is not None


# --- httpie ----------------------------------------------------------------------------------------------------------

_HTTPIE = flags.table(
    """body/b headers/h verbose/v json/j form/f check-status timeout= verify= auth/a= auth-type/A= follow/F print/p=
    pretty= style/s= ignore-stdin/I quiet/q meta/m all max-redirects= default-scheme= session= session-read-only=
    output/o= download/d stream/S cert= cert-key= proxy= raw= compress/x multipart"""
)
_ITEM = re.compile(r"[^:=@]*(?:==|:=@|=@|:=|@|=|:)")
_BODY_ITEM = re.compile(r"[^:=@]*(?::=@|=@|:=|@|=(?!=))")


def httpie(argv: Sequence[str]) -> Request:
    """Read httpie's command line: `http [METHOD] URL [ITEM...]`; a body without a method makes it a POST."""
    reading = flags.read(argv, _HTTPIE)
    given = [*reading.words, *(reading.after or ())]
    method = given.pop(0).upper() if given and re.fullmatch(r"[A-Za-z]+", given[0]) and len(given) > 1 else ""
    url = given.pop(0) if given else ""
    items = [word for word in given if _ITEM.match(word)]
    has_body = "raw" in reading.flags or any(_BODY_ITEM.match(word) and "==" not in word for word in items)
    reads = next((word for word in items if "@" in word), "")
    has_file = reading.has("download") or "session" in reading.flags
    problems = [*reading.problems, *(() if len(items) == len(given) and url else ("an item is not known",))]
    return Request(
        method=method or ("POST" if has_body else "GET"),
        url=_with_scheme(f"localhost{url}" if url.startswith(":") else url) if url else "",
        writes_file=reading.value("output") or ("a file named as on the server" if has_file else ""),
        reads_file=reads,
        problems=tuple(problems),
    )
