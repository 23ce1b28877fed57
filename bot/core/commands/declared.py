"""What a declaration of a local program may say: one whole command line, no shell, no less than known.

Pure judgement over what the operators wrote; the file that holds it is an adapter's business.
"""

from dataclasses import dataclass, replace

from bot.core import errors, risk
from bot.core.commands import placeholders, programs, tokens
from bot.core.commands.wordlists import words
from bot.core.operations import Effect, Replay, Tier, highest
from bot.core.runbooks import AllowedProgram

_STARTERS = words(
    "sh bash ash dash zsh ksh fish env sudo su doas xargs nohup timeout nice setsid watch ssh eval exec source command "
    "parallel busybox stdbuf ionice chroot unshare nsenter"
)
"""Programs that start what they are given: their argument would be a command that no declaration names."""

_BUILT_IN = words("kubectl oc curl echo")
"""They have a grammar of their own here, which knows more than a declaration could say."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`key` is the declaration's key that is at fault."""

    key: str
    message: str
    remedy: str


def template(text: str) -> tuple[str, ...]:
    """The words of a declared command line. Raise Invalid for shell syntax, pipes and an empty line."""
    pipeline = tokens.pipeline(text)
    if len(pipeline) != 1:
        raise errors.Invalid("a declaration is one program", remedy="leave the pipe out; a step may add filters")
    return pipeline[0]


def faults(program: AllowedProgram) -> list[Fault]:
    """Empty for a declaration that may be used."""
    name = program.template[0]
    if placeholders.PLACEHOLDER.search(name) or "/" in name or name.startswith("."):
        message = f"{name!r} is not the plain name of a program"
        return [Fault("run", message, "write the name alone: it is looked up on a fixed path")]
    if name in _STARTERS:
        message = f"{name} starts whatever it is given"
        return [Fault("run", message, "put the command into a script of its own and declare that")]
    if name in _BUILT_IN or name in programs.FILTERS:
        return [Fault("run", f"{name} is understood without a declaration", "write it as a step, or as a filter")]
    return [*_placeholder_faults(program), *_risk_faults(program)]


def _placeholder_faults(program: AllowedProgram) -> list[Fault]:
    used = {match[1] for word in program.template for match in placeholders.PLACEHOLDER.finditer(word)}
    missing = [
        Fault("parameters", f"{{{name}}} has no pattern", f"add {name}: {{pattern: ...}} below parameters")
        for name in sorted(used - set(program.parameters))
    ]
    unused = [
        Fault(f"parameters.{name}", "this parameter is not used", f"write {{{name}}} in run:, or remove it")
        for name in sorted(set(program.parameters) - used)
    ]
    return [*missing, *unused]


def _risk_faults(program: AllowedProgram) -> list[Fault]:
    if program.effect is not Effect.READ and program.risk is Tier.LOW:
        return [Fault("risk", "what changes something is never low", "write medium or high")]
    if program.effect is not Effect.READ and program.replay is Replay.READ:
        return [Fault("replay", "what changes something is no read", "write once or idempotent")]
    known = risk.rate_argv(tuple(placeholders.PLACEHOLDER.sub("x", word) for word in program.template))
    if known.effect is Effect.WRITE and program.effect is Effect.READ:
        return [
            Fault("effect", f"this command is known to change something: {known.reasons[0]}", "write effect: write")
        ]
    if known.effect is Effect.WRITE and highest(program.risk, known.tier) is not program.risk:
        return [
            Fault("risk", f"this command is known as {known.tier}: {known.reasons[0]}", f"write risk: {known.tier}")
        ]
    return []


def settled(program: AllowedProgram) -> AllowedProgram:
    """A read may be run again; what writes says so itself, or is run once."""
    return replace(program, replay=Replay.READ) if program.effect is Effect.READ else program
