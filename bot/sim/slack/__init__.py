"""A simulated Slack workspace on loopback: Web API, Socket Mode, interactivity and a page to look at.

It exists so that an app can be run, tested and shown without Slack, and so that what passes here passes there: it
refuses what Slack refuses, with Slack's error names. It knows nothing of the program that talks to it; the only switch
between this and the real service is the Web API's base URL. `server.SlackSim` is the way in, `coverage` says what is
simulated and what is not.
"""
