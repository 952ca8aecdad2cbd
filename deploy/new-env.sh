#!/usr/bin/env bash
# Writes .env from .env.example with new random secrets; an existing .env is not changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -e .env ]; then
  echo ".env exists already: edit it by hand, or move it away to get a new one." >&2
  exit 1
fi

umask 077
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
fernet() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

while IFS= read -r line || [ -n "$line" ]; do
  case "$line" in
    METRICA_TOKEN=) ;;
    AIRFLOW_FERNET_KEY=) line+=$(fernet) ;;
    AIRFLOW_UID=*) if [ "$(id -u)" -ne 0 ]; then line="AIRFLOW_UID=$(id -u)"; fi ;;
    [A-Z]*=) line+=$(secret) ;;
  esac
  printf '%s\n' "$line"
done < .env.example > .env.new
mv .env.new .env
echo "Written: .env (for its owner only). Fill in METRICA_TOKEN there, and keep a copy of the file in a safe place."
