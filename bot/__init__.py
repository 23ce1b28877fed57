"""pageturner: on-call fixes production from a phone, and never has to trust the bot blindly."""

__version__ = "0.1.0"
