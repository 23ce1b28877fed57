"""Rates a program's command line that no typed operation covers: inside `exec --`, inside `sh -c`, or on its own.

Wrappers (`sudo`, `timeout`, `env`, `sh -c`, `xargs`, ...) are taken off and what they start is rated. The knowledge
stands in tables: `program_rules` and its neighbours for verdicts, `_VERDICTS` for what a verdict means. What no table
knows is unknown, and unknown is high. kubectl is rated by the registry, which hands in its own judge.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core import errors, ratings
from bot.core.commands import data_stores, flags, grammars, special, talking, tokens
from bot.core.commands.wordlists import words
from bot.core.operations import Effect, Tier
from bot.core.ratings import Rating

MAX_DEPTH = 5
"""Commands inside commands beyond this depth are not followed: nobody can review them."""

Judge = Callable[[Sequence[str], int], Rating | None]
"""Rates a program at a depth of nesting by other means, or answers None."""


def _write(tier: Tier, reason: str, **counters: int) -> Rating:
    return Rating(Effect.WRITE, tier, (reason,), counters)


_VERDICTS: Mapping[str, Rating] = {
    "read": ratings.reads(),
    "public": ratings.reads("reads what is public"),
    "secrets": Rating(Effect.READ, Tier.HIGH, ("may show secrets",)),
    "endless": ratings.reads("reads without end", refused="It never ends by itself: read a bounded part instead."),
    "interactive": ratings.unknown(
        "waits for someone to type", refused="Nobody can type into a step: give the whole command instead."
    ),
    "pager": ratings.reads("shows a file", refused="Nobody can page in a step: read it with head, tail, grep or cat."),
    "file-write": _write(Tier.MEDIUM, "writes files"),
    "files": _write(Tier.HIGH, "deletes files; nothing brings them back", files_deleted=1),
    "medium": _write(Tier.MEDIUM, "restarts or changes one service"),
    "restart": _write(Tier.MEDIUM, "restarts one service"),
    "restart-wide": _write(Tier.HIGH, "restarts what holds data, what others hang on, or more than one service"),
    "cache": _write(Tier.MEDIUM, "drops cached entries or connections; they are rebuilt on use", cache_operations=1),
    "cache-all": _write(Tier.HIGH, "drops every database of the cache", cache_operations=1),
    "wide": _write(Tier.HIGH, "changes the system in a way that nothing here bounds"),
    "data": _write(Tier.HIGH, "changes data or the store itself, and nothing here bounds it"),
    "unknown": ratings.unknown("what it does is not known"),
}


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """`skips` words stand between the flags and the wrapped command. `floor` is its own share of the risk."""

    flags: flags.Table
    skips: int = 0
    floor: str = "read"


_NONE = flags.table("")
_WRAPPERS: Mapping[str, _Wrapper] = {
    "sudo": _Wrapper(
        flags.table(
            "user/u= group/g= host/h= preserve-env/E? login/i shell/s non-interactive/n set-home/H b stdin/S k/k"
        )
    ),
    "runuser": _Wrapper(flags.table("user/u= group/g= login/l")),
    "unbuffer": _Wrapper(_NONE),
    "taskset": _Wrapper(flags.table("cpu-list/c pid/p"), skips=1),
    "chrt": _Wrapper(flags.table("batch/b idle/i other/o fifo/f rr/r"), skips=1),
    "prlimit": _Wrapper(flags.table("nofile= nproc= core= pid/p=")),
    "catchsegv": _Wrapper(_NONE),
    "tini": _Wrapper(flags.table("s/s g/g v/v")),
    "dumb-init": _Wrapper(flags.table("single-child/c verbose/v")),
    "doas": _Wrapper(flags.table("u/u= n/n")),
    "timeout": _Wrapper(flags.table("signal/s= kill-after/k= foreground preserve-status verbose/v"), skips=1),
    "nice": _Wrapper(flags.table("adjustment/n=")),
    "ionice": _Wrapper(flags.table("class/c= classdata/n= ignore/t")),
    "nohup": _Wrapper(_NONE),
    "setsid": _Wrapper(flags.table("wait/w fork/f ctty/c")),
    "stdbuf": _Wrapper(flags.table("output/o= input/i= error/e=")),
    "time": _Wrapper(flags.table("portability/p verbose/v format/f=")),
    "exec": _Wrapper(_NONE),
    "command": _Wrapper(_NONE),
    "builtin": _Wrapper(_NONE),
    "busybox": _Wrapper(_NONE),
    "watch": _Wrapper(flags.table("interval/n= differences/d no-title/t exec/x beep/b color/c"), floor="endless"),
    "xargs": _Wrapper(
        flags.table(
            "null/0 max-args/n= max-procs/P= replace/I= max-lines/L= delimiter/d= no-run-if-empty/r verbose/t exit/x"
        ),
        floor="inputs",
    ),
    "gosu": _Wrapper(_NONE, skips=1),
    "su-exec": _Wrapper(_NONE, skips=1),
    "chroot": _Wrapper(flags.table("userspec="), skips=1),
    "flock": _Wrapper(flags.table("nonblock/n timeout/w= exclusive/x shared/s unlock/u"), skips=1),
    "nsenter": _Wrapper(
        flags.table("target/t= mount/m uts/u ipc/i net/n pid/p cgroup/C user/U all/a root/r wd/w"), floor="wide"
    ),
    "ssh": _Wrapper(flags.table("p/p= i/i= l/l= o/o= q/q t/t T/T n/n v/v A/A J/J= F/F="), skips=1, floor="remote"),
}
_SHELLS = words("sh bash ash dash zsh ksh fish")
_SHELL_FLAGS = flags.table("c/c e/e u/u x/x l/l i/i v/v f/f o/o= login norc noprofile posix")
_EXEC_FLAGS = flags.table(
    "interactive/i tty/t user/u= env/e= workdir/w= privileged detach/d sync/s timeout= no-TTY/T index= task= job"
)
_CONTAINER_EXECS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("docker", "podman", "nerdctl"), (("exec",), ("container", "exec"), ("compose", "exec"))),
    **dict.fromkeys(("crictl", "docker-compose", "podman-compose", "lxc", "incus"), (("exec",),)),
    "nomad": (("alloc", "exec"), ("exec",)),
}
"""The words behind which a container's name and the command inside it follow."""
_SU_FLAGS = flags.table("command/c= login/l shell/s= preserve-environment/p m/m")
_JOINED = ("remote", "endless")
"""Wrappers that hand their words to a shell, joined by spaces."""
_SHELL_SIGN = re.compile(r"[\s;&|<>()$`\\]")
_INSTALLED = re.compile(r"(?:\./)?s?bin|/(?:usr/|usr/local/|opt/[\w./-]+/|usr/lib/[\w./-]+/)?s?bin")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_UNSAFE_VARIABLES = re.compile(
    r"(?:LD_|DYLD_|PYTHON|PERL|RUBY|NODE_|GIT_|BASH_|KUBE|AWS_)\w*=|(?:PATH|IFS|ENV|PAGER|EDITOR)="
)
_PLAIN_FILE = re.compile(r"[A-Za-z0-9][\w.-]{0,100}\.(?:txt|log|out|sql|ya?ml|json|csv|tsv|xml|gz)")
_SETTERS = words("export declare typeset local readonly")
_FILE_LIMITS = ("/dev/null", "/dev/stdout", "/dev/stderr")
_EXTRA: Mapping[str, Rating] = {
    "inputs": ratings.reads("", refused="xargs takes its arguments from input: write one step for each command."),
    "remote": Rating(Effect.READ, Tier.MEDIUM, ("runs on another host, as whoever the key belongs to",)),
}


