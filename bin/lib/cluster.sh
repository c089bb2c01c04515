# shellcheck shell=bash
# The private PostGIS cluster of one instance: a folder, a socket, no network port.

# Sets CLUSTER, CLUSTER_USER (who runs it: PostgreSQL refuses root), PG_BIN and SOCKET.
locate_cluster() {
    local version
    CLUSTER="$NCC_VAR/postgres"
    if [[ -f "$CLUSTER/PG_VERSION" ]]; then
        version="$(cat "$CLUSTER/PG_VERSION")"
        CLUSTER_USER="$(stat -c %U "$CLUSTER")"
        [[ -x "/usr/lib/postgresql/$version/bin/postgres" ]] ||
            fail "the database in $CLUSTER was made by PostgreSQL $version, which is not installed; install postgresql-$version-postgis-3, or set NCC_VAR to a new folder and restore a backup there"
    else
        version="$(installed_postgres)"
        [[ -n "$version" ]] || fail "PostgreSQL with PostGIS is not installed; unset NCC_SKIP_INSTALL, or set DATABASE_URL to a PostGIS of yours"
        CLUSTER_USER="$(id -un)"
        if ((EUID == 0)); then CLUSTER_USER=postgres; fi
    fi
    ((EUID == 0)) || [[ "$CLUSTER_USER" == "$(id -un)" ]] ||
        fail "the database in $CLUSTER belongs to the user $CLUSTER_USER; run as that user or as root"
    PG_BIN="/usr/lib/postgresql/$version/bin"
    # A socket path may have 107 bytes at most, `/.s.PGSQL.5432` included.
    SOCKET="$NCC_VAR/socket"
    if ((${#SOCKET} > 80)) || [[ "$SOCKET" == *[!A-Za-z0-9/._-]* ]]; then
        SOCKET="/tmp/ncc-$(printf '%s' "$NCC_VAR" | digest | cut -c1-12)"
    fi
}

# Runs a command as the user the cluster belongs to, away from folders that user may not read.
as_cluster_user() (
    cd /
    if ((EUID == 0)) && [[ "$CLUSTER_USER" != root ]]; then
        exec setpriv --reuid="$CLUSTER_USER" --regid="$(id -g "$CLUSTER_USER")" --init-groups -- "$@"
    fi
    exec "$@"
)

# Gives the cluster's user the right to pass through (not to list) the folders above ours.
open_parents() {
    ((EUID == 0)) || return 0
    local folder="$NCC_VAR" closed=()
    while [[ "$folder" != / ]]; do
        closed=("$folder" "${closed[@]}")
        folder="${folder%/*}"
        folder="${folder:-/}"
    done
    for folder in "${closed[@]}"; do
        as_cluster_user test -x "$folder" && continue
        say "letting the user $CLUSTER_USER pass through $folder (chmod o+x)"
        chmod o+x "$folder"
    done
}

own_folder() {
    mkdir -p "$1"
    chmod 0700 "$1"
    if ((EUID == 0)); then chown "$CLUSTER_USER" "$1"; fi
}

make_cluster() {
    local fresh="$CLUSTER.new"
    rm -rf "$fresh"
    rm -f "$STAMPS"/cluster "$STAMPS"/migrated "$STAMPS"/demo
    open_parents
    own_folder "$fresh"
    say "making a private PostGIS cluster in $CLUSTER"
    as_cluster_user "$PG_BIN/initdb" -D "$fresh" -U postgres --data-checksums --encoding=UTF8 \
        --locale=C.UTF-8 --auth=peer >>"$SETUP_LOG" 2>&1 </dev/null ||
        fail "the database cluster could not be made: $(reason_in_log)"
    mv "$fresh" "$CLUSTER"
}

configure_cluster() {
    local memory_mb
    memory_mb=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) / 4096))
    ((memory_mb < 1024)) || memory_mb=1024
    as_cluster_user tee "$CLUSTER/ncc.conf" >/dev/null <<CONF
# Written by bin/; changes belong into local.conf beside this file.
listen_addresses = ''
unix_socket_directories = '$SOCKET'
max_connections = 200
shared_buffers = ${memory_mb}MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_timezone = 'UTC'
log_lock_waits = on
include_if_exists = 'local.conf'
CONF
    as_cluster_user tee "$CLUSTER/pg_hba.conf" >/dev/null <<CONF
local all postgres peer map=ncc
local all all scram-sha-256
CONF
    as_cluster_user tee "$CLUSTER/pg_ident.conf" >/dev/null <<CONF
ncc $CLUSTER_USER postgres
ncc root postgres
CONF
    grep -q "^include 'ncc.conf'" "$CLUSTER/postgresql.conf" ||
        as_cluster_user tee -a "$CLUSTER/postgresql.conf" >/dev/null <<<"include 'ncc.conf'"
}

