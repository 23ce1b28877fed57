"""HTTP requests of runbooks: only to hosts that the operator named, only to addresses that such a name may have."""
