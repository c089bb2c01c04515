# shellcheck shell=bash
# Debian packages: what is missing is installed once, with clear words when it cannot be.

# Free space is looked at before anything is written: PostgreSQL on a full disk stops the whole map.
check_space() {
    local free_mb need_mb=300
    [[ -x "$NCC_VENV/bin/python" ]] || need_mb=3000
    free_mb=$(($(df -Pk "$NCC_VAR" | awk 'NR == 2 { print $4 }') / 1024))
    ((free_mb >= need_mb)) ||
        fail "only $free_mb MB are free on the disk of $NCC_VAR and $need_mb MB are needed; free some, or set NCC_VAR to a folder on a larger disk"
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        sudo "$@"
    fi
}

can_be_root() {
    ((EUID == 0)) && return
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || [[ -t 0 && -t 2 ]]
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
        -o Dpkg::Options::=--force-confdef -o APT::Update::Error-Mode=any "$@" >>"$SETUP_LOG" 2>&1 </dev/null 7>&- 8>&- 9>&-
}

# Why the last step failed, in one sentence, read from what it wrote.
reason_in_log() {
    local tail_of_log
    tail_of_log="$(tail -n 60 "$SETUP_LOG")"
    if grep -qiE 'no space left|enough free space|disk quota' <<<"$tail_of_log"; then
        echo "the disk is full; free some space and start again"
    elif grep -qiE 'certificate.verify.failed|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)' <<<"$tail_of_log"; then
        echo "the certificate of the package server is not trusted here; behind a proxy, name its certificate in PIP_CERT and NODE_EXTRA_CA_CERTS"
    elif grep -qiE "unable to locate package|no installation candidate" <<<"$tail_of_log" &&
        ! grep -qiE 'failed to fetch' <<<"$tail_of_log"; then
        echo "this system's package sources do not have it; Debian 12 and Ubuntu 24.04 do"
    elif grep -qiE 'requires-python' <<<"$tail_of_log"; then
        echo "a package has no release for this Python; details in $SETUP_LOG"
    elif grep -qiE 'could not resolve|temporary failure|unable to connect|could not connect|connection failed|failed to fetch|unreachable|name resolution|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|NewConnectionError|timed out|no matching distribution|unable to locate package' <<<"$tail_of_log"; then
        echo "there is no way to the package servers; check the network (or its proxy) and start again"
    else
        echo "$(grep -iE '^(E:|error|npm err)' <<<"$tail_of_log" | tail -n 1); details in $SETUP_LOG"
    fi
}

apt_install() {
    command -v apt-get >/dev/null ||
        fail "$* missing, and this system has no apt-get; install them by hand, or set DATABASE_URL to a PostGIS of yours"
    can_be_root ||
        fail "$* missing and this user may not use sudo without a password; ask an administrator to run: apt-get install $*"
    say "installing $*"
    apt_get update || say "warning: the package lists could not be refreshed"
    apt_get install --no-install-recommends -y "$@" || fail "$* could not be installed: $(reason_in_log)"
}

# The Debian package would start a cluster of its own on port 5432; ours is private.
forbid_main_cluster() {
    local file=/etc/postgresql-common/createcluster.conf
    grep -qsE '^[[:space:]]*create_main_cluster' "$file" && return
    as_root mkdir -p "${file%/*}"
    printf 'create_main_cluster = false\n' | as_root tee -a "$file" >/dev/null
}

python_fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Sets SYSTEM_PYTHON to a Python that can make the environment.
find_python() {
    local candidate
    for candidate in ${NCC_PYTHON:+"$NCC_PYTHON"} /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null && python_fits "$candidate"; then
            SYSTEM_PYTHON="$candidate"
            return
        fi
    done
    return 1
}

# Prints the newest installed major version of PostgreSQL that has PostGIS.
installed_postgres() {
    local control version
    for control in /usr/share/postgresql/*/extension/postgis.control; do
        version="${control#/usr/share/postgresql/}"
        version="${version%%/*}"
        [[ -x "/usr/lib/postgresql/$version/bin/initdb" ]] && echo "$version"
    done | sort -n | tail -n 1
}

postgres_package() {
    local wanted="${1:-}"
    if [[ -n "$wanted" ]]; then
        echo "postgresql-$wanted-postgis-3"
    else
        apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' 2>/dev/null | awk '{ print $1 }' | sort -V | tail -n 1
    fi
}

chromium_path() {
    local candidate
    for candidate in ${NCC_CHROMIUM:+"$NCC_CHROMIUM"} /usr/bin/chromium; do
        [[ -x "$candidate" ]] && { echo "$candidate"; return; }
    done
    find "$NCC_VAR/playwright" "${HOME:-/root}/.cache/ms-playwright" -path '*chrome-linux*/chrome' -type f 2>/dev/null | sort | tail -n 1
}

install_system() {
    local purpose="$1" needs=() wanted="" release=""
    [[ -r /etc/os-release ]] && release="$(. /etc/os-release && echo "${ID:-}")"
    if [[ ! -x "$PYTHON" ]] && ! find_python; then
        needs+=(python3 python3-venv)
    fi
    if [[ -z "${DATABASE_URL:-}" ]]; then
        [[ -f "$NCC_VAR/postgres/PG_VERSION" ]] && wanted="$(<"$NCC_VAR/postgres/PG_VERSION")"
        if [[ -z "$(installed_postgres)" ]]; then
            needs+=(postgresql-postgis)
        elif [[ -n "$wanted" && ! -x "/usr/lib/postgresql/$wanted/bin/postgres" ]]; then
            fail "the database in $NCC_VAR/postgres was made by PostgreSQL $wanted and this system has $(installed_postgres); install postgresql-$wanted-postgis-3, or set NCC_VAR to a new folder and restore a backup there"
        fi
    fi
    [[ -e /etc/ssl/certs/ca-certificates.crt ]] || needs+=(ca-certificates)
    if [[ "$purpose" == test ]]; then
        command -v msgfmt >/dev/null || needs+=(gettext)
        compgen -G '/usr/share/fonts/truetype/*' >/dev/null || needs+=(fonts-dejavu-core)
        [[ "$release" != debian || -n "$(chromium_path)" ]] || needs+=(chromium)
    fi
    ((${#needs[@]})) || return 0
    if [[ " ${needs[*]} " == *" postgresql-postgis "* ]]; then
        can_be_root || fail "PostgreSQL with PostGIS is missing and this user may not use sudo without a password; ask an administrator to install postgresql-15-postgis-3 (Ubuntu: postgresql-16-postgis-3), or set DATABASE_URL to a PostGIS of yours"
        forbid_main_cluster
        apt_get update || say "warning: the package lists could not be refreshed"
        local package
        package="$(postgres_package "$wanted")"
        [[ -n "$package" ]] || fail "no package of PostgreSQL with PostGIS is to be had: $(reason_in_log)"
        needs=("${needs[@]/postgresql-postgis/$package}")
    fi
    apt_install "${needs[@]}"
    if [[ ! -x "$PYTHON" ]] && ! find_python; then
        fail "Python $(/usr/bin/python3 -c 'import platform; print(platform.python_version())') is too old; 3.11 or later is needed (Debian 12, Ubuntu 24.04), NCC_PYTHON may name one"
    fi
}
