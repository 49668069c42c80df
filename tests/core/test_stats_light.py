"""A process that only shows stored results must not pay for scipy and pandas."""

import subprocess
import sys

HEAVY = ("numpy", "scipy", "pandas", "evalica", "rapidfuzz", "jsonschema", "re2")
MODULES = (
    "app.core.stats.agreement", "app.core.stats.paired", "app.core.stats.preference", "app.core.stats.words",
    "app.evals.graders", "app.evals.rules", "app.evals.behavior_table", "app.comparisons.rules",
    "app.comparisons.slices",
)  # fmt: skip


def test_importing_the_rules_loads_nothing_heavy():
    code = f"import sys\nimport {', '.join(MODULES)}\nprint([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
