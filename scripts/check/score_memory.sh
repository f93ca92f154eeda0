#!/usr/bin/env bash
# Peak memory of `nta score` for a file and for ten copies of it: they may differ by less than 10 %.
#   scripts/check/score_memory.sh NTA HOME MODEL FILE [COPIES]
# FILE is plain text without a header line (KDDTest+.txt), or with one that is kept once (a CSV, a binetflow). Needs GNU time.
set -euo pipefail
shopt -s inherit_errexit
nta="$1" home="$2" model="$3" file="$4" copies="${5:-10}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
name="$(basename "$file" .gz)"
case "$file" in *.gz) gzip -dc "$file" >"$work/$name" ;; *) cp "$file" "$work/$name" ;; esac
many="$work/many-$name"
cp "$work/$name" "$many"
skip=1
if head -n 1 "$work/$name" | grep -q '^[A-Za-z]'; then skip=2; fi
for _ in $(seq 2 "$copies"); do tail -n "+$skip" "$work/$name" >>"$many"; done
peak() { # INPUT
  /usr/bin/time -f %M -o "$work/time" "$nta" score "$model" "$1" -o "$work/out.$2" --home "$home" --quiet >/dev/null
  tail -n 1 "$work/time"
}
for ending in csv parquet; do
  one="$(peak "$work/$name" "$ending")"
  ten="$(peak "$many" "$ending")"
  echo "$name to $ending: $((one / 1024)) MB, $copies copies $((ten / 1024)) MB, $((100 * (ten - one) / one)) % more"
done
