#!/usr/bin/env bash
# Brings Airflow's metadata to this version before its services start; safe to run again.
set -euo pipefail

airflow db migrate

# Each load holds one slot while it writes: so many writers the warehouse takes at once.
airflow pools set warehouse "${WAREHOUSE_SLOTS:?set WAREHOUSE_SLOTS, such as 4}" \
  "Loads and builds that write to ClickHouse at the same time"

# The simple auth manager reads passwords from a file only; the one of .env rules.
umask 077
python - <<'PYTHON'
import json
import os
from pathlib import Path

passwords = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
passwords.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}) + "\n")
PYTHON

echo "Airflow is ready: metadata migrated, pool made, password of admin set."
