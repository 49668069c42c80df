"""Prompts side by side on a few training examples, really asked: what a prompt is written on, never a test case."""
