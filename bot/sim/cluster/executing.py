"""pods/exec over WebSocket: the channel protocols v4 and v5.

Channels: 0 stdin, 1 stdout, 2 stderr, 3 the final Status, 4 terminal size; v5 adds 255 to close one.
https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets
"""

from aiohttp import web

from bot.sim.cluster import logreading, objects, programs, requests, statuses
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.world import World

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDOUT, STDERR, ERROR = 1, 2, 3


def prepare(world: World, pod: Obj, request: web.Request) -> programs.Call:
    """Check what can be checked before the upgrade. Raises the StatusError that the client then sees as HTTP."""
    query = request.query
    name = objects.name_of(pod)
    container = logreading.choose_container(pod, query.get("container", ""))
    argv = tuple(query.getall("command", []))
    if not argv:
        raise statuses.bad_request("you must specify at least 1 command for the container")
    if not any(requests.is_true(query, stream) for stream in ("stdin", "stdout", "stderr")):
        raise statuses.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    if not pod["spec"].get("nodeName"):
        raise statuses.bad_request(f"pod {name} does not have a host assigned")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise statuses.bad_request("Upgrade request required")
    offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if not set(offered) & set(PROTOCOLS):
        accepts = " ".join(PROTOCOLS)
        why = f"unable to upgrade: client supports [{' '.join(offered)}], server accepts [{accepts}]"
        raise statuses.bad_request(why)
    status = logreading.container_status(pod, container)
    if status is None or "running" not in status["state"]:
        raise statuses.internal(f'unable to upgrade connection: container not found ("{container}")')
    chosen = next(one for one in pod["spec"]["containers"] if one["name"] == container)
    return programs.Call(world, pod, chosen, argv, is_tty=requests.is_true(query, "tty"))


async def serve(call: programs.Call, request: web.Request) -> web.WebSocketResponse:
    """Upgrade, run the program, send its output and its exit code, close."""
    socket = web.WebSocketResponse(protocols=PROTOCOLS)
    await socket.prepare(request)
    has_out, has_err = (requests.is_true(request.query, name) for name in ("stdout", "stderr"))
    # One empty message tells the client that the streams are up (createWebSocketStreams in the kubelet).
    await socket.send_bytes(bytes([STDOUT if has_out else STDERR if has_err else ERROR]))
    result = programs.run(call)
    out, err = result.out, result.err
    if call.is_tty:
        out, err = (out + err).replace("\r\n", "\n").replace("\n", "\r\n"), ""
    if out and has_out:
        await socket.send_bytes(bytes([STDOUT]) + out.encode())
    if err and has_err:
        await socket.send_bytes(bytes([STDERR]) + err.encode())
    await socket.send_bytes(bytes([ERROR]) + objects.compact(exit_status(result.code)).encode())
    await socket.close()
    return socket


def exit_status(code: int) -> Obj:
    """The Status on channel 3 (pkg/kubelet/cri/streaming/remotecommand/exec.go)."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
