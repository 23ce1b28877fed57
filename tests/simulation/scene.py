"""Where a night takes place: all that outlives the bot, made from one number."""

import random

from tests.fakes.journal import MemoryStore
from tests.fakes.world import FakeRunbooks
from tests.simulation import surroundings
from tests.simulation.surroundings import Cluster, Pager, People, Slack
from tests.simulation.virtual_time import VirtualClock, VirtualLoop
from tests.simulation.watching import Promises, Watch


class Scene:
    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self.chance = random.Random(seed)
        self.loop = loop
        self.clock = VirtualClock(loop, self.chance)
        self.store = MemoryStore()
        self.people = People(self.chance)
        self.slack = Slack(self.chance)
        self.pager = Pager(self.chance)
        self.watch = Watch(self.store, self.people)
        self.store.after_commit = self.watch.stored
        self.cluster = Cluster(self.chance, self.watch.changing)
        self.promises = Promises()
        self.edition = "d"
        self._which = self.chance.randrange(len(surroundings.RUNBOOKS))
        self._quorum = self.chance.choice((1, 1, 1, 2))
        self.runbooks = FakeRunbooks()
        self.put_runbook()

    def put_runbook(self) -> None:
        """The file as its current edition has it."""
        self.runbooks.replace(surroundings.runbook(self._which, quorum=self._quorum, edition=self.edition))

    def mend(self) -> None:
        """Everything around works again."""
        self.store.outage = None
        self.cluster.is_troubled = self.slack.is_troubled = self.pager.is_troubled = False
        self.slack.is_down = self.people.failing = False
