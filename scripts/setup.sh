#!/bin/sh
# Everything that `make` needs before it can run something. Options: see setup.py.
here=$(dirname "$0")
own=$here/../.venv/bin/python
# -I -S: nothing of the user's own site gets in, and it is quick. The venv's own Python can say that nothing is missing;
# to make the venv takes another one.
[ -x "$own" ] && "$own" -I -S "$here/setup.py" --check "$@" 2>/dev/null && exit 0
python=$(sh "$here/find-python.sh") || exit 1
exec "$python" -I -S "$here/setup.py" "$@"
