"""The Slack edge: cards become blocks, clicks become questions to the desk. Nothing outside knows Slack's words."""
