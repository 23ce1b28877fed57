"""The official asynchronous client against the simulated cluster, exec over WebSocket included."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import yaml
from kubernetes.aio import client, config, watch
from kubernetes.aio.stream import WsApiClient

from bot.sim.cluster.access import Attributes, Rule
from bot.sim.cluster.server import ClusterSim
from tests.sim.cluster.conftest import Cluster


@asynccontextmanager
async def core(
    cluster: Cluster, account: str = "oncall", *, websocket: bool = False, headers: dict[str, str] | None = None
) -> AsyncIterator[Any]:
    """CoreV1Api as a program with this account's kubeconfig has it. The client has no types."""
    settings = client.Configuration()
    read = yaml.safe_load(cluster.sim.kubeconfig(account))
    await config.load_kube_config_from_dict(read, client_configuration=settings)  # type: ignore[no-untyped-call]
    kind = WsApiClient if websocket else client.ApiClient
    async with kind(settings) as api:
        for name, value in (headers or {}).items():
            api.set_default_header(name, value)
        yield client.CoreV1Api(api)


async def run(cluster: Cluster, pod: str, *command: str, account: str = "oncall") -> tuple[str, str, int]:
    """Standard output, standard error and exit code of an exec."""
    async with core(cluster, account, websocket=True) as api:
        opening = await api.connect_get_namespaced_pod_exec_without_preload_content(
            pod,
            "production",
            command=list(command),
            stdout=True,
            stderr=True,
            stdin=False,
            tty=False,
        )
        streams: dict[int, bytes] = {1: b"", 2: b"", 3: b""}
        async with opening as socket:
            async for message in socket:
                streams[message.data[0]] += message.data[1:]
        code = WsApiClient.parse_error_data(streams[3].decode())  # type: ignore[no-untyped-call]
        return streams[1].decode(), streams[2].decode(), code


async def test_exec_runs_a_program_and_gives_its_output_and_exit_code(cluster: Cluster) -> None:
    (redis,) = await cluster.names("redis-primary")
    assert await run(cluster, redis, "redis-cli", "PING") == ("PONG\n", "", 0)
    assert await run(cluster, redis, "false") == ("", "", 1)


async def test_a_program_that_is_not_in_the_image_is_not_found(cluster: Cluster) -> None:
    (redis,) = await cluster.names("redis-primary")
    _, err, code = await run(cluster, redis, "curl", "localhost")
    assert (code, 'exec: "curl": executable file not found in $PATH' in err) == (127, True)


@pytest.mark.parametrize("shell", ["sh", "bash", "/bin/sh"])
async def test_a_shell_is_refused(cluster: Cluster, shell: str) -> None:
    before = cluster.sim.world.conditions.redis_keys
    (redis,) = await cluster.names("redis-primary")
    _, err, code = await run(cluster, redis, shell, "-c", "redis-cli FLUSHDB")
    assert (err, code) == (f"{shell}: not simulated\n", 126)
    assert cluster.sim.world.conditions.redis_keys == before


@pytest.mark.parametrize("verb", ["get", "create"])
async def test_exec_demands_both_get_and_create(cluster: Cluster, verb: str) -> None:
    cluster.sim.access.add_account("staging", "half", [Rule((verb,), ("",), ("pods/exec",))])
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await run(cluster, "postgres-0", "true", account="half")
    assert refusal.value.status == 403


async def test_exec_as_the_real_1_32_demands_it_needs_only_get() -> None:
    sim = ClusterSim(life_interval_seconds=0, exec_verbs=("get",))
    sim.access.add_account("staging", "half", [Rule(("get",), ("",), ("pods/exec",))])
    headers = {"Authorization": f"Bearer {sim.token('half')}"}
    identity = sim.access.identify(headers, [])
    verdicts = [
        sim.access.decide(identity, Attributes(verb, "", "pods", "exec", "production"))
        for verb in sim.access.exec_verbs
    ]
    assert [verdict.allowed for verdict in verdicts] == [True]


