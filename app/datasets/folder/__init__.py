"""A ready-to-train folder: data, configuration, a README with the exact command, and what was checked, as a zip."""
