"""Whatever comes over HTTP or stands in a file: what is bad is refused in its place, and what is good goes through."""

import asyncio
import gzip
import io
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import demo
from bot.adapters.runbook_files import report
from bot.core.states import State
from tests.stories import living
from tests.stories.living import ANA, BEN, Living

TOKEN = demo.WEBHOOK_TOKEN
LABELS = {"alertname": "RedisConnectionTimeout", "service": "api-gateway", "namespace": "production"}
ALERT = {"status": "firing", "labels": {**LABELS, "severity": "critical"}, "startsAt": "2026-03-14T04:17:00Z"}
GOOD = {"version": "4", "groupKey": "g", "alerts": [ALERT]}
RAW = json.dumps(GOOD).encode()
BEARER = {"Authorization": f"Bearer {TOKEN}"}

Sent = tuple[str, dict[str, str], bytes, int]
"""Path, headers, body, and the status that it must be answered with."""

BAD: dict[str, Sent] = {
    "nothing": ("alertmanager", BEARER, b"", 400),
    "no JSON": ("alertmanager", BEARER, b"<xml/>", 400),
    "half a body": ("alertmanager", BEARER, RAW[:-20], 400),
    "a list": ("alertmanager", BEARER, b"[" + RAW + b"]", 400),
    "another version": ("alertmanager", BEARER, RAW.replace(b'"4"', b'"3"'), 400),
    "labels that are no texts": ("alertmanager", BEARER, RAW.replace(b'"critical"', b'{"a": 1}'), 400),
    "a state that is none": ("alertmanager", BEARER, RAW.replace(b'"firing"', b'"burning"'), 400),
    "a key twice": ("alertmanager", BEARER, b'{"version": "4", "version": "4", "alerts": []}', 400),
    "not a number": ("generic", BEARER, b'{"title": "x", "id": NaN}', 400),
    "a number without end": ("generic", BEARER, b'{"title": "x", "n": ' + b"9" * 10_000 + b"}", 400),
    "a NUL": ("generic", BEARER, b'{"title": "a\\u0000b"}', 400),
    "a lone surrogate": ("generic", BEARER, b'{"title": "\\ud800"}', 400),
    "not UTF-8": ("generic", BEARER, b'{"title": "\xff\xfe"}', 400),
    "no title": ("generic", BEARER, b'{"title": "  "}', 400),
    "deep": ("generic", BEARER, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
    "huge": ("alertmanager", BEARER, RAW + b" " * (3 * 1024 * 1024), 413),
    "too many": ("alertmanager", BEARER, json.dumps({**GOOD, "alerts": [ALERT] * 1_001}).encode(), 413),
    "compressed": ("alertmanager", {**BEARER, "Content-Encoding": "gzip"}, gzip.compress(RAW), 415),
    "a bomb": ("alertmanager", {**BEARER, "Content-Encoding": "gzip"}, gzip.compress(bytes(64 * 1024 * 1024), 1), 415),
    "no token": ("alertmanager", {}, RAW, 401),
    "another token": ("alertmanager", {"Authorization": f"Bearer {TOKEN}x"}, RAW, 403),
    "a token as a password": ("alertmanager", {"Authorization": f"Basic {TOKEN}"}, RAW, 401),
    "another key": ("alertmanager", {"X-Api-Key": "guess"}, RAW, 403),
    "from a web page": ("alertmanager", {**BEARER, "Origin": "https://evil.example"}, RAW, 403),
    "a source that is none": ("nagios", BEARER, RAW, 404),
}

HOSTILE = (
    "<!channel> <!here> <@U0BEN> <!subteam^S0SRE> @everyone <https://evil.example/a|Approve> https://evil.example/b "
    "\u202egnihtemos\u202c \u200bzero\u2066 \x1b[2J\x1b]0;title\x07 \x08\x07\x9b31m ``` *bold* _it_ ~no~ `code` :fire: "
    '{"type": "button"} &lt;!channel&gt; [click](https://evil.example/c) \r\n> quote\r\n'
)
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Living]:
    async with living.living(tmp_path) as made:
        yield made


