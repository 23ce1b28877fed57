"""The cluster: previews from the API server's own dry run, and exactly that performed, through the official client."""
