"""Eval runs: a candidate's outputs on a sealed set, graded.

Read side: ``queries`` → ``pages``/``api``. Verbs: ``service`` (start, cancel, resume, retry, decide on unknown calls,
grade again, upload). ``calls`` is the run's part of the paid-call ledger. ``runner`` (the job ``evals.run``) sends and
stores; ``grading`` turns stored outputs into grades, metrics and the manifest.
"""