@dataclass(frozen=True, slots=True)
class _Context:
    judge: Judge
    depth: int = 0

    def deeper(self) -> "_Context":
        return replace(self, depth=self.depth + 1)


def _no_judge(argv: Sequence[str], depth: int) -> Rating | None:  # noqa: ARG001 - the shape of a Judge
    return None


def rate(argv: Sequence[str], *, judge: Judge = _no_judge, depth: int = 0) -> Rating:
    """Rate one command line. Never raises."""
    return _rate(argv, _Context(judge, depth))


def unwrapped(argv: tokens.Argv) -> tokens.Argv:
    """What a wrapper starts, where that is kubectl; anything else as it is."""
    if argv[0] not in _WRAPPERS and argv[0] != "env":
        return argv
    starts = [at for at, word in enumerate(argv) if word in ("kubectl", "oc")]
    return argv[starts[0] :] if starts else argv


def rate_script(script: tokens.Script, *, judge: Judge = _no_judge) -> Rating:
    """Rate every part of a shell text that can be found, and what its redirections do."""
    return _rate_script(script, _Context(judge))


def _rate(argv: Sequence[str], context: _Context) -> Rating:
    if not argv:
        return ratings.unknown("no command is named")
    if context.depth > MAX_DEPTH:
        return ratings.unknown("commands are nested too deeply to be followed")
    program = _program(argv[0])
    if rated := context.judge(argv, context.depth):
        return rated
    if program in _SHELLS:
        return _rate_shell(argv[1:], context)
    if program == "env":
        return _rate_env(argv[1:], context)
    if program in _WRAPPERS:
        return _rate_wrapper(argv[1:], _WRAPPERS[program], context)
    for verbs in _CONTAINER_EXECS.get(program, ()):
        if tuple(argv[1 : 1 + len(verbs)]) == verbs:
            return _rate_wrapper(argv[1 + len(verbs) :], _Wrapper(_EXEC_FLAGS, skips=1), context)
    if program == "su":
        return _rate_su(argv[1:], context)
    if program in special.RATERS:
        return _rate_special(program, argv[1:], context)
    return _from_table(program, argv[1:])


