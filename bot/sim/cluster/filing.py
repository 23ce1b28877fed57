"""The file programs of a pod: df, du, ls, cat, find, rm.

Arguments as GNU coreutils and findutils take them, for the options that runbooks use; others are refused.
"""

import fnmatch
import re
from collections.abc import Callable

from bot.sim.cluster import objects
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.volumes import DAY_SECONDS, Volume, Volumes

Outcome = tuple[str, str, int]

# Where a container may delete: the rest of the file system belongs to root.
_DELETABLE = "/var/log"


def run(volumes: Volumes, pod: Obj, argv: list[str], now: float) -> Outcome:
    """Standard output, standard error and exit code of one of `PROGRAMS`."""
    return PROGRAMS[argv[0].rpartition("/")[2]](Shelf(volumes, pod, now), argv[1:])


class Shelf:
    """The files that one pod sees."""

    def __init__(self, volumes: Volumes, pod: Obj, now: float) -> None:
        self.volumes = volumes.of(pod)
        self.now = now
        self._holding: Callable[[str], Volume] = lambda path: volumes.holding(pod, path)

    def holding(self, path: str) -> Volume:
        return self._holding(path)

    def files(self, path: str) -> list[str]:
        return sorted(name for volume in self.volumes for name in volume.under(path))

    def is_directory(self, path: str) -> bool:
        base = path.rstrip("/")
        is_mount = any(volume.mount == (base or "/") for volume in self.volumes)
        return is_mount or any(name != base for name in self.files(path))

    def remove(self, path: str) -> None:
        del self.holding(path).files[path]


def human(size: int) -> str:
    """As `-h` prints sizes: rounded up, one decimal below ten."""
    value, unit = float(size), ""
    for letter in "KMGT":
        if value < 1024:
            break
        value, unit = value / 1024, letter
    if unit and value < 9.95:
        return f"{value:.1f}{unit}"
    return f"{value:.0f}{unit}"


def _words(arguments: list[str]) -> tuple[set[str], list[str]]:
    flags = {letter for word in arguments if re.match(r"^-[A-Za-z]+$", word) for letter in word[1:]}
    return flags, [word for word in arguments if not word.startswith("-")]


