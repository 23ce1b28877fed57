"""People outside Slack, reached through PagerDuty. `events.PagerDuty` is the way in."""
