"""What the project promises, shown. No test here is timed: a slow machine is not a failure, `tests.bench` measures."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
