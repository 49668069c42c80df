"""A grader tried on outputs of a run before it is saved: rules at once, judges through the ledger in the worker."""
