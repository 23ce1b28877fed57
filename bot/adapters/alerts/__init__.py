"""Alert sources: the webhook server, and one pure parser per source that turns its JSON into our Alerts.

`server.Server` is the way in. Nothing here knows what becomes of an alert.
"""
