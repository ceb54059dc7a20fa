#!/bin/sh
# Times attention on a graphics card: see gpu.py. PYTHON names a Python that has PyTorch.
exec "${PYTHON:-python3}" "$(dirname "$0")/gpu.py" "$@"
