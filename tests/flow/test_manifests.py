"""What a manifest says is part of what is approved: another content is another plan."""

from dataclasses import replace

from bot.core import plans
from bot.core.guards import Situation
from bot.core.ids import Digest, StepId
from bot.core.operations import Json, Operation
from bot.core.runbooks import Command, StepSpec
from bot.flow.previewing import Previewer, Setting
from bot.flow.trusting import Trust
from tests import builders as b


async def apply(most: str) -> Operation:
    document: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"MOST": most}}
    step = StepSpec("Apply", Command("kubectl apply -n shop -f manifests/x.yaml"))
    runbook = b.runbook(step, manifests={"manifests/x.yaml": (document,)})
    setting = Setting(runbook, runbook.max_level, {}, Situation(), {})
    return (
        await Previewer({}, frozenset(), trust=Trust(lambda: b.RULES, lambda: b.T0)).step(step, StepId("1"), setting)
    ).operation


async def test_the_content_of_a_manifest_is_bound_by_the_digest() -> None:
    digests = {
        plans.content_digest(replace(b.step(), operation=await apply(most)), Digest("d" * 64))
        for most in ("5", "5", "6")
    }
    assert len(digests) == 2
    assert "refused" not in (await apply("5")).arguments
