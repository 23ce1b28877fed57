"""Which test shows that which fault is survived: `python -m tests.faults.table [--run]`.

The numbers are those of the catalogue of faults that tests are named by (`test_F08_...`). With `--run` they are run and
the table says what came of them; a fault without a test has a sentence on why.
"""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
FAULTS: Mapping[int, str] = {
    1: "killed before an alert was durable",
    2: "killed between durable and the answer",
    3: "killed before routing",
    4: "killed between a post and its record",
    5: "a click while the bot was down",
    6: "killed between approval and claim",
    7: "killed between intent and effect",
    8: "killed between effect and outcome",
    9: "killed before Slack was told",
    10: "killed between two steps",
    11: "killed during an undo",
    12: "killed during a migration",
    13: "stopped and continued during a step",
    14: "two processes on one file",
    15: "SIGTERM with enough grace",
    16: "SIGTERM with too little grace",
    17: "power cut: a torn log",
    18: "disk full, read-only, broken",
    19: "database damaged, lost or older",
    20: "SQLite with the WAL-reset fault",
    21: "database locked for long",
    22: "cancelled inside a transaction",
    23: "a child is killed",
    24: "the clock jumps",
    25: "away for hours",
    26: "the socket drops",
    27: "Slack asks to reconnect",
    28: "too many sockets",
    29: "a socket that says nothing",
    30: "the same event again and again",
    31: "a double click",
    32: "approve and reject at once",
    33: "a click for an older plan",
    34: "an old button",
    35: "a modal whose world has changed",
    36: "a slow handler",
    37: "a trigger that has expired",
    38: "429 with a pause",
    39: "a message was deleted",
    40: "a thread's root was deleted",
    41: "the channel is gone",
    42: "an approver who is none any more",
    43: "a look-up that fails",
    44: "an answer that was lost after the post",
    45: "Slack is away",
    46: "the token is revoked",
    47: "odd payloads",
    48: "forged clicks",
    49: "guests, strangers and bots",
    50: "one's own approval, and the same person twice",
    51: "a thousand alerts",
    52: "the same group from several senders",
    53: "flapping",
    54: "resolved meanwhile",
    55: "again after an unclear remedy",
    56: "bad, missing and old signatures",
    57: "hostile bodies",
    58: "more than can be routed",
    59: "an alert that always fails",
    60: "a catastrophic pattern",
    61: "a runbook edited meanwhile",
    62: "a bad runbook file",
    63: "a target that is another one",
    64: "more targets than shown",
    65: "two incidents, one target",
    66: "limits at their edge",
    67: "a freeze at any point",
    68: "every answer of an API",
    69: "what may be repeated",
    70: "wild output",
    71: "a verification that fails",
    72: "nobody at the end of an escalation",
    73: "hostile parameters",
    74: "kubectl's flags in values",
    75: "requests to the inside",
    76: "SQL that is not what it says",
    77: "hostile alert text",
    78: "instructions in alerts to a model",
    79: "a model that is away",
    80: "secrets anywhere",
    81: "secrets across edges",
    82: "a changed digest field",
    83: "an approval used twice",
    84: "a record edited by hand",
    85: "a record edited in any way",
    86: "checkpoints that cannot be kept",
    87: "two replicas",
    88: "a bare container",
    89: "missing permissions",
    90: "a bad secret file",
}
WITHOUT: Mapping[int, str] = {
    30: "the bot acts on no event: App Home is only shown anew, and its own echoes are counted",
    72: "there is no graph of levels yet: one list of people is called, and reminded of every 15 min",
    78: "no model chooses here: the matcher is a table",
    79: "no model chooses here: the matcher is a table",
}
_NAMED = re.compile(r"^\s*(?:async )?def (test_((?:F\d\d_)+)\w*)", re.MULTILINE)


def tests() -> Mapping[int, list[str]]:
    """For each fault the names of its tests, with their file."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for name, numbers in _NAMED.findall(path.read_text("utf-8")):
            for number in re.findall(r"F(\d\d)", numbers):
                found[int(number)].append(f"{path.relative_to(ROOT)}::{name}")
    return found


def main() -> int:
    known = tests()
    named = sorted({each for names in known.values() for each in names})
    own = [each for each in named if Path(each.partition("::")[0]).name.startswith("test_")]
    results = _run(own) if "--run" in sys.argv[1:] else {}
    for number, title in FAULTS.items():
        names = known.get(number, [])
        said = f"{len(names)} {'test' if len(names) == 1 else 'tests'}" if names else f"none: {WITHOUT[number]}"
        verdicts = sorted({results.get(each, "with its subclasses") for each in names}) if results else []
        print(f"F{number:02}  {title:45}  {said}{'  ' + ', '.join(verdicts) if verdicts else ''}")
        for each in names:
            print(f"       {each}")
    covered = sum(bool(known.get(number)) for number in FAULTS)
    print(f"{covered} of {len(FAULTS)} faults have a test")
    return int(any(verdict != "passed" for verdict in results.values()))


def _run(names: list[str]) -> dict[str, str]:
    """Each test's verdict; one that has several cases has passed when all of them have."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "2",
            "--dist",
            "loadgroup",
            f"--junitxml={report}",
            *names,
        ]
        subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        cases = ElementTree.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest's own file, made just now
        bad = {_name(each.attrib) for each in cases if any(inner.tag in ("failure", "error") for inner in each)}
    return {each: "FAILED" if each in bad else "passed" for each in names}


def _name(case: Mapping[str, str]) -> str:
    return f"{case['classname'].replace('.', '/')}.py::{case['name'].partition('[')[0]}"


if __name__ == "__main__":
    sys.exit(main())
