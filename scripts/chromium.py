"""Print the path of a Chromium for the browser tests, installing one where that can be done. Standard library only.

Looked for in this order: $CHROMIUM, chromium, google-chrome, the copy that an earlier run installed, then, as root,
Debian's package, then the npm package @sparticuz/chromium where node is there.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NPM_PACKAGE = "@sparticuz/chromium@153.0.0"
FOLDER = Path(__file__).resolve().parent.parent / ".venv" / "chromium"
UNPACKED = FOLDER / "run" / "chromium"
UNPACK = 'import chromium from "@sparticuz/chromium"; console.log(await chromium.executablePath());'
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named and not runs(named):
        sys.exit(f"CHROMIUM={named} does not run: name a Chromium that does, or unset it.")
    return named or next(filter(runs, (*NAMES, str(UNPACKED))), None)


def runs(program: str) -> bool:
    """A name alone proves little: Ubuntu's `chromium` may be a stub that asks for a snap."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def install_package() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing Debian's chromium for the browser tests")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            if subprocess.run(["apt-get", "-qq", *command], capture_output=True, env=environment).returncode:
                return


def install_from_npm() -> None:
    if not (shutil.which("npm") and shutil.which("node")):
        return
    say(f"Installing {NPM_PACKAGE} for the browser tests")
    UNPACKED.parent.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(FOLDER), "--no-save", "--no-package-lock", "--silent", NPM_PACKAGE]
    if subprocess.run(command, capture_output=True).returncode:
        return
    script = FOLDER / "unpack.mjs"  # node looks for packages from where the script lies
    script.write_text(UNPACK)
    subprocess.run(["node", script], capture_output=True, env=os.environ | {"TMPDIR": str(UNPACKED.parent)})


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> str:
    for install in (None, install_package, install_from_npm):
        if install:
            install()
        if found := find():
            return shutil.which(found) or found
    sys.exit("The browser tests need Chromium: `apt install chromium` as root, or CHROMIUM=/path/to/chrome make test.")


if __name__ == "__main__":
    print(main())
