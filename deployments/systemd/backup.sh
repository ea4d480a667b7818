#!/bin/sh
# Copy the three databases as they are between two operations: the copy holds the lock that every reader of ours holds.
#   backup.sh HOME TARGET [DAYS]      keeps DAYS days, 14 by default
# To restore: stop Tradewind, put the three files back into the home, start it. The next tick reconciles with the venue.
set -eu
home=$1 target=$2 days=${3:-14}
draft=$target/.draft
rm -rf "$draft"
mkdir -p "$draft"
for name in market trading research; do
    file=$home/$name.duckdb
    [ -e "$file" ] || continue
    flock --shared --timeout 60 "$file.lock" sh -c 'cp "$1" "$2"; if [ -e "$1.wal" ]; then cp "$1.wal" "$2"; fi' sh "$file" "$draft"
done
sync "$draft"/*
mv -T "$draft" "$target/$(date -u +%Y-%m-%dT%H%M%SZ)"
find "$target" -mindepth 1 -maxdepth 1 -type d -name '20*Z' -mtime "+$days" -exec rm -rf {} +
