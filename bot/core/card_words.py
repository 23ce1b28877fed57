"""The small words that all cards share, so that one thing is said in one way: times, counts, people, cut text."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from bot.core import waves
from bot.core.cards import Mention, Mono, Words
from bot.core.durations import duration as duration  # cards read it here, with the rest of their words
from bot.core.ids import StepId
from bot.core.incidents import Incident, Step
from bot.core.runbooks import ApproverRule

DOT = " · "
_ARGUMENT = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+""")
_NAMED = re.compile(r"<@([A-Z0-9]{2,21})>")


def joined(parts: Iterable[Words], separator: str = DOT) -> Words:
    """The parts that say something, with a separator between them."""
    words: Words = ()
    for part in parts:
        if part and part != ("",):
            words = (*words, separator, *part) if words else part
    return words


def people(ids: Iterable[str]) -> Words:
    return joined(((Mention(each),) for each in ids), ", ")


def span(length: timedelta | None) -> str:
    """A median, or that there is nothing to take one of."""
    return "-" if length is None else duration(length)


def rule(who: ApproverRule) -> Words:
    """Who may approve: groups first, then people, both sorted."""
    quorum: Words = (f"{who.quorum} of ",) if who.quorum > 1 else ()
    not_requester: Words = (" (not the requester)",) if who.not_requester else ()
    return (*quorum, *people([*sorted(who.groups), *sorted(who.users)]), *not_requester)


def said(text: str, known: frozenset[str]) -> Words:
    """One of our own sentences: `<@ID>` in it names a person. Only ids of `known` become mentions.

    Such sentences quote output and alerts, and those may forge `<@ID>` or worse: an id that is not on the incident's
    own record stays plain text.
    """
    words: list[str | Mention] = []
    position = 0
    for found in _NAMED.finditer(text):
        name = found[1]
        words += [text[position : found.start()], Mention(name) if name in known else f"@{name}"]
        position = found.end()
    return tuple(word for word in (*words, text[position:]) if word)


def plain(text: str) -> str:
    """The same sentence where nothing can be mentioned: a page, a terminal."""
    return _NAMED.sub(r"@\1", text)


def unnamed(text: str) -> str:
    """The same sentence for a push notification, which could show only the bare id of whom it names."""
    return _NAMED.sub("somebody", re.sub(rf"^{_NAMED.pattern}: ", "", text))


def quoted(text: str) -> Words:
    """One of our own phrases, in which `backticks` stand around what is quoted exactly."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return (text,)
    words: list[str | Mono] = [Mono(piece) if at % 2 else piece for at, piece in enumerate(pieces)]
    return tuple(word for word in words if word not in ("", Mono("")))


def leading(text: str) -> frozenset[str]:
    """The id that a sentence of ours begins with: the person who acted, put there by us and not by what is quoted."""
    found = _NAMED.match(text)
    return frozenset({found[1]}) if found else frozenset()


def involved(incident: Incident) -> frozenset[str]:
    """Everybody whom the incident's own record names."""
    asked = [each.approval for each in incident.closed_approvals]
    asked += [incident.approval] if incident.approval else []
    ids = {vote.voter for approval in asked for vote in approval.votes}
    ids |= {voter for approval in asked for voter in approval.rule.users}
    ids |= {vote.voter for step in incident.steps for vote in step.approved_by}
    ids |= {each for each in (incident.glass.asked_by, incident.glass.broken_by) if each} if incident.glass else set()
    ids |= {incident.promotion.by} if incident.promotion and incident.promotion.by else set()
    ids |= {each for each in (incident.requester, incident.chosen_by, incident.taken_by) if each}
    return frozenset(ids)


def taken(incident: Incident) -> Words:
    """Who has it: a person in Slack by id, or whoever said so elsewhere by name. Only for one that is taken."""
    return people([incident.taken_by]) if incident.taken_by else (incident.taken_elsewhere,)


def clock(at: datetime) -> str:
    """For texts that no reader's time zone can be applied to."""
    return at.astimezone(UTC).strftime("%H:%M UTC")


def plural(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    ending = "es" if noun.endswith(("s", "x", "ch", "sh")) else "s"
    noun = f"{noun[:-1]}ies" if re.search(r"[^aeiou]y$", noun) else f"{noun}{ending}"
    return f"{count} {noun}"


def one_line(text: str) -> str:
    """Several lines as one, with a mark where each of them ended."""
    return DOT.join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def cut(text: str, most: int) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def excerpt(text: str, *, lines: int, characters: int) -> tuple[str, bool]:
    """The beginning of a text, and whether something was left out."""
    kept = "\n".join(text.split("\n")[:lines])
    kept = kept if len(kept) <= characters else kept[:characters]
    return (kept, False) if kept == text else (kept.rstrip() + " …", True)


def wrap(command: str, width: int) -> str:
    """A long command broken before arguments, the way a shell would take it: with a backslash at the line's end.

    Only at blanks outside quotes, so that what is copied is what was shown; whole where that cannot be told.
    """
    words = [found[0] for found in _ARGUMENT.finditer(command)]
    if len(command) <= width or "\n" in command or " ".join(words) != command:
        return command
    rows: list[str] = []
    for word in words:
        if rows and (not rows[-1].strip() or len(rows[-1]) + 1 + len(word) <= width):
            rows[-1] += f" {word}"
        else:
            rows.append(f"  {word}" if rows else word)
    return " \\\n".join(rows)


def position(incident: Incident, step: StepId) -> str:
    """`Step 1/2`, or `Undo of step 1`; both waves of a step stand at its place."""
    number = waves.position_of(step) + 1
    if waves.undone(step) is not None:
        return f"Undo of step {number}"
    total = len({waves.position_of(each.plan.id) for each in incident.steps})
    return f"Step {number}/{total}"


def targets(step: Step, *, shown: int = 3) -> str:
    """`pod redis-0 (container redis)`, `3 pods: a, b, c`; empty when nothing was resolved."""
    found = step.plan.preview.targets
    if not found:
        return ""
    kinds = sorted({target.kind for target in found})
    names = [target.name + (f" ({target.note})" if target.note else "") for target in found]
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    listed = ", ".join(names[:shown]) + more
    if len(found) == 1:
        return f"{kinds[0]} {listed}"
    if len(kinds) == 1:
        return f"{plural(len(found), kinds[0])}: {listed}"
    mixed = ", ".join(f"{target.kind} {name}" for target, name in zip(found[:shown], names, strict=False))
    return mixed + more


def counts(step: Step) -> str:
    """`3 pods`, `api`: the targets in the fewest characters, for a notification."""
    found = step.plan.preview.targets
    kinds = {target.kind for target in found}
    if len(found) > 1:
        return plural(len(found), kinds.pop()) if len(kinds) == 1 else plural(len(found), "object")
    return found[0].name if found else ""


def sentence(text: str) -> str:
    """With a full stop, unless it ends in one already."""
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def listing(items: Sequence[str], *, most: int) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
