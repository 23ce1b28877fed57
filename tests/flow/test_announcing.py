"""The view: one message per key whatever goes wrong, always the newest state, and nothing waits for it."""

from dataclasses import replace
from typing import Any

from bot.core.errors import Permanent, Transient, Unclear
from bot.core.ids import IncidentId
from bot.core.operations import Tier
from bot.core.states import State
from bot.flow.announcing import POST_BURST
from bot.flow.pacing import Bucket
from bot.ports import Message, Posted
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, VERIFY, approve


def made() -> World:
    return World(b.runbook(CHANGE, VERIFY))


async def test_one_root_and_one_message_per_step_updated_in_place() -> None:
    world = made()
    async with world.alive():
        await world.fire()
        await approve(world)
        assert len(world.chat.shown("root")) == 1
        assert len(world.chat.shown("step-1")) == 1
        assert "resolved" in world.chat.shown("root")[0].fallback
        assert "succeeded" in world.chat.shown("step-1")[0].fallback


async def test_steps_stand_in_the_thread_of_their_root() -> None:
    world = made()
    async with world.alive():
        await world.fire()
        root = next(at for message, at in world.chat.messages.values() if message.key == "root")
        assert {at.thread for message, at in world.chat.messages.values() if message.key != "root"} == {root.ts}


async def test_F44_a_post_whose_answer_was_lost_is_found_again_and_not_repeated() -> None:
    world = made()
    world.chat.lose_answer = True
    async with world.alive():
        await world.fire()
        assert len(world.chat.shown("root")) == 1
        assert "find" in world.chat.calls


async def test_F44_a_post_that_was_found_stays_found_when_what_comes_next_fails() -> None:
    world = made()
    world.chat.lose_answer = True
    find = world.chat.find

    async def find_and_break(*args: Any, **words: Any) -> Posted | None:
        found = await find(*args, **words)
        world.chat.fault = Transient("ratelimited")
        return found

    world.chat.find = find_and_break  # type: ignore[method-assign]
    async with world.alive():
        await world.fire()
        assert len(world.chat.shown("root")) == 1


async def test_F44_a_search_that_fails_is_made_again_before_anything_is_posted_twice() -> None:
    world = made()
    world.chat.lose_answer = True
    find, problems = world.chat.find, [Transient("ratelimited"), Transient("ratelimited")]

    async def fail_twice(*args: Any, **words: Any) -> Posted | None:
        if problems:
            raise problems.pop()
        return await find(*args, **words)

    world.chat.find = fail_twice  # type: ignore[method-assign]
    async with world.alive():
        await world.fire()
        assert len(world.chat.shown("root")) == 1


async def test_while_an_edit_is_under_way_the_board_does_not_say_what_stands_there() -> None:
    """Else a life that ends before the edit is noted leaves it behind, should the incident come back to what it was."""
    world = made()
    update, said = world.chat.update, []

    async def watched(message: Message, at: Posted) -> Posted:
        said.append(world.store._posted[message.incident, message.key].shown)
        return await update(message, at)

    world.chat.update = watched  # type: ignore[method-assign]
    async with world.alive():
        await world.fire()
        await approve(world)
    assert said and set(said) == {""}
    assert all(each.shown for each in world.store._posted.values())


async def test_what_stands_in_slack_is_noted_once_the_store_can_be_written_again() -> None:
    world = made()
    async with world.alive():
        await world.fire()
        await approve(world)
        note, problems = world.store.note, [Transient("disk is full"), Transient("disk is full")]

        async def full(posted: Posted) -> None:
            if problems:
                raise problems.pop()
            await note(posted)

        world.store.note = full  # type: ignore[method-assign]
        await world.desk.take(b.INC, b.ANA)
        await world.rest()
        assert not problems
        assert world.store._posted[b.INC, "root"].shown


async def test_the_last_word_on_a_closed_incident_is_said_after_a_restart() -> None:
    world = made()
    async with world.alive():
        await world.fire()
        await world.fire(b.alert(firing=False))
        await world.later(minutes=31)
        assert (await world.incident()).state is State.CLOSED
    root = world.store._posted[b.INC, "root"]
    await world.store.note(replace(root, shown="as it was before"))
    world.chat.calls.clear()
    world.again()
    async with world.alive():
        await world.rest()
        assert world.chat.calls == ["update"]


