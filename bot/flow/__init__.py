"""The stages of the story, async and vendor-free. Stages never import each other; `advancing` calls them in turn."""
