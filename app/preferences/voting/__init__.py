"""The voter's side of a round: pages, fragments and API that cannot name a candidate.

``tests/architecture/test_voting.py`` holds this package to ``Ballot``, ``Vote``, ``RoundReviewer`` and a few columns of
the round (``Frame``): it imports nothing else that could lead to a run, an output or a model, and while it answers no
other table is read but those that say who is asking.
"""
