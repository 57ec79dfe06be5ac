#!/bin/bash
# The free-space reserve on a small file system of its own. Debian's RocksDB aborts the process when
# the disk is full, so the reserve must refuse before. Exit 77 (skipped) where nothing may be mounted.
set -u
program=${TURNO_BUILD:?}/tests/full_disk
if [ ! -x "$program" ]; then
    echo "skipped: no $program"
    exit 77
fi
if [ "${1:-}" != mounted ]; then
    unshare -rm true 2>/dev/null || { echo "skipped: no mount namespace"; exit 77; }
    exec unshare -rm bash "$0" mounted
fi
base=$(mktemp -d) || exit 1
trap 'umount "$base" 2>/dev/null; rmdir "$base"' EXIT
mount -t tmpfs -o size=192m none "$base" || { echo "skipped: mounting is not allowed"; exit 77; }
head -c 64M /dev/zero >"$base/ballast"
"$program" "$base/ledger" "$base/ballast" $((16 << 20))
