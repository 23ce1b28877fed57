"""One command in a container, over the WebSocket channel protocol: 1 standard output, 2 standard error, 3 how it ended.

https://kubernetes.io/docs/reference/using-api/websockets/ (v4 and v5.channel.k8s.io). Output is bounded;
an ending that was not heard is told as such, never guessed.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.adapters.kubernetes import troubles
from bot.adapters.kubernetes.client import BrokenOff, Obj, translated
from bot.adapters.kubernetes.cluster import Cluster, Object, at
from bot.adapters.kubernetes.troubles import Ending, Trouble
from bot.core import inert
from bot.core.previews import Outcome, Performed

READ_BYTES = 1024 * 1024
"""A command that prints more is left alone: nobody reads it, and memory is bounded."""

KEPT_BYTES = 64 * 1024
"""What is kept of that and shown: the beginning."""

_OUT, _ERR, _END = 1, 2, 3
_NOT_STARTED = ("executable file not found", "no such file or directory", "permission denied", "container not found")
"""The container runtime's words for a command that never began."""


@dataclass(slots=True)
class Transcript:
    """What was heard. `end` is the Status of channel 3; `trouble` says why there is none."""

    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    total: int = 0
    end: Obj | None = None
    trouble: Trouble | None = None

    def hear(self, message: bytes) -> None:
        channel, data = message[:1], message[1:]
        if channel == bytes([_END]):
            self.end = _status(data)
        elif channel in (bytes([_OUT]), bytes([_ERR])):
            kept = self.out if channel == bytes([_OUT]) else self.err
            self.total += len(data)
            kept += data[: KEPT_BYTES - len(kept)]


async def run(cluster: Cluster, pod: Object, container: str, command: Sequence[str]) -> Transcript:
    """Run `command` as argv, without standard input or a terminal. Trouble when it was not begun."""
    query = [("command", word) for word in command]
    query += [("container", container), ("stdout", "true"), ("stderr", "true")]
    path = Object(pod.resource, pod.namespace, pod.name, "exec").path
    seconds = cluster.left()
    if seconds <= 0:
        raise Trouble(Ending.NOT_SENT, "no time was left to begin")
    socket = await cluster.connection.open_socket(path, query, timeout=seconds)
    heard = Transcript()
    try:
        async with asyncio.timeout(max(0.01, cluster.left())):
            await _listen(socket, heard)
    except (TimeoutError, aiohttp.ClientError, BrokenOff, OSError) as error:
        heard.trouble = translated(error, seconds=seconds, may_have_changed=True)
    finally:
        await socket.close()
    if heard.end is None and heard.trouble is None:
        heard.trouble = _unheard("the connection closed before the command's ending was heard")
    return heard


async def _listen(socket: Any, heard: Transcript) -> None:  # Any: the untyped client hands the socket on
    async for message in socket:
        if message.type is aiohttp.WSMsgType.ERROR:
            break
        heard.hear(message.data.encode() if isinstance(message.data, str) else message.data)
        if heard.end is not None:
            return
        if heard.total > READ_BYTES:
            heard.trouble = _unheard(f"it printed more than {READ_BYTES // 1024} KiB and was no longer listened to")
            return


def _unheard(said: str) -> Trouble:
    return Trouble(Ending.LOST, said, may_have_changed=True)


def _status(data: bytes) -> Obj:
    try:
        told = json.loads(data)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"status": "Failure", "message": data.decode(errors="replace")}


def exit_code(end: Obj) -> int | None:
    """0 for success, the code of an ending by exit; None when the command's ending is not told."""
    if end.get("status") == "Success":
        return 0
    for cause in at(end, "details.causes", []):
        if cause.get("reason") == "ExitCode" and str(cause.get("message", "")).isdigit():
            return int(cause["message"])
    return None


def performed(heard: Transcript, *, is_write: bool) -> Performed:
    """Standard error is shown when the command failed or printed nothing else."""
    if heard.trouble is not None:
        heard.trouble.may_have_changed = is_write
        return _with_output(heard, troubles.performed(heard.trouble))
    end = heard.end or {}
    code = exit_code(end)
    if code is None:
        return _with_output(heard, _untold(str(end.get("message", "")), is_write=is_write))
    if code == 0:
        return _with_output(heard, Performed(Outcome.SUCCEEDED, exit_code=0))
    return _with_output(heard, Performed(Outcome.FAILED, detail=f"Exit code {code}.", exit_code=code))


def _untold(said: str, *, is_write: bool) -> Performed:
    if any(words in said.lower() for words in _NOT_STARTED):
        return Performed(Outcome.FAILED, detail=f"The command did not start: {said}")
    ending = f"the command's ending is not known ({said})"
    return troubles.performed(Trouble(Ending.LOST, ending, may_have_changed=is_write))


def _with_output(heard: Transcript, done: Performed) -> Performed:
    shows_errors = done.outcome is not Outcome.SUCCEEDED or not heard.out
    parts = [heard.out, heard.err if shows_errors else b""]
    text = "\n".join(part.decode("utf-8", errors="replace").rstrip("\n") for part in parts if part)
    return Performed(
        done.outcome,
        output=inert.inert(text[:KEPT_BYTES], KEPT_BYTES),
        detail=done.detail,
        exit_code=done.exit_code,
        status=done.status,
        is_truncated=heard.total > len(heard.out) + len(heard.err),
        is_repeatable=done.is_repeatable,
    )
