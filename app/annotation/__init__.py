"""The review queue: one example at a time to one person at a time, and what they say of it."""
