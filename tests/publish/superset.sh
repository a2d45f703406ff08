#!/usr/bin/env bash
# Apache Superset on published marts, as an analyst would set it up: connect as the reader role, add every mart as a
# dataset, draw a chart, photograph it. Not part of .ci/run: Superset and what it needs are 800 MB.
#
#   tests/publish/superset.sh [FOLDER for the picture]     DESKMETER=path/to/deskmeter, else it is built
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${DESKMETER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/deskmeter}
pictures=$(realpath "${1:-$cache}")
step() { printf '== %s (%ss)\n' "$1" "$SECONDS"; }

step "superset"
venv=$cache/superset-venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/publish/superset-requirements.txt

step "a lake"
if [ -z "${DESKMETER:-}" ]; then
    cargo build --quiet -p deskmeter-cli
    DESKMETER=${CARGO_TARGET_DIR:-target}/debug/deskmeter
fi
DESKMETER=$(realpath "$DESKMETER")
place=$(mktemp -d)
postgres=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)")
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
finish() {
    [ -z "${superset:-}" ] || kill "$superset" 2>/dev/null || true
    as_postgres "$postgres/pg_ctl" -D "$place/db/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$place"
}
trap finish EXIT
chmod 711 "$place"
"$DESKMETER" demo --tickets "${TICKETS:-500}" --dir "$place/demo" >/dev/null

step "a database"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
mkdir "$place/db"
[ "$(id -u)" != 0 ] || chown postgres "$place/db"
(cd "$place/db" && as_postgres "$postgres/initdb" -D "$place/db/data" -U admin -A trust --no-sync >/dev/null)
(cd "$place/db" && as_postgres "$postgres/pg_ctl" -D "$place/db/data" -w -l "$place/db/log" \
    -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c fsync=off" start >/dev/null)
database=postgres://admin@127.0.0.1:$port/postgres?sslmode=disable
DESKMETER_DATABASE_URL=$database "$DESKMETER" publish -p "$place/demo/deskmeter.toml" --reader-role bi
"$postgres/psql" -X -q -d "$database" -c "create role dashboards login in role bi"

step "superset starts"
web=$(free_port)
cat >"$place/superset_config.py" <<EOF
SECRET_KEY = "$(head -c 32 /dev/urandom | base64)"
SQLALCHEMY_DATABASE_URI = "sqlite:///$place/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
EOF
export SUPERSET_CONFIG_PATH=$place/superset_config.py SUPERSET_HOME=$place FLASK_APP=superset
run_superset() { "$venv/bin/superset" "$@" >>"$place/superset.log" 2>&1 || { tail -n 40 "$place/superset.log"; return 1; }; }
run_superset db upgrade
run_superset fab create-admin --username admin --firstname a --lastname b --email a@example.com --password admin
run_superset init
"$venv/bin/superset" run --port "$web" --with-threads >>"$place/superset.log" 2>&1 &
superset=$!

step "an analyst"
"$venv/bin/python" tests/publish/superset.py "http://127.0.0.1:$web" \
    "postgresql+psycopg2://dashboards@127.0.0.1:$port/postgres?sslmode=disable" "$pictures/superset.png"
step "done"
