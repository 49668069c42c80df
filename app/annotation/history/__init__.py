"""Everything that happened to one example, as one timeline."""
