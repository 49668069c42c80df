"""What a project costs: the ledger by month, what a successful task costs, and the monthly budget.

Nothing is counted twice or anew: paid calls are the gateway's ledger, people's time is that of their decisions, the
cost per success and the break-even are those of the comparison.
"""
