"""What the program is made of: a CycloneDX list of its dependencies from the lock file. `python -m tests.audit [FILE]`.

Every dependency stands there with its version and hashes; a lock that leaves one out, or names a host, is a finding.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_HOST = re.compile(r"https?://|--(?:extra-)?index-url|--find-links")


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    version: str
    hashes: tuple[str, ...]


def components(lock: str) -> list[Component]:
    """In the order of the lock."""
    found: list[Component] = []
    for line in re.sub(r"\\\n", " ", lock).splitlines():
        pinned = _PINNED.match(line)
        if pinned:
            found.append(Component(pinned[1].lower(), pinned[2], tuple(_HASH.findall(line))))
    return found


def findings(lock: str) -> list[str]:
    """What is wrong with the lock itself."""
    known = components(lock)
    said = [f"{each.name} {each.version} has no hash" for each in known if not each.hashes]
    said += [f"line {number} names a host" for number, line in enumerate(lock.splitlines(), 1) if _HOST.search(line)]
    return said if known else ["nothing is locked"]


def bill(lock: str) -> dict[str, object]:
    """CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/): a component each, and nothing of this machine."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "pageturner", "bom-ref": "pageturner"}},
        "components": [
            {
                "type": "library",
                "name": each.name,
                "version": each.version,
                "bom-ref": f"pkg:pypi/{each.name}@{each.version}",
                "purl": f"pkg:pypi/{each.name}@{each.version}",
                "hashes": [{"alg": "SHA-256", "content": value} for value in each.hashes],
            }
            for each in components(lock)
        ],
    }


def main() -> int:
    lock = LOCK.read_text("utf-8")
    problems = findings(lock)
    for problem in problems:
        print(problem)
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("sbom.cdx.json")
    target.write_text(json.dumps(bill(lock), indent=2) + "\n", "utf-8")
    print(f"{len(components(lock))} components in {target}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
