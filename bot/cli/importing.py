"""`import`: ordinary Markdown runbooks into level-0 runbooks, with a report of what became of every line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.runbook_files import drafting, importing, loading
from bot.adapters.runbook_files.drafting import Written
from bot.adapters.runbook_files.findings import Unreadable
from bot.adapters.runbook_files.importing import Draft, Kept
from bot.cli import screen
from bot.core.card_words import plural

_TOLD = (Kept.STEP, Kept.SHOWN, Kept.BY_HAND, Kept.SAMPLE)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """`target` is where it was written; None when nothing could be used, or `problem` says why not."""

    source: Path
    target: Path | None
    draft: Draft | None
    problem: str = ""


def run(paths: Sequence[Path], *, into: Path, force: bool, as_json: bool) -> None:
    files = _files(paths)
    if into.exists() and not into.is_dir():
        screen.fail(f"{into} is not a folder")
    names: set[str] = set()
    done = [_one(path, into, names, force=force) for path in files]
    if as_json:
        screen.document([_document(each) for each in done])
    else:
        _show(done)
    screen.finish(found=any(each.target is None for each in done))


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [each for each in sorted(path.rglob("*.md")) if each.is_file() and not each.is_symlink()]
        elif path.is_file():
            found.append(path)
        else:
            screen.fail(f"{path} does not exist")
    if not found:
        screen.fail("there is no Markdown file: name files that end in .md, or folders that hold some")
    return found[: loading.MOST_FILES]


def _one(path: Path, into: Path, names: set[str], *, force: bool) -> Imported:
    try:
        text = loading.read(path, path.parent, shown=str(path)).decode("utf-8-sig")
    except Unreadable as error:
        return Imported(path, None, None, error.finding.message)
    except UnicodeDecodeError:
        return Imported(path, None, None, "is not UTF-8 text: save it as UTF-8")
    draft = importing.draft(text, stem=path.stem)
    draft.name = _free(draft.name, names)
    written = drafting.write(draft, source=path.name)
    problem = _refusal(written, into / f"{draft.name}.yaml", force=force)
    if problem:
        return Imported(path, None, draft, problem)
    into.mkdir(parents=True, exist_ok=True)
    target = into / f"{draft.name}.yaml"
    target.write_text(written.text, "utf-8")
    return Imported(path, target, draft)


def _free(name: str, names: set[str]) -> str:
    """Two files of one title are two runbooks."""
    number, free = 1, name
    while free in names:
        number += 1
        free = f"{name[:58]}-{number}"
    names.add(free)
    return free


def _refusal(written: Written, target: Path, *, force: bool) -> str:
    if not written.text:
        return "nothing in it can be run or shown as a step"
    if written.problems:
        return f"what was made of it would not load: {written.problems[0]}"
    if target.exists() and not force:
        return f"{target} is there already: give --force to replace it"
    return ""


def _document(each: Imported) -> dict[str, object]:
    draft = each.draft
    pieces = draft.pieces if draft else []
    return {
        "source": str(each.source),
        "target": str(each.target) if each.target else None,
        "problem": each.problem,
        "name": draft.name if draft else "",
        "alert_names": draft.alert_names if draft else [],
        "parameters": sorted(draft.parameters) if draft else [],
        "counts": drafting.summary(draft) if draft else {},
        "lines": [{"line": p.line, "kept": str(p.kept), "text": p.text, "why": p.why} for p in pieces],
    }


def _show(done: Sequence[Imported]) -> None:
    for number, each in enumerate(done):
        if number:
            screen.say()
        screen.say(f"{each.source} -> {each.target}" if each.target else f"{each.source}: not imported, {each.problem}")
        if each.draft is not None:
            _show_draft(each.draft)
    written = sum(each.target is not None for each in done)
    screen.say(f"\n{written} of {plural(len(done), 'file')} imported. Read each one before you use it.")


def _show_draft(draft: Draft) -> None:
    rows = [
        (str(piece.line), str(piece.kept), piece.text[:_LONGEST], piece.why[:_LONGEST])
        for piece in draft.pieces
        if piece.kept in _TOLD
    ]
    if rows:
        screen.table(("line", "became", "text", "because"), rows, numbers=("line",))
    counts = drafting.summary(draft)
    told = ", ".join(f"{counts[str(kept)]} {kept}" for kept in Kept if counts[str(kept)])
    alert = ", ".join(draft.alert_names) or "no alert is named: only people can start it"
    screen.say(f"{told or 'nothing'}. For: {alert}. Takes: {', '.join(sorted(draft.parameters)) or 'nothing'}.")
