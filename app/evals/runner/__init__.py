"""The eval runner: sends a run's calls, stores each output as it arrives, survives being killed at any moment.

``job`` takes a run over and ends it, ``dispatch`` keeps calls in flight, ``store`` is its SQL, ``asking`` makes
requests of cases. How and why: docs/decisions/eval-runner.md.
"""
