"""The executor for what the bot does itself: a checkpoint asks a person, a pause lets time pass.

Neither touches anything. A checkpoint is done once its approval was claimed; how long a pause lasts is decided where
every wait is.
"""

from datetime import timedelta

from bot.core import registry
from bot.core.commands.parsing import CHECKPOINT
from bot.core.operations import Operation
from bot.core.previews import Outcome, Performed, Preview


class OwnSteps:
    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:  # noqa: ARG002 nothing is asked
        return Preview(promise=registry.find(operation.kind).promise)

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:  # noqa: ARG002 the port has them
        said = "a person said that it may go on" if operation.kind == CHECKPOINT else ""
        return Performed(Outcome.SUCCEEDED, detail=said)
