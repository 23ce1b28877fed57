"""The whole flow on a virtual clock, with everything around it failing in a way that one number decides.

A seed is one night: alerts, people and enemies around a bot that dies and starts again. The same seed is the same
night, so whatever goes wrong can be looked at again. `python -m tests.simulation --help` runs many.
"""
