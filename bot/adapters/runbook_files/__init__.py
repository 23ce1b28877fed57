"""Runbooks as files: YAML and Markdown in, the one core model out, and every problem with file, line and remedy."""
