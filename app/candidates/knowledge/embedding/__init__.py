"""Vectors of passages: made by a small model that runs here or by a provider, kept as bytes, compared exactly."""
