"""A simulated Kubernetes API server on loopback: a neighbour the product talks to, never a mode of it.

It speaks the wire protocol of a v1.32 server, strictly, for the kinds it covers, and has enough life
(controllers, kubelets, faults) that the right repair really repairs. It knows nothing of the product.
"""
