"""What the cards of a step have in common: its command, its facts, who pressed what.

The question is `card_asking`'s, the rest of a step's life `card_step`'s.
"""

from bot.core import card_limits, card_words, checks
from bot.core.approvals import Approval, Vote
from bot.core.card_words import joined
from bot.core.cards import Button, Code, Fact, Heading, Moment, Note, Words
from bot.core.incidents import Incident, Step
from bot.core.operations import Effect
from bot.core.runbooks import Expectation, OnFailure

COMMAND_CHARACTERS = 900
COMMAND_WIDTH = 72
"""Longer commands are broken at arguments; a phone wraps what is still too wide."""

LINE_CHARACTERS = 160
CHANGES_SHOWN = 3


def command(which: Step) -> tuple[Code, bool]:
    """The exact command, wrapped at its arguments, and whether it had to be cut."""
    text = card_words.wrap(which.plan.operation.text, COMMAND_WIDTH)
    kept, is_cut = card_words.excerpt(text, lines=12, characters=COMMAND_CHARACTERS)
    return Code(kept), is_cut


def facts(incident: Incident, which: Step) -> tuple[Fact, ...]:
    """On, Will, Undo, Limit, Then, Dry run: in this order on every card, and only what there is to say."""
    plan = which.plan
    found: list[tuple[str, Words]] = [
        ("On", _on(which)),
        ("Will", joined([_will(which), ("cannot be undone" if _is_final(which) else "",)])),
        ("Undo", (which.undo,)),
        ("Limit", (card_limits.line(incident, which),)),
        ("Then", (_then(incident, which),)),
        ("Dry run", (plan.preview.promise,)),
    ]
    return tuple(Fact(label, _short(words)) for label, words in found if words and words != ("",))


def _short(words: Words) -> Words:
    """Long words cut; short ones keep their blanks, which stand between the parts."""
    most = LINE_CHARACTERS * 2
    return tuple(card_words.cut(word, most) if isinstance(word, str) and len(word) > most else word for word in words)


def _on(which: Step) -> Words:
    identity = which.plan.preview.identity
    namespaces = sorted({target.namespace for target in which.plan.preview.targets if target.namespace})
    where = f"in {', '.join(namespaces)}" if namespaces else ""
    parts = [card_words.targets(which), where, f"as {identity}" if identity else ""]
    return (", ".join(part for part in parts if part),)


def _will(which: Step) -> Words:
    """The effect, said once: as the dry run foresees it where it foresees something, else what the operation is for.

    A dry run that counted nothing and names no before -> after (exec, a program) only repeats the command.
    """
    preview, summary = which.plan.preview, which.plan.judgement.summary
    foresees = any(preview.counters.values()) or any("->" in line for line in preview.change)
    if preview.change and foresees:
        return (card_words.DOT.join(preview.change[:CHANGES_SHOWN]),)
    return card_words.quoted(f"{summary[:1].lower()}{summary[1:]}") if summary else ()


def _is_final(which: Step) -> bool:
    judgement = which.plan.judgement
    return judgement.effect is not Effect.READ and not judgement.is_reversible and not which.undo


def _then(incident: Incident, which: Step) -> str:
    plan = which.plan
    parts = [f"expects {_expected(plan.expect)}"]
    if plan.verify is not None:
        parts.append(
            f"verifies for up to {card_words.duration(plan.verify.within)} that {plan.verify.operation.text}"
            f" gives {checks.describe(plan.verify.expect)}"
        )
    onward_to = following(incident, which)
    onward = f"goes on to step {onward_to.plan.id}" if onward_to else "goes on"
    undo = "undoes it" if which.undo else "escalates"
    after = {OnFailure.CONTINUE: onward, OnFailure.ESCALATE: "escalates", OnFailure.UNDO: undo}
    return "; ".join([*parts, f"on failure {after[plan.on_failure]}"])


def _expected(expect: Expectation) -> str:
    words = checks.describe(expect)
    if words.startswith('equals "'):
        return words.removeprefix("equals ")
    return f"output that {words}" if words.startswith(("contains ", "matches ")) else words


def following(incident: Incident, which: Step) -> Step | None:
    ids = [each.plan.id for each in incident.steps]
    later = incident.steps[ids.index(which.plan.id) + 1 :]
    return later[0] if later else None


def heading(incident: Incident, which: Step, tag: str) -> Heading:
    name = card_words.cut(which.plan.name, LINE_CHARACTERS)
    return Heading(f"{card_words.position(incident, which.plan.id)}  {name}", tag)


def risk(which: Step) -> str:
    return f"{which.plan.tier} risk"


def fallback(incident: Incident, which: Step, words: str) -> str:
    title = f"{card_words.position(incident, which.plan.id)}, {card_words.cut(which.plan.name, LINE_CHARACTERS)}"
    return f"{incident.id} {title}: {words}"


def details_button(incident: Incident, which: Step) -> Button:
    return Button("step.details", "Details", f"{incident.id}:{which.plan.id}")


def cut_note(*, is_cut: bool) -> tuple[Note, ...]:
    return (Note(("The command is cut here: open Details for all of it.",)),) if is_cut else ()


def votes(asked: Approval) -> Words:
    """Who pressed what, and when, with the reason where one was given."""
    rejected = asked.rejection
    return ("Rejected by ", *cast((rejected,))) if rejected else ("Approved by ", *cast(asked.yes))


def cast(counted: tuple[Vote, ...]) -> Words:
    def one(vote: Vote) -> Words:
        reason = f' ("{card_words.cut(vote.reason, LINE_CHARACTERS)}")' if vote.reason else ""
        return (*card_words.people([vote.voter]), f"{reason} ", Moment(vote.at, exact=True))

    return joined(map(one, counted), ", ")
