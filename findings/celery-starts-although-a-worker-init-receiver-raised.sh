#!/bin/sh
# Celery 5.7.0: a receiver of `worker_init` that raises (a check of unsafe settings, say) is logged, and the worker starts all
# the same. `SystemExit` ends it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check celery==5.7.0
cat > "$folder/checked.py" <<'PYTHON'
import os

from celery import Celery
from celery.signals import worker_init, worker_ready

app = Celery("checked", broker="memory://")


@worker_init.connect
def check(**kwargs: object) -> None:
    raise {"RuntimeError": RuntimeError, "SystemExit": SystemExit}[os.environ["RAISE"]]("unsafe settings")


@worker_ready.connect
def say(sender: object, **kwargs: object) -> None:
    print("the worker is ready", flush=True)
    raise SystemExit(0)
PYTHON
cd "$folder"
for error in RuntimeError SystemExit; do
    RAISE=$error venv/bin/celery -A checked worker --pool=solo --loglevel=WARNING > "$error.txt" 2>&1 || true
    echo "celery 5.7.0, worker_init raises $error: $(grep -c 'the worker is ready' "$error.txt" || true) time(s) ready"
done
grep -q "the worker is ready" RuntimeError.txt
! grep -q "the worker is ready" SystemExit.txt
