#!/usr/bin/env bash
# Makes a Python environment for each outside client below DIR, one each because their pins clash. Does nothing for
# an environment that already holds what its requirement file names.
# Usage: tests/clients/install.sh DIR
set -euo pipefail
dir=${1:?usage: install.sh DIR}
here=$(cd "$(dirname "$0")" && pwd)
# Airbyte's source runs on 3.10 and 3.11 alone.
for python in python3.11 python3.10 python3; do
  if "$python" -c "" 2>/dev/null; then break; fi
done
mkdir -p "$dir"
for requirements in "$here"/requirements/*.txt; do
  venv=$dir/$(basename "$requirements" .txt)
  if cmp --silent "$requirements" "$venv/installed.txt"; then continue; fi
  "$python" -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  cp "$requirements" "$venv/installed.txt"
done
