#!/bin/bash
# clang-tidy over all that ships, by the compile commands of a clang build. Minutes, so no ctest.
# Usage: clang_tidy.sh [BUILD_FOLDER]   (default build/asan)
set -u
cd "$(dirname "$0")/../.." || exit 1
folder=${1:-build/asan}
if [ ! -f "$folder/compile_commands.json" ]; then
    echo "no $folder/compile_commands.json: cmake --preset asan" >&2
    exit 2
fi
find ledger projections api tools -name '*.c' -print0 | sort -z |
    xargs -0 -n 4 -P "$(nproc)" clang-tidy-14 -p "$folder" --quiet
