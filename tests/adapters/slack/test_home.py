"""App Home follows what happens while somebody may still look at it, and nobody is published to without a reason."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from bot.adapters.slack.connection import Web
from bot.adapters.slack.home import MOST_OPEN, OPEN_FOR, Homes
from bot.adapters.slack.questions import Desk
from bot.core.card_home import Home
from bot.core.errors import Transient
from bot.core.ids import UserId
from bot.ports import Clock
from tests import builders as b
from tests.fakes.world import FakeClock


@dataclass
class Pages:
    """A desk that says what it is told to, and a Slack that keeps who was shown something."""

    frozen: tuple[str, ...] = ()
    published: list[str] = field(default_factory=list)
    fails: bool = False

    async def home(self, user: UserId) -> Home:
        return Home(frozen=self.frozen)

    async def write(self, method: str, body: dict[str, Any], *, repeatable: bool) -> None:
        if self.fails:
            raise Transient("slack is away")
        self.published.append(body["user_id"])


def homes(pages: Pages, clock: FakeClock) -> Homes:
    return Homes(cast(Desk, pages), cast(Web, pages), cast(Clock, clock))


async def test_a_page_that_may_be_open_is_published_anew_when_it_would_show_something_else() -> None:
    pages, clock = Pages(), FakeClock()
    shown = homes(pages, clock)
    await shown.publish(b.ANA)
    shown.mark()
    await shown.refresh()
    assert pages.published == [b.ANA]  # nothing that it shows has changed
    pages.frozen = ("everything is frozen",)
    await shown.refresh()
    assert pages.published == [b.ANA]  # nobody said that anything has changed
    shown.mark()
    await shown.refresh()
    await shown.refresh()
    assert pages.published == [b.ANA, b.ANA]


async def test_after_a_while_nobody_is_taken_to_look_any_more() -> None:
    pages, clock = Pages(), FakeClock()
    shown = homes(pages, clock)
    await shown.publish(b.ANA)
    clock.time += OPEN_FOR + timedelta(seconds=1)
    await shown.publish(b.BEN)
    pages.frozen = ("everything is frozen",)
    shown.mark()
    await shown.refresh()
    assert pages.published == [b.ANA, b.BEN, b.BEN]


async def test_a_page_that_could_not_be_published_is_published_with_the_next_change() -> None:
    pages, clock = Pages(), FakeClock()
    shown = homes(pages, clock)
    pages.fails = True
    await shown.publish(b.ANA)
    pages.fails = False
    shown.mark()
    await shown.refresh()
    assert pages.published == [b.ANA]


async def test_only_so_many_pages_are_kept_up_to_date_the_latest_ones() -> None:
    pages, clock = Pages(), FakeClock()
    shown = homes(pages, clock)
    people = [UserId(f"U0{number}") for number in range(MOST_OPEN + 1)]
    for person in people:
        await shown.publish(person)
    pages.frozen, pages.published = ("everything is frozen",), []
    shown.mark()
    await shown.refresh()
    assert pages.published == people[1:]
