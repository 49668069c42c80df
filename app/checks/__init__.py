"""Checks of the data: detectors make findings, findings have remedies, and all of it adds up to the checklist."""