cluster_answers() { "$PG_BIN/pg_isready" -q -h "$SOCKET" -t 2 >/dev/null 2>&1; }

# The last fatal line of the server's own log.
last_words() {
    local newest=()
    mapfile -t newest < <(ls -t "$CLUSTER"/log/* "$CLUSTER/start.log" 2>/dev/null | head -n 2)
    grep -h FATAL "${newest[@]}" 2>/dev/null | tail -n 1 | sed 's/^.*FATAL: *//'
}

# After a kill -9 the old shared memory is held for a second or so: tried again for 10 s.
start_cluster() {
    local deadline=$((SECONDS + 10))
    open_parents
    own_folder "$SOCKET"
    [[ "$(stat -c %U "$SOCKET")" == "$CLUSTER_USER" ]] || fail "the folder $SOCKET is not ours; remove it"
    forget_zombie
    until as_cluster_user "$PG_BIN/pg_ctl" start -D "$CLUSTER" -s -w -t 300 -l "$CLUSTER/start.log" \
        >/dev/null 2>>"$SETUP_LOG" </dev/null 5>&- 7>&- 8>&- 9>&-; do
        cluster_answers && return
        ((SECONDS < deadline)) ||
            fail "the database does not start: $(last_words); details in $CLUSTER/log"
        sleep 0.5
        forget_zombie
    done
}

stop_cluster() {
    local pid
    pid="$(postmaster_pid)" || return 0
    as_cluster_user "$PG_BIN/pg_ctl" stop -D "$CLUSTER" -s -w -t 60 -m fast >/dev/null 2>&1 </dev/null 7>&- 8>&- 9>&- ||
        kill -INT "$pid" 2>/dev/null || true
    for _ in {1..50}; do
        process_ended "$pid" && break
        sleep 0.1
    done
}

# The process id in the pid file; exit code 1 where there is no such file.
postmaster_pid() {
    local pid=""
    [[ -f "$CLUSTER/postmaster.pid" ]] && read -r pid <"$CLUSTER/postmaster.pid" 2>/dev/null
    [[ "$pid" =~ ^[0-9]+$ ]] && echo "$pid"
}

# A zombie counts as ended: in some containers nobody ever collects it.
process_ended() {
    local state
    state="$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null)"
    [[ -z "$state" || "$state" == Z ]]
}

# True after a crash only: a server that was stopped in order takes its pid file with it.
cluster_crashed() {
    local pid
    pid="$(postmaster_pid)" && process_ended "$pid"
}

# PostgreSQL believes a zombie that carries its old number to be alive and would never start again.
# The pid file may go once no process at all works in the folder.
forget_zombie() {
    local pid folder
    pid="$(postmaster_pid)" || return 0
    [[ -d "/proc/$pid" ]] && process_ended "$pid" || return 0
    for folder in /proc/[0-9]*/cwd; do
        [[ "$(readlink "$folder" 2>/dev/null)" != "$CLUSTER" ]] || return 0
    done
    rm -f "$CLUSTER/postmaster.pid" "$SOCKET"/.s.PGSQL.*
}

# The two roles, PostGIS in the template (so that a test database has it too) and the database; safe to repeat.
bootstrap_cluster() {
    as_cluster_user "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=terse -h "$SOCKET" -U postgres -d template1 >>"$SETUP_LOG" 2>&1 <<SQL ||
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS postgis;
SELECT 'CREATE ROLE ncc_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ncc_owner') \gexec
SELECT 'CREATE ROLE ncc_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ncc_app') \gexec
ALTER ROLE ncc_owner LOGIN CREATEDB NOSUPERUSER PASSWORD '$NCC_OWNER_PASSWORD';
ALTER ROLE ncc_app LOGIN NOCREATEDB NOSUPERUSER PASSWORD '$NCC_APP_PASSWORD';
SELECT 'CREATE DATABASE ncc OWNER ncc_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'ncc') \gexec
REVOKE ALL ON DATABASE ncc FROM PUBLIC;
GRANT CONNECT ON DATABASE ncc TO ncc_app;
SQL
        fail "the roles and the database could not be made: $(reason_in_log)"
}