def _program(path: str) -> str:
    """The program's name when it lies where programs are installed; any other path could hold anything."""
    place, slash, name = path.rpartition("/")
    return name if not slash or _INSTALLED.fullmatch(place) else path


def _from_table(program: str, arguments: Sequence[str]) -> Rating:
    found = grammars.verdicts(program, arguments)
    if program in _SETTERS and any(_UNSAFE_VARIABLES.match(word) for word in arguments):
        return ratings.unknown("a variable changes what the program is or loads")
    if found is None:
        return ratings.unknown(f"what `{program[:60]}` does is not known")
    verdicts = [_widened(verdict, arguments) for verdict in found]
    if found[0] in ("read", "endless", "pager") and special.reads_secrets(grammars.shown(program, arguments)):
        verdicts.append("secrets")
    return ratings.combine(_VERDICTS[verdict] for verdict in verdicts)


_DEPENDED_ON = words(
    """all network networking networkmanager systemd-networkd firewalld iptables sshd ssh kube-apiserver docker
    containerd crio cri-o kube-controller-manager kube-scheduler nfs-server iscsid multipathd keepalived
    pacemaker corosync"""
)


def _widened(verdict: str, arguments: Sequence[str]) -> str:
    """One restarted service is bounded, unless it is named all, by a pattern, among others, or after a data store."""
    if verdict != "restart":
        return verdict
    named = [word.lower().removesuffix(".service") for word in arguments if not word.startswith("-")]
    is_wide = len(named) > _NAMED_ONCE or any(word in _DEPENDED_ON or data_stores.is_named(word) for word in named)
    return "restart-wide" if is_wide or any(set(word) & set("*?") for word in named) else verdict


_NAMED_ONCE = 3
"""Words of a command that restarts one thing, such as `docker compose restart web`."""


def _rate_special(program: str, arguments: Sequence[str], context: _Context) -> Rating:
    """Programs whose arguments are a language of their own; a command that they start is rated in turn."""
    judged = special.RATERS[program](arguments)
    rated = [judged.rating] if judged.rating else []
    rated += [_VERDICTS[verdict] for verdict in judged.verdicts]
    rated += [_multiplied(_rate(inner, context.deeper())) for inner in judged.starts]
    return ratings.combine(rated)


def _rate_wrapper(arguments: Sequence[str], wrapper: _Wrapper, context: _Context) -> Rating:
    reading = flags.read(arguments, wrapper.flags, command_after=wrapper.skips)
    floor = _VERDICTS.get(wrapper.floor) or _EXTRA[wrapper.floor]
    inner = (*reading.words[wrapper.skips :], *(reading.after or ()))
    is_unsafe = False
    while inner and _ASSIGNMENT.match(inner[0]):  # `sudo NAME=value command`
        is_unsafe = is_unsafe or _UNSAFE_VARIABLES.match(inner[0]) is not None
        inner = inner[1:]
    if is_unsafe:
        return ratings.unknown("a variable changes what the program is or loads")
    if reading.has_unknown:
        return ratings.unknown("a wrapper's flag is not known, so what it starts is not clear")
    if not inner:
        return ratings.combine([floor, _VERDICTS["interactive" if wrapper.floor == "remote" else "unknown"]])
    if wrapper.floor in _JOINED and any(_SHELL_SIGN.search(word) for word in inner):
        joined = _rate_text(" ".join(inner), context.deeper())
        return ratings.combine([floor, joined if len(inner) == 1 else ratings.combine([joined, _rate(inner, context)])])
    rated = _rate(inner, context.deeper())
    return ratings.combine([floor, _multiplied(rated) if wrapper.floor == "inputs" else rated])


