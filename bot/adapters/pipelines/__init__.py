"""What stands behind `|` in a step: filters over text, with a short list of programs and of flags for each."""