async def test_F04_a_post_that_was_not_noted_before_a_restart_is_found_again() -> None:
    world = made()
    async with world.alive():
        await world.fire()
    world.store._posted.clear()
    world.again()
    async with world.alive():
        await world.rest()
        assert len(world.chat.shown("root")) == 1
        assert len(world.chat.shown("step-1")) == 1


async def test_F09_what_was_not_shown_before_a_restart_is_shown_after_it() -> None:
    world = made()
    async with world.alive():
        await world.fire()
        world.chat.fault = Transient("Slack is down", retry_after_seconds=1)
        await approve(world)
    world.again()
    async with world.alive():
        await world.rest()
        assert "resolved" in world.chat.shown("root")[0].fallback


async def test_F38_a_rate_limit_delays_the_view_and_not_the_decision() -> None:
    world = made()
    world.chat.fault = Transient("ratelimited", retry_after_seconds=30)
    async with world.alive():
        await world.fire()
        assert (await world.incident()).state is State.WAITING
        assert len(world.chat.shown("root")) == 1
        assert world.clock.monotonic() >= 30


async def test_F39_a_deleted_message_is_posted_anew() -> None:
    world = made()
    async with world.alive():
        await world.fire()
        gone = next(ts for ts, (message, _) in world.chat.messages.items() if message.key == "step-1")
        del world.chat.messages[gone]
        await approve(world)
        assert len(world.chat.shown("step-1")) == 1


async def test_F40_a_thread_whose_root_is_gone_starts_again() -> None:
    world = made()
    async with world.alive():
        world.chat.fault = None
        await world.fire()
        world.chat.messages.clear()
        await approve(world)
        assert len(world.chat.shown("root")) == 1


async def test_F41_a_channel_that_cannot_be_posted_to_is_said_and_tried_again() -> None:
    world = made()
    world.chat.fault = Permanent("is_archived")
    async with world.alive():
        await world.fire()
        assert (await world.incident()).state is State.WAITING
        assert len(world.chat.shown("root")) == 1
        assert world.announcer.trouble == ""


async def test_an_unclear_search_still_ends_in_one_visible_message() -> None:
    world = made()
    async with world.alive():
        world.chat.fault = Unclear("timeout before anything was posted")
        await world.fire()
        assert len(world.chat.shown("root")) == 1


def test_a_bucket_lets_a_burst_through_and_then_one_a_second() -> None:
    bucket = Bucket(1.0, burst=3)
    assert [round(bucket.take(0.0), 3) for _ in range(5)] == [0, 0, 0, 1, 2]
    assert bucket.take(10.0) == 0


def test_a_bucket_without_a_rate_holds_nothing_back() -> None:
    bucket = Bucket(0, burst=1)
    assert [bucket.take(0.0) for _ in range(50)] == [0.0] * 50


async def test_what_waits_for_a_person_is_shown_before_what_does_not() -> None:
    announcer = World(b.runbook(CHANGE), per_second=1.0).announcer
    calm = [replace(b.planned(b.step(1)).incident, id=IncidentId(f"INC-{number}")) for number in (2, 3)]
    asks = b.waiting(b.step(1, Tier.MEDIUM)).incident
    for incident in (*calm, asks):
        announcer.mark(incident)
    shown = [(await announcer._most_urgent())[1] for _ in range(3)]
    assert shown == ["INC-1", "INC-2", "INC-3"]


async def test_posts_are_paced_and_none_is_dropped() -> None:
    world = World(b.runbook(CHANGE, VERIFY), per_second=1.0)
    async with world.alive():
        for number in range(12):
            await world.intake.receive([world.delivery(b.alert("Odd", labels={"pod": str(number)}, text="odd"))])
        await world.rest()
    roots = [message.incident for message, _ in world.chat.messages.values() if message.key == "root"]
    assert len(roots) == 12
    assert world.clock.monotonic() >= 12 - POST_BURST - 1


async def test_a_message_that_waited_for_its_turn_shows_the_newest_state() -> None:
    world = World(b.runbook(CHANGE, VERIFY), per_second=0.01)
    async with world.alive():
        for number in range(6):
            await world.fire(b.alert("Odd", labels={"pod": str(number)}, text="odd"))
        cards = {message.incident: message.card.fallback for message, _ in world.chat.messages.values()}
        for incident, shown in cards.items():
            assert f"v{(await world.recorder.load(incident)).version}" in shown
