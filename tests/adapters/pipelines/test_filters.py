"""The stages behind `|`: text in, text out, bounded, and nothing but the text to see."""

import asyncio
import time
from datetime import timedelta

import pytest

from bot.adapters.pipelines.filters import Filters
from bot.adapters.programs import running
from bot.core.operations import Stage
from bot.core.previews import Outcome, Performed

SOON = timedelta(seconds=10)
DOCUMENT = '{"status":"ok","redis":"connected","pods":[{"name":"a","n":2},{"name":"b","n":1}]}'


async def apply(text: str, *stages: tuple[str, ...], timeout: timedelta = SOON) -> Performed:
    return await Filters(running.run).apply(tuple(Stage(argv) for argv in stages), text, timeout=timeout)


@pytest.mark.parametrize(
    ("stage", "wanted"),
    [
        (("jq", ".redis"), '"connected"'),
        (("jq", "-r", ".redis"), "connected"),
        (("jq", "-r", ".pods[].name"), "a\nb"),
        (("jq", "-c", ".pods[0]"), '{"name":"a","n":2}'),
        (("jq", "-cS", ".pods[0]"), '{"n":2,"name":"a"}'),
        (("jq", "--compact-output", "[.pods[].n]"), "[2,1]"),
        (("jq", "-s", "length"), "1"),
        (("jq", ".pods[1]"), '{\n  "name": "b",\n  "n": 1\n}'),
    ],
)
async def test_jq_answers_as_jq_does(stage: tuple[str, ...], wanted: str) -> None:
    done = await apply(DOCUMENT, stage)
    assert (done.outcome, done.output, done.exit_code) == (Outcome.SUCCEEDED, wanted, 0)


@pytest.mark.parametrize(
    ("stage", "text", "code"),
    [
        (("jq", "-e", ".missing"), DOCUMENT, 1),
        (("jq", "-e", "empty"), DOCUMENT, 4),
        (("jq", ".["), DOCUMENT, 3),
        (("jq", "."), "not json", 2),
        (("jq", ".status.x"), DOCUMENT, 5),
    ],
)
async def test_jq_fails_with_jqs_exit_codes(stage: tuple[str, ...], text: str, code: int) -> None:
    done = await apply(text, stage)
    assert (done.outcome, done.exit_code) == (Outcome.FAILED, code)
    assert done.detail == f"`jq` behind `|`: Exit code {code}."


async def test_a_jq_program_that_never_ends_is_killed_and_the_loop_stays_free() -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.02)
            beats += 1

    heart = asyncio.create_task(beat(), name="heart")
    began = time.monotonic()
    done = await apply("1", ("jq", "last(range(1e12))"), timeout=timedelta(milliseconds=500))
    heart.cancel()
    assert done.outcome is Outcome.FAILED and "Still running" in done.detail
    assert time.monotonic() - began < 3 and beats > 5


async def test_a_jq_program_that_eats_memory_ends_alone() -> None:
    done = await apply("1", ("jq", '"x" * 1000000000 | length'))
    assert done.outcome is Outcome.FAILED


async def test_stages_are_chained() -> None:
    done = await apply("b 2\na 1\nb 2\nc 3\n", ("sort", "-r"), ("uniq",), ("cut", "-d", " ", "-f2"), ("head", "-2"))
    assert done.output == "3\n2"


async def test_no_match_in_the_middle_is_an_answer_and_at_the_end_a_failure() -> None:
    middle = await apply("a\nb\n", ("grep", "x"), ("wc", "-l"))
    end = await apply("a\nb\n", ("grep", "x"))
    assert (middle.outcome, middle.output.strip()) == (Outcome.SUCCEEDED, "0")
    assert (end.outcome, end.exit_code) == (Outcome.FAILED, 1)


@pytest.mark.parametrize(
    "stage",
    [
        ("sh", "-c", "id"),
        ("sort", "-o", "x"),
        ("sort", "--compress-program=sh"),
        ("grep", "-f", "/etc/passwd"),
        ("grep", "-r", "root", "/etc"),
        ("grep", "root", "/etc/passwd"),
        ("head", "/etc/passwd"),
        ("tail", "-f"),
        ("wc", "--files0-from=/etc/passwd"),
        ("jq", "--rawfile", "x", "/etc/passwd", "."),
        ("jq", "env"),
        ("xargs", "rm"),
    ],
)
async def test_no_stage_reads_a_file_or_runs_a_program(stage: tuple[str, ...]) -> None:
    done = await apply("x", ("sort",), stage)
    assert done.outcome is Outcome.FAILED and done.output == "" and stage[0] in done.detail


async def test_a_long_result_is_cut_and_says_so() -> None:
    done = await apply("1", ("jq", "range(100000)"))
    assert done.outcome is Outcome.SUCCEEDED and done.is_truncated and len(done.output) <= running.KEPT_BYTES


async def test_no_stages_hand_the_text_on() -> None:
    assert (await apply("text")).output == "text"
