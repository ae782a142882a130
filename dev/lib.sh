# Shared by the scripts in dev/. Sourced, not run.
# shellcheck shell=bash disable=SC2034 # the scripts use what is set here

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LOCAL=$ROOT/.local
RUN=$LOCAL/run # one .pid file per process these scripts started
LOG=$LOCAL/log
VENV=$LOCAL/venv
export SQLX_OFFLINE=true # queries are checked against .sqlx/, see dev/sqlx-prepare
mkdir -p "$RUN" "$LOG"
chmod 700 "$LOCAL" # it holds a password

# rustup's default place, when the shell has not been restarted since its installation
[ ! -d "${CARGO_HOME:-$HOME/.cargo}/bin" ] || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

say() { printf '==> %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# --- processes ----------------------------------------------------------------------------------
# A pid alone may belong to a stranger after a reboot, so its start time is recorded with it.

# started_at PID: prints the start time; fails for a process that is gone or a zombie.
started_at() {
    local stat fields
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }" # the name before it may contain spaces
    [ "${fields[0]}" != Z ] && echo "${fields[19]}"
}

record() { echo "$2 $(started_at "$2")" >"$RUN/$1.pid"; }

# pid_of NAME: prints the pid of the process recorded under this name if it still runs.
pid_of() {
    local pid start
    { read -r pid start <"$RUN/$1.pid"; } 2>/dev/null || return 1
    [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ] && echo "$pid"
}

# stop NAME SIGNAL [SECONDS]: asks the process to end and waits; kills it if it takes too long.
stop() {
    local pid i
    if pid=$(pid_of "$1"); then
        kill -s "$2" "$pid" 2>/dev/null || true
        for ((i = 0; i < ${3:-20} * 10; i++)); do
            pid_of "$1" >/dev/null || break
            sleep 0.1
        done
        if pid_of "$1" >/dev/null; then
            say "$1 did not stop in ${3:-20} s: killing it"
            kill -s KILL "$pid" 2>/dev/null || true
        fi
    fi
    rm -f "$RUN/$1.pid"
}

# last_lines FILE: the end of a log, indented, on stderr.
last_lines() { [ ! -f "$1" ] || tail -n 20 "$1" | sed 's/^/    /' >&2; }

# --- network ------------------------------------------------------------------------------------

# free_port [PREFERRED]: a free loopback port, the preferred one if nobody has it.
free_port() {
    python3 - "${1:-0}" <<'PY'
import socket, sys
for port in (int(sys.argv[1]), 0):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(s.getsockname()[1])
        break
PY
}

# http_ok URL: true if it answers 2xx. (curl may be missing; a proxy is never right for loopback.)
http_ok() {
    python3 - "$1" 2>/dev/null <<'PY'
import sys, urllib.request
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5)
PY
}

# http_body URL: what it answers, whatever the status.
http_body() {
    python3 - "$1" <<'PY'
import sys, urllib.error, urllib.request
try:
    print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5).read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except OSError as error:
    print(error)
PY
}

# --- PostgreSQL ---------------------------------------------------------------------------------
# PostgreSQL refuses to run as root, and another user can often not enter the checkout (a home directory).
# So for root it lives in /var/tmp, in a folder of its own per checkout, and runs as `nobody`.
if [ "$(id -u)" = 0 ]; then
    PG_DIR=/var/tmp/pedro-$(printf %s "$ROOT" | cksum | cut -d' ' -f1)
    PG_AS=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
else
    PG_DIR=$LOCAL/postgres
    PG_AS=()
fi
PG_HOME=$PG_DIR/home # pg0 keeps everything below $HOME/.pg0
PG_DATA=$PG_HOME/.pg0/instances/pedro/data

# as_pg COMMAND...: runs it as PostgreSQL's user, in a folder that user can read.
as_pg() (
    cd "$PG_DIR" && exec "${PG_AS[@]}" env -i PATH="$PATH" HOME="$PG_HOME" LANG=C.UTF-8 "$@"
)

# adopt_postgres: records a server of this checkout that it lost track of (.local/ was deleted, or
# its start was interrupted).
adopt_postgres() {
    local pid
    pid_of postgres >/dev/null && return
    { read -r pid <"$PG_DATA/postmaster.pid"; } 2>/dev/null || return 0
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" != "$PG_DATA" ] || record postgres "$pid"
}

# database_url NAME: the URL of a database on the local server.
database_url() {
    local url
    url=$(<"$RUN/database_url")
    echo "${url%/*}/$1"
}

# psql_in DATABASE ARGS...: the psql that came with the server.
psql_in() {
    local bin=("$PG_HOME"/.pg0/installation/*/bin/psql) url
    url=$(database_url "$1")
    shift
    as_pg PGCONNECT_TIMEOUT=5 PGOPTIONS='-c client_min_messages=warning' \
        "${bin[0]}" --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$url" "$@"
}

ensure_database() {
    [ -n "$(psql_in pedro -c "select 1 from pg_database where datname = '$1'")" ] ||
        psql_in pedro -c "create database $1"
}
drop_database() { psql_in pedro -c "drop database if exists $1 with (force)"; }
fresh_database() {
    drop_database "$1"
    ensure_database "$1"
}

# --- the services as a whole ----------------------------------------------------------------------
# A script that needs them holds a shared lock (file descriptor 8) while it runs. At its end it stops
# what it had to start itself, unless another one still uses it.
services_to_stop=()

# hold_services [db] [model]: starts them if needed and reads .local/env.
hold_services() {
    exec 8>"$RUN/in-use.lock"
    flock -s 8
    pid_of model >/dev/null || services_to_stop+=(model)
    pid_of postgres >/dev/null || services_to_stop+=(db)
    "$ROOT/dev/up" "$@" 7>&- 8>&-
    # shellcheck disable=SC1091 # written by dev/up
    . "$LOCAL/env"
}

release_services() {
    local service
    [ ${#services_to_stop[@]} -gt 0 ] || return 0
    if ! flock -xn 8; then
        say "The services stay up: something else uses them (make stop)"
        return 0
    fi
    for service in "${services_to_stop[@]}"; do "$ROOT/dev/down" "$service" 8>&-; done
}
