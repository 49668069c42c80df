"""The guideline's pages, and sending back to review what a changed guideline touches."""
