"""Worked examples in a candidate's prompt: approved ones, copied when the candidate is made, never near a test case."""
