"""Tables of words as plain text, so that a list of fifty names reads as a list of fifty names."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())
