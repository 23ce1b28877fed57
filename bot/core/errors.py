"""The error tree. The class says what to do next; the message is a sentence for a person."""


class PageturnerError(Exception):
    """Root of everything that this program raises on purpose."""


class Invalid(PageturnerError):
    """The input is wrong: fix it. `place` names where (file:line, key, field), `remedy` what to write instead."""

    def __init__(self, problem: str, *, place: str = "", remedy: str = "") -> None:
        self.problem = problem
        self.place = place
        self.remedy = remedy
        super().__init__(": ".join(part for part in (place, problem) if part) + (f" ({remedy})" if remedy else ""))


class Refused(PageturnerError):
    """A rule says no. `rule` names it, `remedy` says who could or what to do now."""

    def __init__(self, problem: str, *, rule: str, remedy: str = "") -> None:
        self.problem = problem
        self.rule = rule
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}".strip())


class Conflict(PageturnerError):
    """Somebody was first: reload and decide again."""


class Transient(PageturnerError):
    """It may work later. `retry_after_seconds` is the earliest sensible delay."""

    def __init__(self, problem: str, *, retry_after_seconds: float = 1.0) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(problem)


class Permanent(PageturnerError):
    """It will not work, however often it is tried."""


class Unclear(PageturnerError):
    """The other side may or may not have acted: never repeat by itself."""
