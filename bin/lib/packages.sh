# shellcheck shell=bash
# Python and front-end packages, exactly as the committed locks name them.

# Installs requirements/base.txt, or dev.txt (which holds both) for tests, when its lock has changed.
install_python() {
    local lock=base
    [[ "$1" == test ]] && lock=dev
    local want
    want="$(digest <"$ROOT/requirements/$lock.txt")"
    if "$PYTHON" -c '' 2>/dev/null; then
        [[ "$(cat "$NCC_VENV/.ncc-$lock" 2>/dev/null)" == "$want" ]] && return
    else
        find_python || fail "no Python 3.11 or later with venv found; install python3-venv, or name one in NCC_PYTHON"
        "$SYSTEM_PYTHON" -m venv --clear "$NCC_VENV" >>"$SETUP_LOG" 2>&1 ||
            fail "the Python environment $NCC_VENV could not be made: $(reason_in_log)"
    fi
    say "installing Python packages ($lock)"
    rm -f "$NCC_VENV"/.ncc-*
    interruptible env PIP_DISABLE_PIP_VERSION_CHECK=1 "$PYTHON" -m pip install --quiet --no-input --only-binary :all: \
        --require-hashes -r "$ROOT/requirements/$lock.txt" >>"$SETUP_LOG" 2>&1 ||
        fail "the Python packages could not be installed: $(reason_in_log)"
    digest <"$ROOT/requirements/base.txt" >"$NCC_VENV/.ncc-base"
    if [[ "$lock" == dev ]]; then
        echo "$want" >"$NCC_VENV/.ncc-dev"
    fi
}

# Installs the packages of package-lock.json beside the old ones, then swaps the folders.
install_node() {
    local want build="$NCC_VAR/npm" omit=(--omit=dev)
    want="$(cat "$ROOT/package.json" "$ROOT/package-lock.json" | digest)"
    if [[ "$1" == test ]]; then
        omit=()
        want+=" dev"
    fi
    local have
    have="$(cat "$NCC_NODE_MODULES/.ncc-lock" 2>/dev/null || true)"
    [[ "$have" == "$want" || "$have" == "$want dev" ]] && return
    say "installing front-end packages"
    rm -rf "$build"
    mkdir -p "$build"
    cp "$ROOT/package.json" "$ROOT/package-lock.json" "$ROOT/.npmrc" "$build/"
    interruptible env -C "$build" PATH="$NCC_VENV/bin:$PATH" "$PYTHON" "$NCC_VENV/bin/npm" ci \
        ${omit[@]+"${omit[@]}"} >>"$SETUP_LOG" 2>&1 ||
        fail "the front-end packages could not be installed: $(reason_in_log)"
    echo "$want" >"$build/node_modules/.ncc-lock"
    rm -rf "$NCC_NODE_MODULES"
    mkdir -p "${NCC_NODE_MODULES%/*}"
    mv "$build/node_modules" "$NCC_NODE_MODULES"
    rm -rf "$build"
}

# Where the system has no chromium package (Ubuntu has a snap only), Playwright brings one.
install_playwright_chromium() {
    say "installing Chromium for the browser tests"
    export PLAYWRIGHT_BROWSERS_PATH="$NCC_VAR/playwright"
    as_root env PLAYWRIGHT_BROWSERS_PATH="$PLAYWRIGHT_BROWSERS_PATH" "$PYTHON" -m playwright install-deps chromium >>"$SETUP_LOG" 2>&1 </dev/null ||
        say "warning: libraries Chromium needs could not be installed: $(reason_in_log)"
    "$PYTHON" -m playwright install chromium >>"$SETUP_LOG" 2>&1 </dev/null ||
        say "warning: no Chromium to be had, browser tests are skipped: $(reason_in_log)"
}