def _df(shelf: Shelf, arguments: list[str]) -> Outcome:
    flags, paths = _words(arguments)
    volumes = [shelf.holding(path) for path in paths] or list(reversed(shelf.volumes))
    show = human if "h" in flags else (lambda size: str(size // 1024))
    head = "Size" if "h" in flags else "1K-blocks"
    available = "Avail" if "h" in flags else "Available"
    rows = [f"{'Filesystem':<30} {head:>9} {'Used':>9} {available:>9} Use% Mounted on"]
    for one in volumes:
        free = show(one.capacity - one.used)
        sizes = f"{show(one.capacity):>9} {show(one.used):>9} {free:>9}"
        rows.append(f"{one.device:<30} {sizes} {one.percent:>3}% {one.mount}")
    return "\n".join(rows) + "\n", "", 0


def _du(shelf: Shelf, arguments: list[str]) -> Outcome:
    flags, paths = _words(arguments)
    out = ""
    for path in paths or ["/"]:
        found = shelf.files(path)
        if not found and not shelf.is_directory(path):
            return out, f"du: cannot access '{path}': No such file or directory\n", 1
        total = sum(shelf.holding(name).files[name].size for name in found)
        out += f"{human(total) if 'h' in flags else total // 1024}\t{path}\n"
    return out, "", 0


def _ls(shelf: Shelf, arguments: list[str]) -> Outcome:
    flags, paths = _words(arguments)
    path = (paths or ["/"])[0].rstrip("/") or "/"
    found = shelf.files(path)
    if not found and not shelf.is_directory(path):
        return "", f"ls: cannot access '{path}': No such file or directory\n", 2
    base = path if path.endswith("/") else f"{path}/"
    names = sorted({name.removeprefix(base).split("/")[0] if name != path else name for name in found})
    if "l" not in flags:
        return "".join(f"{name}\n" for name in names), "", 0
    rows = []
    for name in names:
        file = shelf.holding(base + name).files.get(base + name)
        size = file.size if file else 4096
        shown = human(size) if "h" in flags else str(size)
        stamp = objects.timestamp(file.modified if file else shelf.now)[:16].replace("T", " ")
        kind = "-rw-r--r--" if file else "drwxr-xr-x"
        rows.append(f"{kind} 1 app app {shown:>8} {stamp} {name}\n")
    return f"total {len(rows)}\n" + "".join(rows), "", 0


def _cat(shelf: Shelf, arguments: list[str]) -> Outcome:
    out = ""
    for path in _words(arguments)[1]:
        file = shelf.holding(path).files.get(path)
        if file is None:
            why = "Is a directory" if shelf.is_directory(path) else "No such file or directory"
            return out, f"cat: {path}: {why}\n", 1
        out += file.content
    return out, "", 0


def _rm(shelf: Shelf, arguments: list[str]) -> Outcome:
    """No shell stands before it, so a pattern is a name that does not exist."""
    flags, paths = _words(arguments)
    if not paths:
        return "", "rm: missing operand\n", 1
    is_forced = "f" in flags
    for path in paths:
        found = shelf.files(path)
        if not found:
            if is_forced:
                continue
            return "", f"rm: cannot remove '{path}': No such file or directory\n", 1
        if shelf.is_directory(path) and not {"r", "R"} & flags:
            return "", f"rm: cannot remove '{path}': Is a directory\n", 1
        if not path.startswith(f"{_DELETABLE}/"):
            return "", f"rm: cannot remove '{path}': Permission denied\n", 1
        for name in found:
            shelf.remove(name)
    return "", "", 0


def _find(shelf: Shelf, arguments: list[str]) -> Outcome:
    """find PATH [-name GLOB] [-type f] [-mtime [+-]DAYS] [-size [+-]N[kMG]] [-print] [-delete]."""
    words = list(arguments)
    path = words.pop(0) if words and not words[0].startswith("-") else "."
    tests: list[Callable[[str], bool]] = []
    is_deleting = False
    while words:
        word = words.pop(0)
        if word in ("-print", "-delete"):
            is_deleting = is_deleting or word == "-delete"
            continue
        if word not in ("-name", "-type", "-mtime", "-size"):
            return "", f"find: unknown predicate `{word}'\n", 1
        if not words:
            return "", f"find: missing argument to `{word}'\n", 1
        test = _find_test(shelf, word, words.pop(0))
        if test is None:
            return "", f"find: invalid argument to `{word}'\n", 1
        tests.append(test)
    found = shelf.files(path)
    if not found and not shelf.is_directory(path):
        return "", f"find: '{path}': No such file or directory\n", 1
    chosen = [name for name in found if all(test(name) for test in tests)]
    if not is_deleting:
        return "".join(f"{name}\n" for name in chosen), "", 0
    kept = [name for name in chosen if not name.startswith(f"{_DELETABLE}/")]
    for name in set(chosen) - set(kept):
        shelf.remove(name)
    errors = "".join(f"find: cannot delete '{name}': Permission denied\n" for name in kept)
    return "", errors, 1 if kept else 0


def _find_test(shelf: Shelf, predicate: str, value: str) -> Callable[[str], bool] | None:
    if predicate == "-name":
        return lambda name: fnmatch.fnmatchcase(name.rpartition("/")[2], value)
    if predicate == "-type":
        return (lambda _: value == "f") if value in ("f", "d") else None
    found = re.match(r"^([+-]?)(\d+)([kMG]?)$", value)
    if found is None:
        return None
    sign, number, unit = found.group(1), int(found.group(2)), found.group(3)
    if predicate == "-mtime":
        return lambda name: _compare(int((shelf.now - _modified(shelf, name)) // DAY_SECONDS), sign, number)
    scale = {"": 512, "k": 1024, "M": 1024**2, "G": 1024**3}[unit]
    return lambda name: _compare(-(-shelf.holding(name).files[name].size // scale), sign, number)


def _modified(shelf: Shelf, name: str) -> float:
    return shelf.holding(name).files[name].modified


def _compare(value: int, sign: str, number: int) -> bool:
    if sign == "+":
        return value > number
    return value < number if sign == "-" else value == number


PROGRAMS: dict[str, Callable[[Shelf, list[str]], Outcome]] = {
    "df": _df,
    "du": _du,
    "ls": _ls,
    "cat": _cat,
    "rm": _rm,
    "find": _find,
}
