"""Looks names up and lets a connection be made only to addresses that were judged: what was checked is what is dialled.

aiohttp asks this resolver at connect time and dials its answer, so a name that changes between check and call
(DNS rebinding) has no gap to use.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

from bot.adapters.http_calls import addresses

LookUp: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port -> numeric addresses, best first; OSError when there are none."""


class NotAllowed(OSError):
    """The name has an address that it may not have. The message is a sentence for people."""


async def look_up(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def judged(host: str, port: int, ask: LookUp) -> list[addresses.Address]:
    """All addresses of a host; NotAllowed when any of them may not be reached."""
    own = addresses.literal(host)
    texts = [str(own)] if own is not None else await ask(host, port)
    found = [ipaddress.ip_address(text.partition("%")[0]) for text in texts]
    if not found:
        raise OSError(f"{host} has no address")
    for address in found:
        problem = addresses.problem_of_address(host, address)
        if problem:
            raise NotAllowed(problem)
    return found


class Judging(AbstractResolver):
    """`expected` is the class of address of the preview (`public`, `private`, `loopback`)."""

    def __init__(self, ask: LookUp, *, expected: str) -> None:
        self._ask = ask
        self._expected = expected

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await judged(host, port, self._ask)
        for address in found:
            if addresses.classify(address) != self._expected:
                raise NotAllowed(f"{host} now resolves to {address}; it was a {self._expected} address at the dry run.")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
            if family in (socket.AF_UNSPEC, socket.AF_INET if address.version == 4 else socket.AF_INET6)
        ]

    async def close(self) -> None:
        return None
