#!/usr/bin/env bash
# Apache Superset on published marts, as an analyst would set it up: a fresh Superset in a scratch folder, connected as
# the reader role, every mart as a dataset, a chart, a photograph of it. DESKMETER_SUPERSET names the folder in which
# superset-requirements.txt is installed.
#
#   tests/publish/superset.sh postgres://READER:PASSWORD@HOST:PORT/DATABASE SCHEMA PICTURE
set -euo pipefail
database=$1 schema=$2 picture=$3
venv=$DESKMETER_SUPERSET
here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d)
finish() {
    [ -z "${superset:-}" ] || kill "$superset" 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT
step() { printf '== %s (%ss)\n' "$1" "$SECONDS"; }

step "superset starts"
web=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$place/superset_config.py" <<EOF
SECRET_KEY = "$(head -c 32 /dev/urandom | base64)"
SQLALCHEMY_DATABASE_URI = "sqlite:///$place/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
EOF
export SUPERSET_CONFIG_PATH=$place/superset_config.py SUPERSET_HOME=$place FLASK_APP=superset
run_superset() { "$venv/bin/superset" "$@" >>"$place/superset.log" 2>&1 || { tail -n 40 "$place/superset.log"; return 1; }; }
run_superset db upgrade
step "its tables are there"
run_superset fab create-admin --username admin --firstname a --lastname b --email a@example.com --password admin
run_superset init
step "its roles are there"
"$venv/bin/superset" run --port "$web" --with-threads >>"$place/superset.log" 2>&1 &
superset=$!

"$venv/bin/python" "$here/superset.py" "http://127.0.0.1:$web" "${database/postgres:/postgresql+psycopg2:}" "$schema" "$picture"
step "done"
