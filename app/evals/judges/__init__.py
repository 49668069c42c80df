"""Model judges: which calls a run's graders want, the calls themselves through the ledger, and their verdicts.

``planning`` writes down what is to be asked, ``work`` makes requests of it and verdicts of the answers for the run's
dispatcher, ``providers`` finds who is asked and at what price. How and why: docs/decisions/judges.md.
"""
