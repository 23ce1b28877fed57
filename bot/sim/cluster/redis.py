"""A very small redis: the commands that runbooks for connection trouble use.

Pure but for the conditions it is handed. Output follows redis-cli 7, which writes plain values unless on a terminal.
"""

from bot.sim.cluster.conditions import HEALTHY_CLIENTS, MAX_CLIENTS, Conditions

_VALUE_OPTIONS = frozenset({"-h", "-p", "-n", "-a", "-u", "--user", "--pass", "-t"})
_SETTINGS = {
    "maxclients": str(MAX_CLIENTS),
    "maxmemory": "1073741824",
    "maxmemory-policy": "allkeys-lru",
    "timeout": "0",
    "appendonly": "yes",
}


def answer(conditions: Conditions, words: list[str], *, is_tty: bool) -> str:
    """What `redis-cli WORDS` prints, with its newline."""
    command = _without_options(words)
    if not command:
        return "Interactive mode is not simulated\n"
    conditions.redis_commands += 1
    found = _reply(conditions, [command[0].upper(), *command[1:]])
    if isinstance(found, int):
        return f"(integer) {found}\n" if is_tty else f"{found}\n"
    return f"(error) {found}\n" if is_tty and found.startswith("ERR ") else f"{found}\n"


def _without_options(words: list[str]) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        taken = 2 if rest[0] in _VALUE_OPTIONS else 1
        rest = rest[taken:]
    return rest


def _reply(conditions: Conditions, command: list[str]) -> str | int:
    match [command[0], *(word.upper() for word in command[1:])]:
        case ["PING"]:
            return "PONG"
        case ["DBSIZE"]:
            return conditions.redis_keys + conditions.redis_leases
        case ["FLUSHDB" | "FLUSHALL"] | ["FLUSHDB" | "FLUSHALL", "ASYNC" | "SYNC"]:
            conditions.flush_redis()
            return "OK"
        case ["INFO", *sections]:
            return _info(conditions, sections[0].lower() if sections else "")
        case ["CLIENT", "LIST"]:
            return _client_list(conditions)
        case ["CLIENT", "KILL", "TYPE", "NORMAL", *_]:
            # The clients reconnect at once and find their leases still taken.
            return conditions.redis_clients
        case ["CONFIG", "GET", _]:
            key = command[2].lower()
            return f"{key}\n{_SETTINGS[key]}" if key in _SETTINGS else ""
        case _:
            rest = " ".join(f"'{word}'" for word in command[1:])
            return f"ERR unknown command '{command[0]}', with args beginning with: {rest}"


def _info(conditions: Conditions, section: str) -> str:
    keys = conditions.redis_keys + conditions.redis_leases
    sections = {
        "server": ["redis_version:7.2.4", "redis_mode:standalone", "tcp_port:6379"],
        "clients": [
            f"connected_clients:{conditions.redis_clients}",
            f"maxclients:{MAX_CLIENTS}",
            f"blocked_clients:{conditions.redis_clients - HEALTHY_CLIENTS}",
        ],
        "memory": [f"used_memory:{1_048_576 + keys * 512}", "maxmemory_policy:allkeys-lru"],
        "stats": [
            f"total_commands_processed:{conditions.redis_commands}",
            f"rejected_connections:{512 if conditions.is_pool_exhausted else 0}",
        ],
        "replication": ["role:master", "connected_slaves:0"],
        "keyspace": [f"db0:keys={keys},expires=0,avg_ttl=0"] if keys else [],
    }
    chosen = {section: sections[section]} if section in sections else sections
    return "\r\n\r\n".join("\r\n".join([f"# {name.title()}", *rows]) for name, rows in chosen.items())


def _client_list(conditions: Conditions) -> str:
    is_stuck = conditions.is_pool_exhausted
    flags, command = ("b", "blpop") if is_stuck else ("N", "get")
    idle = 600 if is_stuck else 1
    return "\n".join(
        f"id={number} addr=10.244.0.{20 + number % 3}:{40000 + number} name=api-gateway age=900 idle={idle} "
        f"flags={flags} db=0 cmd={command}"
        for number in range(1, conditions.redis_clients + 1)
    )
