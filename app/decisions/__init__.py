"""Ship, don't ship, or not enough evidence: the gates a team sets, the verdict over them, and who signed it."""
