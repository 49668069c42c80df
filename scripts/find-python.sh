#!/bin/sh
# Print a Python that can run Holdout, or say in one line what is missing. $PYTHON is tried first.
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        command -v "$candidate"
        exit 0
    fi
done
found=$(python3 --version 2>/dev/null || echo "no Python")
echo "Holdout needs Python 3.11 or newer and found $found. On Debian and Ubuntu: apt install python3.11 python3.11-venv." \
    "Elsewhere: make run PYTHON=/path/to/python3.11" >&2
exit 1
