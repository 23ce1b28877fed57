"""Command text in, typed operations out. Nothing here executes, expands or looks anything up."""
