"""The first rows of a version as a model would see them, with the tokens that carry loss marked; counts of the rest.

The local engine is asked by the worker, which alone has keys (``jobs``). A hosted provider shows no tokens: there it is
the text, with the answers marked.
"""
