"""Names of things. Only the shapes; who makes them is the Clock's and the Store's business."""

from typing import NewType

IncidentId = NewType("IncidentId", str)
"""`INC-42`: what people read out on the phone, and the key in the store."""

StepId = NewType("StepId", str)
"""`1`, `2` for the runbook's steps in order; `1-undo` for the undo of step 1."""

ApprovalId = NewType("ApprovalId", str)
"""Opaque and unguessable: the only thing that a button carries."""

RunbookName = NewType("RunbookName", str)
UserId = NewType("UserId", str)
GroupId = NewType("GroupId", str)
InboxId = NewType("InboxId", int)
Digest = NewType("Digest", str)
"""Lower-case hexadecimal BLAKE2b-256; the first six characters are shown to people."""


def incident_id(number: int) -> IncidentId:
    return IncidentId(f"INC-{number}")


def incident_number(incident: IncidentId) -> int:
    return int(incident.removeprefix("INC-"))
