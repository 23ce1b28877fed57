"""`kubectl diff`: what an apply of the same files would change, asked of the API server as a dry run.

It only reads, though it needs the right to apply.
"""

from dataclasses import replace

from bot.adapters.kubernetes import preview_objects
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.reads import shown
from bot.core.previews import Outcome, Performed, Preview

_PROMISE = "only reads: the cluster is asked for a dry run of an apply, and nothing is stored"
_DIFFERENT = 1
"""kubectl's exit code when something differs; 0 when nothing does."""


async def preview(asked: Asked) -> Preview:
    found = await preview_objects.change(_as_apply(asked))
    return Preview(promise=_PROMISE, identity=found.identity, problems=found.problems)


async def read(asked: Asked) -> Performed:
    found = await preview_objects.change(_as_apply(asked))
    if found.problems:
        return Performed(Outcome.FAILED, detail=" ".join(found.problems))
    is_different = any(not line.endswith(preview_objects.UNCHANGED) for line in found.change)
    return replace(shown("\n".join(found.change)), exit_code=_DIFFERENT if is_different else 0)


def _as_apply(asked: Asked) -> Asked:
    return replace(asked, operation=replace(asked.operation, kind="kubernetes.apply"))
