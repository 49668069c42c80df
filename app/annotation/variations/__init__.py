"""Variations: other ways in which people would ask the same, written by a connected model, reviewed like all else."""
