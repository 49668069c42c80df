"""Detectors: what each looks for in one example. Pure; pairs and pools of examples are looked at in ``app.checks``."""
