"""Detectors that compare examples with each other and with the test cases."""
