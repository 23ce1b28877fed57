"""What container images do when they are started: run, crash, or never arrive.

The only place that knows which images of the seed world are bad.
"""

from dataclasses import dataclass, field
from typing import Literal

Behaviour = Literal["runs", "crashes", "missing"]

# The release that the fault `bad-image` rolls out.
CRASHING = "checkout:1.9.2"


@dataclass(slots=True)
class Images:
    """`crashing` and `missing` are full references; tests may add to them.

    A tag that says `missing` or `does-not-exist` is missing, one that says `crash` crashes, all others run.
    """

    crashing: set[str] = field(default_factory=lambda: {CRASHING})
    missing: set[str] = field(default_factory=set)

    def behaviour(self, image: str) -> Behaviour:
        tag = image.rpartition(":")[2]
        if image in self.missing or "missing" in tag or "does-not-exist" in tag:
            return "missing"
        if image in self.crashing or "crash" in tag:
            return "crashes"
        return "runs"


def program_of(image: str) -> str:
    """The bare name of an image: `registry/team/redis:7.2` is `redis`."""
    return image.rpartition("/")[2].partition(":")[0]


def crash_lines(image: str) -> tuple[str, ...]:
    """What a crashing container logs before it exits with 1."""
    name = program_of(image)
    return (
        f'level=info msg="starting {name}" version={image.rpartition(":")[2]}',
        'level=error msg="cannot read configuration" key=PAYMENT_PROVIDER_URL',
        "panic: required configuration PAYMENT_PROVIDER_URL is not set",
        "goroutine 1 [running]:",
        "main.main()",
        f"\t/src/{name}/main.go:41 +0x1d",
    )
