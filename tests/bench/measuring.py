"""The measurements: one alert a second, a burst, a steady flood, clicks. Times are in milliseconds, rates per second.

A time runs from the moment at which the call's bytes are written to the moment at which the sink has the whole post.
"""

import asyncio
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench import sending, subjects
from tests.bench.sending import Line
from tests.bench.sink import PEOPLE, Sink
from tests.bench.subjects import Subject

WARM_UPS = 5
LINES = 32
PER_CALL = 50
PATIENCE_SECONDS = 20.0
SETTLE_SECONDS = 1.5


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(slots=True)
class Figures:
    """What one subject showed; nothing was measured where a field is None."""

    start_seconds: float = 0.0
    single_ms: list[float] = field(default_factory=list)
    burst_p50_ms: float | None = None
    burst_p99_ms: float | None = None
    burst_max_ms: float | None = None
    lost: int = 0
    accepted: float | None = None
    posted: float | None = None
    click_ms: list[float] = field(default_factory=list)
    idle_mib: float | None = None
    burst_mib: float | None = None

    @property
    def single_p50_ms(self) -> float:
        return statistics.median(self.single_ms)


async def one_alert(subject: Subject, sink: Sink, *, name: str = "") -> float:
    """Milliseconds until its first post."""
    line = await Line.open(subject.port, subject.path)
    (alert,) = sending.new_alerts(1, name=name)
    sent, _ = await line.send(subject.write([alert]))
    posted = await sink.first_post(sending.mark_of(alert), seconds=PATIENCE_SECONDS)
    line.close()
    return (posted - sent) * 1_000


async def trickle(pairs: Sequence[tuple[Subject, Figures]], sink: Sink, *, seconds: int, name: str = "") -> None:
    """One alert a second to each, in turns, so that all see the same machine."""
    pause = 1 / len(pairs)
    for second in range(-WARM_UPS, seconds):
        for subject, figures in pairs:
            took, _ = await asyncio.gather(one_alert(subject, sink, name=name), asyncio.sleep(pause))
            if second >= 0:
                figures.single_ms.append(took)


async def burst(subject: Subject, figures: Figures, sink: Sink, *, alerts: int, rounds: int, name: str = "") -> None:
    """All at once, in calls of 50 on a connection each. The median of the rounds' quantiles, and all that is lost."""
    seen: list[list[float]] = []
    for _ in range(rounds):
        sink.forget()
        subject.watch_memory()
        groups = [sending.new_alerts(PER_CALL, name=name) for _ in range(alerts // PER_CALL)]
        bodies = [subject.write(group) for group in groups]
        lines = [await Line.open(subject.port, subject.path) for _ in groups]
        answers = await asyncio.gather(*(line.send(body) for line, body in zip(lines, bodies, strict=True)))
        await sink.wait_for(alerts, seconds=PATIENCE_SECONDS)
        took = [
            (sink.posted[mark] - sent) * 1_000
            for group, (sent, _) in zip(groups, answers, strict=True)
            for mark in map(sending.mark_of, group)
            if mark in sink.posted
        ]
        figures.lost += alerts - len(took)
        figures.burst_mib = max(figures.burst_mib or 0.0, subject.memory("VmHWM"))
        seen.append(took)
        for line in lines:
            line.close()
        await asyncio.sleep(SETTLE_SECONDS)
    figures.burst_p50_ms = statistics.median(quantile(took, 0.5) for took in seen)
    figures.burst_p99_ms = statistics.median(quantile(took, 0.99) for took in seen)
    figures.burst_max_ms = max(max(took) for took in seen)


async def flood(subject: Subject, figures: Figures, sink: Sink, *, alerts: int) -> None:
    """One alert a call, the next call of a connection as soon as the last one was answered; until all are posted."""
    sink.forget()
    bodies = iter([subject.write([alert]) for alert in sending.new_alerts(alerts)])
    lines = [await Line.open(subject.port, subject.path) for _ in range(LINES)]

    async def work(line: Line) -> list[tuple[float, float]]:
        return [await line.send(body) for body in bodies]

    calls = [call for made in await asyncio.gather(*map(work, lines)) for call in made]
    await sink.wait_for(alerts, seconds=PATIENCE_SECONDS)
    began = min(sent for sent, _ in calls)
    figures.lost += alerts - len(sink.posted)
    figures.accepted = alerts / (max(answered for _, answered in calls) - began)
    figures.posted = len(sink.posted) / (max(sink.posted.values()) - began)
    for line in lines:
        line.close()
    await asyncio.sleep(SETTLE_SECONDS)


async def clicks(figures: Figures, sink: Sink, *, count: int) -> None:
    """`Take it` on that many incidents, one after another: each is authorised and stored before its ack."""
    incidents = list(sink.incidents.values())[: count + WARM_UPS]
    for number, incident in enumerate(incidents):
        took = await sink.click("incident.take", incident, PEOPLE[0])
        if number >= WARM_UPS:
            figures.click_ms.append(took * 1_000)
    await asyncio.sleep(SETTLE_SECONDS)


async def idle(subject: Subject, figures: Figures) -> None:
    await asyncio.sleep(SETTLE_SECONDS)
    figures.idle_mib = subject.memory("VmRSS")
    figures.start_seconds = subject.started_in


def keep_to_own_core() -> None:
    """This process is the world: it leaves the first core to what is measured."""
    os.sched_setaffinity(0, subjects.cores()[1])
