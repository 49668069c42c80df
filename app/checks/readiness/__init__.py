"""The readiness checklist: eight points, each measured, some of them signed by a person who has read a sample."""
