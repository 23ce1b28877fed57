"""Pure decisions: the standard library and pydantic, no async, no I/O, no clock, no chance, no logging."""
