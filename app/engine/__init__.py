"""The local engine: an OpenAI-compatible training and inference server.

A program of its own. It imports nothing else from ``app``, so that it can run alone on a GPU machine, and
nothing of PyTorch at module level, so that the HTTP server is up within a second or two.
"""
