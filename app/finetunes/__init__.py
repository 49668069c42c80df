"""Fine-tunes: what a launch needs, the launch itself, and the curve while it learns.

Read side: ``queries`` → ``pages``/``api``/``stream``. Verbs: ``service`` (launch, cancel, pause, decide), which asks
``preflight`` what stands in the way. The job ``finetunes.run`` is ``runner``: ``launching`` makes at most one job at
the provider, ``watching`` follows it; both speak through ``provider`` and write through ``steps``, a short transaction
at a time. Pure: ``rules``, ``estimates``, ``scan``, ``answers``.
"""
