# The Debian 12 packages that the project stands on, and how they get here. Sourced by tools/test
# and tools/run; bash.

# To build the program and the unit tests.
TURNO_PACKAGES_BUILD=(
    cmake ninja-build gcc g++ pkg-config
    librocksdb-dev libuv1-dev liburing-dev libmsgpack-dev libsodium-dev libssl-dev node-llhttp libsimdjson-dev
    libcctz-dev libutf8proc-dev libinih-dev libcurl4-openssl-dev libcmocka-dev
    python3 tzdata
)
# To run every test: sanitizers and fuzzing with clang, layout of the code, scripts.
TURNO_PACKAGES_TEST=(
    clang-14 libclang-rt-14-dev llvm-14 clang-format-14
    curl openssl ca-certificates git
    golang-go golang-golang-x-mod-dev
)
# To compare with others in tests/bench; not needed for anything else.
TURNO_PACKAGES_BENCH=(wrk nginx-light postgresql)

# turno_packages_install PACKAGE...: install those that are missing. 4 when that cannot be done.
turno_packages_install() {
    local missing=() package state
    for package in "$@"; do
        state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing+=("$package")
    done
    if [ "${#missing[@]}" -eq 0 ]; then
        return 0
    fi
    if ! command -v apt-get >/dev/null; then
        echo "missing: ${missing[*]}" >&2
        echo "No apt-get here: install what these Debian packages hold, then try again." >&2
        return 4
    fi
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing: ${missing[*]}" >&2
        echo "Run this once as root, or: sudo apt-get install ${missing[*]}" >&2
        return 4
    fi
    echo "installing: ${missing[*]}" >&2
    if ! { DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
            "${missing[@]}"; } >&2; then
        echo "apt-get could not install: ${missing[*]}" >&2
        echo "Turno needs Debian 12 (bookworm) packages and a mirror that can be reached." >&2
        return 4
    fi
}