def _rate_su(arguments: Sequence[str], context: _Context) -> Rating:
    """`su - postgres -c 'command'`; without a command someone would have to type."""
    reading = flags.read(["-l" if word == "-" else word for word in arguments], _SU_FLAGS)
    if reading.has_unknown or len(reading.words) > 1 or reading.after:
        return ratings.unknown("a wrapper's flag is not known, so what it starts is not clear")
    command = reading.value("command")
    return _rate_text(command, context.deeper()) if command else _VERDICTS["interactive"]


def _multiplied(rating: Rating) -> Rating:
    """The same command for as many things as something else names: a bounded change is bounded no longer."""
    if rating.effect is Effect.READ:
        return rating
    return replace(rating, tier=Tier.HIGH, reasons=(*rating.reasons, "repeats it for whatever another command names"))


def _rate_env(arguments: Sequence[str], context: _Context) -> Rating:
    """`env` alone prints every variable; with a command it is a wrapper."""
    reading = flags.read(arguments, flags.table("ignore-environment/i unset/u= null/0 chdir/C="), command_after=0)
    inner = list(reading.after or ())
    unsafe = False
    while inner and _ASSIGNMENT.match(inner[0]):
        unsafe = unsafe or _UNSAFE_VARIABLES.match(inner.pop(0)) is not None
    if not inner:
        return _VERDICTS["secrets"]
    rated = _rate(inner, context.deeper())
    if unsafe or reading.has_unknown:
        return ratings.combine([ratings.unknown("a variable changes what the program is or loads"), rated])
    return rated


def _rate_shell(arguments: Sequence[str], context: _Context) -> Rating:
    reading = flags.read(arguments, _SHELL_FLAGS, command_after=0)
    if reading.has_unknown:
        return ratings.unknown("a flag of the shell is not known")
    script = reading.after or reading.words
    if reading.has("c") and script:
        return _rate_text(script[0], context.deeper())
    if script:
        return ratings.unknown("runs a script that is not shown here")
    return _VERDICTS["interactive"]


def _rate_text(text: str, context: _Context) -> Rating:
    if context.depth > MAX_DEPTH:
        return ratings.unknown("commands are nested too deeply to be followed")
    try:
        return _rate_script(tokens.scan(text), context)
    except errors.Invalid as error:
        return ratings.unknown(error.problem)


def _rate_script(script: tokens.Script, context: _Context) -> Rating:
    rated = [rating for part in script.parts for rating in _rate_pipeline(part, context.deeper())]
    rated += [_rate_text(text, context.deeper()) for text in script.substitutions]
    rated += [_rate_redirection(redirection) for redirection in script.redirections]
    if any(_UNSAFE_VARIABLES.match(assignment) for assignment in script.assignments):
        rated.append(ratings.unknown("a variable changes what the program is or loads"))
    if script.is_broken:
        rated.append(ratings.unknown("a quote or bracket is never closed, so the words are not clear"))
    if not rated and not script.assignments:
        return ratings.unknown("no command is named")
    combined = ratings.combine(rated)
    return _multiplied(combined) if script.has_loop or script.substitutions else combined


def _rate_pipeline(part: tokens.Pipeline, context: _Context) -> list[Rating]:
    return [
        rate_stage(argv, before=part[at - 1] if at else (), judge=context.judge, depth=context.depth)
        for at, argv in enumerate(part)
    ]


def rate_stage(argv: Sequence[str], *, before: Sequence[str], judge: Judge = _no_judge, depth: int = 0) -> Rating:
    """One command of a pipeline; `before` is the one whose output it reads."""
    if verdicts := talking.verdicts(before, argv):
        return ratings.combine(_VERDICTS[verdict] for verdict in verdicts)
    rated = _rate(argv, _Context(judge, depth))
    if before and argv and _program(argv[0]) in _SHELLS and not _starts_text(argv[1:]):
        return ratings.unknown("runs as a program whatever the command before it prints")
    return rated


def _starts_text(arguments: Sequence[str]) -> bool:
    return any(re.fullmatch(r"-[a-z]*c", word) for word in arguments)


def _rate_redirection(redirection: tokens.Redirection) -> Rating:
    writes = ">" in redirection.operator
    target = redirection.target
    if not writes or target in _FILE_LIMITS or (redirection.operator in (">&", "<&") and target.strip("-").isdigit()):
        return ratings.reads("")
    if redirection.operator in (">>", "&>>"):
        return _write(Tier.MEDIUM, "appends to a file")
    if _PLAIN_FILE.fullmatch(target):
        return _write(Tier.MEDIUM, "writes a file in the working directory")
    return _write(Tier.MEDIUM if target.startswith("/tmp/") else Tier.HIGH, "overwrites a file")  # noqa: S108