async def post(life: Living, sent: Sent) -> tuple[int, Any]:
    """Status, and the JSON of the answer."""
    source, headers, body, _ = sent
    url = f"http://127.0.0.1:{life.bot.port}/webhook/{source}"
    async with aiohttp.ClientSession() as session, session.post(url, data=io.BytesIO(body), headers=headers) as answer:
        return answer.status, await answer.json()


def messages(life: Living) -> list[dict[str, Any]]:
    return list(life.world.slack.workspace.channels.find(living.CHANNEL).messages.values())


# --- what is posted ---------------------------------------------------------------------------------------------------


async def test_F57_every_bad_call_is_answered_in_its_place_and_a_good_one_beside_them_goes_through(
    life: Living,
) -> None:
    before = len(messages(life))

    answers = await asyncio.gather(*(post(life, sent) for sent in BAD.values()))

    for (what, sent), (status, told) in zip(BAD.items(), answers, strict=True):
        assert status == sent[3], what
        assert set(told) == {"error", "message"}, what
        assert TOKEN not in str(told), what
    assert await life.bot.store.recent(5) == []
    assert await life.bot.store.pending() == []
    assert len(messages(life)) == before

    assert (await post(life, ("alertmanager", BEARER, RAW, 202)))[0] == 202
    await life.message("root")
    assert [head.incident for head in await life.bot.store.recent(5)] == ["INC-1"]
    refused = sum(
        sample.value
        for metric in life.bot.registry.collect() for sample in metric.samples
        if sample.name == "pageturner_webhook_calls_total" and sample.labels["status"] != "202"
    )  # fmt: skip
    assert refused == len(BAD)


async def test_the_answer_names_the_place_and_repeats_no_value(life: Living) -> None:
    body = json.dumps({**GOOD, "alerts": [ALERT, {**ALERT, "labels": {"secret-looking": 7}}]}).encode()

    status, told = await post(life, ("alertmanager", BEARER, body, 400))

    assert status == 400
    assert "alerts[1].labels.secret-looking" in told["message"]
    assert await life.bot.store.recent(5) == []


async def test_F77_text_of_fifty_thousand_characters_is_shown_inert_and_cut(life: Living) -> None:
    text = (HOSTILE * 400)[:50_000]
    alert = {
        "title": f"Disk {HOSTILE}",
        "text": text,
        "service": HOSTILE,
        "environment": HOSTILE,
        "severity": "critical",
        "labels": {f"{HOSTILE}{number}": text for number in range(5)},
        "annotations": {"summary": text},
        "url": "javascript:alert(1)",
    }

    assert (await post(life, ("generic", BEARER, json.dumps(alert).encode(), 202)))[0] == 202
    await life.state(State.ESCALATED)
    root = await life.with_button("root", "incident.take")

    assert len(living.all_text(root)) < 5_000
    for message in messages(life):
        shown = json.dumps(message, ensure_ascii=False)
        assert not INVISIBLE.search("".join(_texts(message)))
        assert "evil.example" not in "".join(_links(message))
        assert not {element["type"] for element in _elements(message)} & {"broadcast", "emoji"}, shown
        assert set(message.get("notifies", ())) <= {ANA, BEN}, "only the group of the escalation"
    assert life.world.slack.warnings.to_json() == []
    page = await life.world.pager.wait_for_page()
    assert not INVISIBLE.search(page.summary)


async def test_an_alert_is_not_taken_for_its_neighbour_by_what_it_hides(life: Living) -> None:
    """Invisible characters are left out of what is shown, not of what makes two alerts two."""
    for title in ("DiskFull", "Disk\u200bFull"):
        assert (await post(life, ("generic", BEARER, json.dumps({"title": title}).encode(), 202)))[0] == 202

    await life.message("root", incident="INC-2")
    assert len(await life.bot.store.recent(5)) == 2


