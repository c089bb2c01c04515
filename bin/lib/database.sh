# shellcheck shell=bash
# The database this instance works on: the private cluster, or the one DATABASE_URL names.

secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Made once, readable by the owner of the folder only; NCC_SECRET_KEY of the caller wins.
load_secrets() {
    local file="$NCC_VAR/secrets.env" key="${NCC_SECRET_KEY:-}"
    if [[ ! -s "$file" ]]; then
        (
            umask 077
            printf 'NCC_SECRET_KEY=%s\nNCC_OWNER_PASSWORD=%s\nNCC_APP_PASSWORD=%s\n' \
                "$(secret)" "$(secret)" "$(secret)" >"$file.new"
        )
        mv "$file.new" "$file"
    fi
    # shellcheck disable=SC1090
    source "$file"
    NCC_SECRET_KEY="${key:-$NCC_SECRET_KEY}"
    export NCC_SECRET_KEY
}

socket_url() { printf 'postgresql://%s:%s@/ncc?host=%s' "$1" "$2" "${SOCKET//\//%2F}"; }

# Starts or checks the database and exports DATABASE_URL and NCC_DATABASE_APP_URL.
# CLUSTER_STARTED is 1 when it was this call that started the private cluster.
open_database() {
    CLUSTER_STARTED=0
    CLUSTER=""
    load_secrets
    if [[ -n "${DATABASE_URL:-}" ]]; then
        if [[ -z "${NCC_DATABASE_APP_URL:-}" ]]; then
            NCC_DATABASE_APP_URL="$(NCC_APP_PASSWORD="$NCC_APP_PASSWORD" "$PYTHON" "$ROOT/bin/lib/database.py" prepare)" || exit 1
        fi
        export DATABASE_URL NCC_DATABASE_APP_URL
        return
    fi
    unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE PGOPTIONS PGSERVICE PGSSLMODE
    locate_cluster
    if ! cluster_answers; then
        [[ -f "$CLUSTER/PG_VERSION" ]] || make_cluster
        configure_cluster
        start_cluster
        CLUSTER_STARTED=1
    fi
    local want
    want="2 $(printf '%s %s' "$NCC_OWNER_PASSWORD" "$NCC_APP_PASSWORD" | digest)"
    if ! stamp_is cluster "$want"; then
        bootstrap_cluster
        stamp cluster "$want"
    fi
    DATABASE_URL="$(socket_url ncc_owner "$NCC_OWNER_PASSWORD")"
    NCC_DATABASE_APP_URL="$(socket_url ncc_app "$NCC_APP_PASSWORD")"
    export DATABASE_URL NCC_DATABASE_APP_URL
    export _NCC_EXPORTED="$DATABASE_URL $NCC_DATABASE_APP_URL $NCC_SECRET_KEY"
}

# What is applied, read from the database itself: it may have been restored from elsewhere since.
schema_state() {
    local files role
    # A role that is new needs its grants, which are made after migrating.
    role="${NCC_DATABASE_APP_URL#*://}"
    files="$(cd "$ROOT" && find layers/migrations -type f \( -name '*.py' -o -name '*.sql' \) 2>/dev/null | LC_ALL=C sort | xargs -r cat requirements/base.txt | digest)"
    echo "$files ${role%%:*} $("$PYTHON" "$ROOT/bin/lib/database.py" applied)"
}

migrate_database() {
    local state
    state="$(schema_state)" || exit 1
    stamp_is migrated "$state" && return
    say "bringing the database up to date"
    interruptible "$PYTHON" "$ROOT/manage.py" migrate --noinput >>"$SETUP_LOG" 2>"$LOGS/migrate.err" || {
        cat "$LOGS/migrate.err" >>"$SETUP_LOG"
        fail "the database could not be brought up to date: $(grep -v '^ ' "$LOGS/migrate.err" | tail -n 1); details in $SETUP_LOG"
    }
    stamp migrated "$(schema_state)"
}

# Ends bin/run, if it is running on this folder, and the private cluster.
stop_instance() {
    local pid
    pid="$(running_pid)"
    if [[ -n "$pid" ]]; then
        kill -TERM "$pid" 2>/dev/null || fail "bin/run (process $pid) belongs to another user; stop it as that user"
        for _ in {1..300}; do
            [[ -n "$(running_pid)" ]] || break
            sleep 0.1
        done
    fi
    if [[ -f "$NCC_VAR/postgres/PG_VERSION" ]]; then
        lock_setup
        locate_cluster
        stop_cluster
        rm -f "$STAMPS/cluster-of-run"
        unlock_setup
    fi
}

# Prints the process id of the bin/run that holds this folder, nothing when there is none.
running_pid() {
    [[ -f "$NCC_VAR/run.pid" ]] || return 0
    if (exec 8<"$NCC_VAR/run.pid" && flock -n -s 8); then
        return 0
    fi
    head -n 1 "$NCC_VAR/run.pid"
}
