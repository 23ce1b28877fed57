"""Programs of an allow-list, run as argv: never a shell, never the bot's own environment."""
