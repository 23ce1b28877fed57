"""The edges: each package speaks to one kind of neighbour and translates its words and errors into ours.

Siblings never import each other; only app knows them all.
"""
