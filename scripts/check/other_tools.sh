#!/usr/bin/env bash
# From nothing: a virtual environment with other people's tools, and scripts/check/artifacts.py in it.
#   NTA_DATA=... scripts/check/other_tools.sh [what artifacts.py takes]
set -euo pipefail
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check \
    'mlflow==3.17.2' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'pyspark==4.3.0' 'pandas<3' 'maturin==1.*'
PATH="$venv/bin:$PATH" "$venv/bin/python" "$(dirname "$0")/artifacts.py" "$@"
