"""What the web process loads: nothing that opens a provider's key, and nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = {"openai", "aiohttp", "httpx2", "scipy", "numpy", "pandas", "evalica", "app.gateway.client"}


@pytest.mark.parametrize("start", ["import app.main as m; m.create_app()", "import app.worker as w; w.load_jobs()"])
def test_starting_loads_no_client_and_nothing_heavy(start: str) -> None:
    code = f"{start}; import sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
