"""The store: one SQLite file that one process owns.

`store.Store` is the way in; `archive.Archive` reads without owning. Nothing outside knows that there is SQL here.
"""
