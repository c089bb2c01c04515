# shellcheck shell=bash
# What bin/run, bin/test and bin/manage share: where things are, messages, locks, the order of set-up.

set -euo pipefail
NCC_CALLER_UMASK="$(umask)"
umask 022
ROOT="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

say() { printf '%s\n' "$*" >&2; }

# One line, what was wrong and how to mend it; the only way these scripts give up.
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=bin/lib/system.sh
source "$ROOT/bin/lib/system.sh"
# shellcheck source=bin/lib/packages.sh
source "$ROOT/bin/lib/packages.sh"
# shellcheck source=bin/lib/cluster.sh
source "$ROOT/bin/lib/cluster.sh"
# shellcheck source=bin/lib/database.sh
source "$ROOT/bin/lib/database.sh"

# File descriptors that are kept open: 9 set-up lock, 8 lock of bin/run, 7 shared lock of users of the database.
# Programs that outlive us must not inherit them: start those with `5>&- 7>&- 8>&- 9>&-`.

# Sets and exports the places of this instance; makes its folder.
locate_instance() {
    # What an enclosing bin/ script exported belongs to its instance, not to ours.
    local name
    for name in DATABASE_URL NCC_DATABASE_APP_URL NCC_SECRET_KEY; do
        if [[ -n "${!name:-}" && " ${_NCC_EXPORTED:-} " == *" ${!name} "* ]]; then unset "$name"; fi
    done
    unset _NCC_EXPORTED
    NCC_VAR="${NCC_VAR:-$ROOT/var}"
    mkdir -p "$NCC_VAR" 2>/dev/null || fail "the folder $NCC_VAR cannot be made; set NCC_VAR to a folder you may write"
    NCC_VAR="$(cd -P "$NCC_VAR" && pwd)"
    [[ -w "$NCC_VAR" ]] ||
        fail "the folder $NCC_VAR belongs to $(stat -c %U "$NCC_VAR"); run as that user, or set NCC_VAR to a folder of your own"
    STAMPS="$NCC_VAR/stamps"
    LOGS="$NCC_VAR/logs"
    SETUP_LOG="$LOGS/setup.log"
    mkdir -p "$STAMPS" "$LOGS" || fail "$NCC_VAR cannot be written; is the disk full?"
    if [[ -n "$(find "$SETUP_LOG" -size +4M 2>/dev/null)" ]]; then mv -f "$SETUP_LOG" "$SETUP_LOG.1"; fi
    NCC_VENV="${NCC_VENV:-$NCC_VAR/venv}"
    if [[ -z "${NCC_NODE_MODULES:-}" ]]; then
        NCC_NODE_MODULES="$ROOT/node_modules"
        [[ -w "$ROOT" || -f "$NCC_NODE_MODULES/.ncc-lock" ]] || NCC_NODE_MODULES="$NCC_VAR/node_modules"
    fi
    NUMBA_CACHE_DIR="${NUMBA_CACHE_DIR:-$NCC_VAR/numba}"
    export NCC_VAR NCC_VENV NCC_NODE_MODULES NUMBA_CACHE_DIR
    PYTHON="$NCC_VENV/bin/python"
}

# Runs a long step so that a signal to bin/run ends it at once: bash runs no trap while it waits for a foreground command.
STEP=""
interruptible() {
    local status=0
    "$@" </dev/null 5>&- 6<&- 7>&- 8>&- 9>&- &
    STEP=$!
    wait "$STEP" || status=$?
    STEP=""
    return "$status"
}

# One set-up at a time on this folder; later callers wait, then find everything done.
lock_setup() {
    exec 9>"$NCC_VAR/.lock"
    flock -n 9 && return
    say "waiting for another command that sets up $NCC_VAR"
    flock -w 1800 9 || fail "another command has been setting up $NCC_VAR for half an hour; look into $SETUP_LOG"
}

unlock_setup() { exec 9>&-; }

# While a command holds this shared lock, the end of bin/run leaves the database up.
join_users() {
    exec 7>"$NCC_VAR/.users"
    flock -s 7
}

digest() { sha256sum | cut -c1-32; }

stamp_is() { [[ -f "$STAMPS/$1" && "$(<"$STAMPS/$1")" == "$2" ]]; }

# Written last and in one step, so that an interrupted set-up is done again.
stamp() {
    printf '%s\n' "$2" >"$STAMPS/.$1.$$"
    mv "$STAMPS/.$1.$$" "$STAMPS/$1"
}

# Everything up to a migrated database; $1 is `run` or `test`, $2 `migrate` or `as-is`.
prepare() {
    local purpose="$1" schema="${2:-migrate}"
    lock_setup
    check_space
    if [[ "${NCC_SKIP_INSTALL:-}" != 1 ]]; then
        install_system "$purpose"
        # Instances of one tree share what is installed into it.
        exec 6<"$ROOT"
        flock 6
        install_python "$purpose"
        install_node "$purpose"
        exec 6<&-
    fi
    open_database
    if [[ "$schema" == migrate ]]; then
        migrate_database
    fi
    unlock_setup
}
