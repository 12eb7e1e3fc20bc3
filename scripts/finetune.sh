#!/usr/bin/env bash
# finetune.sh DATA OUT [OPTIONS of train/layout/finetune.py]: makes the Python environment once, then trains.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-}
if [ -z "$data" ] || [ ! -d "$data" ]; then
    echo "error: no folder of labelled scenes; say make finetune DATA=dir (see docs/finetuning.md): $data" >&2
    exit 2
fi
venv=target/finetune-venv
if [ ! -f "$venv/ready" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r train/layout/requirements.txt
    touch "$venv/ready"
fi
export GOMP_SPINCOUNT=0 OMP_WAIT_POLICY=PASSIVE
exec "$venv/bin/python" train/layout/finetune.py "$data" "${2:-runs/finetune}" "${@:3}"
