"""The local world: services that the product talks to, on loopback, as strict as the real ones.

Nothing here knows the product; it imports only from within this package.
"""