# --- what stands in files ---------------------------------------------------------------------------------------------

OK = "name: {name}\nmatch: {{alert_names: [x]}}\nsteps:\n  - name: look\n    run: kubectl get pods -n production\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
BROKEN: dict[str, tuple[str, int, str]] = {
    # file: content, the line that is named, and what is said of it
    "twice.yaml": (OK.format(name="twice") + "name: again\n", 6, "twice"),
    "unknown.yaml": (OK.format(name="unknown") + "titel: x\n", 6, 'did you mean "title"'),
    "object.yaml": (OK.format(name="object") + "title: !!python/object/apply:os.system [ls]\n", 6, "tag"),
    "bomb.yaml": (BOMB + OK.format(name="bomb"), 1, ""),
    "huge.yaml": (OK.format(name="huge") + "#" * 1024 * 1024, 1, "larger than 256 KiB"),
    "syntax.yaml": ("name: [syntax\n", 2, ""),
    "nobody.yaml": (
        OK.format(name="nobody").replace("get pods", "delete pod web-1") + "approvers: {medium: {}}\n", 6, "",
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "runbooks"
    made.mkdir()
    shutil.copy(living.RUNBOOKS / "redis-connection-timeout.md", made)
    for name, (content, _, _) in BROKEN.items():
        (made / name).write_text(content)
    yield made


async def test_F62_broken_runbooks_are_named_by_file_and_line_and_the_good_one_cures(
    folder: Path, tmp_path: Path
) -> None:
    async with living.living(tmp_path, "redis-pool", folder) as life:
        library = life.bot.runbooks.current()
        assert set(library.runbooks) == {"redis-connection-timeout"}
        assert {Path(problem.path).name for problem in library.problems} == set(BROKEN)
        await life.approve()
        await life.state(State.RESOLVED)
    found = {Path(problem.path).name: problem for problem in reversed(report.check([folder]))}
    assert set(found) == set(BROKEN)
    for name, (_, line, says) in BROKEN.items():
        assert (found[name].line, says in str(found[name])) == (line, True), found[name]
        assert str(found[name]).startswith(f"{folder / name}:{line}")


async def test_F62_a_runbook_that_is_edited_into_a_broken_one_keeps_its_last_good_version(
    folder: Path, tmp_path: Path
) -> None:
    book = folder / "good.yaml"
    book.write_text(OK.format(name="good"))
    async with living.living(tmp_path, runbooks=folder) as life:
        before = life.bot.runbooks.current().runbooks["good"]  # type: ignore[index] # a NewType of str

        book.write_text(OK.format(name="good").replace("get pods", "delete namespace") + "titel: x\n")
        await life.bot.reload()
        library = life.bot.runbooks.current()
        assert library.runbooks["good"] == before  # type: ignore[index] # as above
        assert any(problem.path.endswith("good.yaml") and problem.line == 6 for problem in library.problems)
        assert (await _readiness(life))["checks"]["runbooks"] == "ok"

        book.write_text(OK.format(name="good").replace("look", "look again"))
        await life.bot.reload()
        cured = life.bot.runbooks.current()
        assert [step.name for step in cured.runbooks["good"].steps] == ["look again"]  # type: ignore[index] # as above
        assert not any(problem.path.endswith("good.yaml") for problem in cured.problems)


async def _readiness(life: Living) -> Any:
    url = f"http://127.0.0.1:{life.bot.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json()


def _elements(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for each in value.values():
            yield from _elements(each)
    elif isinstance(value, list):
        for each in value:
            yield from _elements(each)


def _texts(value: object) -> Iterator[str]:
    """Every string of a message, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _links(message: dict[str, Any]) -> Iterator[str]:
    return (str(each["url"]) for each in _elements(message) if "url" in each)
