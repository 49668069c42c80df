"""From an uploaded document to passages: Markdown, HTML, PDF, plain text, and JSONL of dated versions.

All of it happens in a child process (``child.py``) whose memory and time are capped. Nothing is imported here, so that
the child starts quickly.
"""
