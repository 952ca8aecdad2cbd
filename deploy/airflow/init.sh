#!/usr/bin/env bash
# Brings Airflow's metadata to this version before its services start; safe to run again.
set -euo pipefail

airflow db migrate

# Each load holds one slot while it writes: this limits the number of parallel writers.
airflow pools set warehouse "${WAREHOUSE_SLOTS:?set WAREHOUSE_SLOTS, such as 4}" \
  "Сколько загрузок и сборок пишут в ClickHouse одновременно"

# The report is a page of a plugin: users who may only read must see its menu entry too.
airflow roles add-perms Viewer User --action can_read --resource Plugins

python "$(dirname "${BASH_SOURCE[0]}")/admin.py"

echo "Airflow is ready: metadata migrated, pool made, password of admin set."