async def test_an_exec_is_recorded_as_a_write_by_whom_the_server_saw(cluster: Cluster) -> None:
    await run(cluster, "postgres-0", "true")
    (seen,) = cluster.sim.writes
    assert (seen.method, seen.path, seen.status) == ("GET", "/api/v1/namespaces/production/pods/postgres-0/exec", 101)
    assert seen.user == "system:serviceaccount:production:oncall"


async def test_the_newest_protocol_is_chosen_and_a_foreign_one_refused(cluster: Cluster) -> None:
    url = f"{cluster.sim.url}/api/v1/namespaces/production/pods/postgres-0/exec?command=true&stdout=1"
    headers = {"Authorization": f"Bearer {cluster.sim.token('oncall')}"}
    offers = ("v5.channel.k8s.io", "v4.channel.k8s.io")
    async with cluster.session.ws_connect(url, headers=headers, protocols=offers) as socket:
        assert socket.protocol == "v5.channel.k8s.io"
        messages = [message.data async for message in socket]
    assert messages[0] == b"\x01"
    assert json.loads(messages[-1][1:]) == {"metadata": {}, "status": "Success"}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await cluster.session.ws_connect(url, headers=headers, protocols=("base64.channel.k8s.io",))
    assert refusal.value.status == 400


async def test_the_client_reads_lists_logs_and_statuses(cluster: Cluster) -> None:
    async with core(cluster) as api:
        found = await api.list_namespaced_pod("production", label_selector="app=worker")
        assert [pod.status.phase for pod in found.items] == ["Running"] * 3
        log = await api.read_namespaced_pod_log("postgres-0", "production", tail_lines=1)
        assert log == 'level=info msg="listening on :8080"\n'
        with pytest.raises(client.ApiException) as refusal:
            await api.list_namespaced_secret("production")
        assert refusal.value.status == 403
        assert json.loads(refusal.value.body or "{}")["reason"] == "Forbidden"


async def test_the_client_deletes_with_a_precondition_and_a_dry_run(cluster: Cluster) -> None:
    async with core(cluster) as api:
        pod = await api.read_namespaced_pod("postgres-0", "production")
        held = client.V1Preconditions(uid=pod.metadata.uid)
        options = client.V1DeleteOptions(preconditions=held)
        await api.delete_namespaced_pod("postgres-0", "production", body=options, dry_run="All")
        assert cluster.sim.writes == []
        await api.delete_namespaced_pod("postgres-0", "production", body=options)
        again = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="other"))
        with pytest.raises(client.ApiException) as refusal:
            await api.delete_namespaced_pod("postgres-0", "production", body=again)
        assert refusal.value.status == 409


async def test_the_client_watches_and_the_watch_ends(cluster: Cluster) -> None:
    async with core(cluster) as api:
        listed = await api.list_namespaced_pod("production")
        await api.delete_namespaced_pod("postgres-0", "production")
        seen: list[tuple[str, str]] = []
        async with watch.Watch() as stream:  # type: ignore[no-untyped-call]
            version = listed.metadata.resource_version
            async for event in stream.stream(
                api.list_namespaced_pod, "production", resource_version=version, timeout_seconds=0
            ):
                seen.append((event["type"], event["object"].metadata.name))
        assert seen == [("MODIFIED", "postgres-0")]


async def test_default_impersonation_headers_reach_a_websocket_exec_of_the_async_client(cluster: Cluster) -> None:
    """The synchronous client drops them; what the server saw is the fact that counts."""
    headers = {"Impersonate-User": "alice", "Impersonate-Group": "oncall"}
    async with core(cluster, "bot", websocket=True, headers=headers) as api:
        await api.connect_get_namespaced_pod_exec("postgres-0", "production", command=["true"], stdout=True)
    (seen,) = cluster.sim.writes
    assert (seen.user, seen.authenticated_as) == ("alice", "system:serviceaccount:chatops:bot")
