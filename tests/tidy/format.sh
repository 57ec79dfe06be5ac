#!/bin/bash
# Is every C and C++ file formatted as .clang-format says? `format.sh --fix` makes it so.
# Exit 77 (skipped) without clang-format 14: other versions break lines differently.
set -u
cd "$(dirname "$0")/../.." || exit 1

program=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$program" ] || ! "$program" --version | grep -q 'version 14\.'; then
    echo "skipped: no clang-format 14"
    exit 77
fi
mapfile -d '' -t files < <(find ledger projections api tools tests -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) -print0 | sort -z)
if [ "${1:-}" = --fix ]; then
    exec "$program" -i "${files[@]}"
fi
if ! "$program" --dry-run --Werror "${files[@]}"; then
    echo "not formatted; tests/tidy/format.sh --fix formats every file"
    exit 1
fi
echo "${#files[@]} files are formatted"
