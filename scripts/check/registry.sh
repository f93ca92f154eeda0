#!/usr/bin/env bash
# Two processes promote 500 times each through the real binary while a third reads, then 40 promotions are killed at random
# moments (kill -9). Afterwards the log holds every promotion in whole lines, each going on where the one before ended,
# and the alias stands where the log's last line says.
#   scripts/check/registry.sh [NTA]
# NTA is a built binary (default: the one cargo builds here). Needs bash and coreutils.
set -euo pipefail
cd "$(dirname "$0")/../.."
nta="${1:-}"
if [ -z "$nta" ]; then
  cargo build --quiet
  nta="${CARGO_TARGET_DIR:-target}/debug/nta"
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
fail() { echo "registry: $*" >&2; exit 1; }
log="$work/models/toy/log.jsonl"
mkdir -p "$work/models/toy"
for number in 1 2 3; do cp -r crates/model/tests/data/model-revision-1 "$work/models/toy/$number"; done

times() { grep -c "\"who\":\"$1@" "$log"; }
check() { # every line whole, from = to of the line before, the alias where the last line says
  local before=null from to line
  [ -z "$(tail -c 1 "$log")" ] || fail "the log's last line is torn"
  while IFS= read -r line; do
    [[ "$line" =~ ^\{\"time\":.*\"from\":(null|[0-9]+),\"to\":([0-9]+)(,\"why\":\".*\")?\}$ ]] || fail "not a whole line: $line"
    from="${BASH_REMATCH[1]}" to="${BASH_REMATCH[2]}"
    [ "$from" = "$before" ] || fail "the line before ended at $before: $line"
    before="$to"
  done < "$log"
  grep -qx "\"champion\": $before" "$work/models/toy/aliases.yaml" || fail "the log ends at $before, aliases.yaml elsewhere"
}
promote() { # WHO TIMES
  for ((i = 0; i < $2; i++)); do USER="$1" "$nta" promote "toy/$((1 + i % 3))" --home "$work" > /dev/null || fail "promotion $i of $1"; done
}

promote ann 500 & ann=$!
promote bob 500 & bob=$!
n_read=0
while kill -0 "$ann" 2> /dev/null || kill -0 "$bob" 2> /dev/null; do
  "$nta" models --json --home "$work" > /dev/null || fail "the models cannot be read meanwhile"
  n_read=$((n_read + 1))
done
wait "$ann"; wait "$bob"
check
[ "$(times ann)/$(times bob)" = 500/500 ] || fail "promotions are missing: $(times ann) and $(times bob) of 500 each"

for round in $(seq 40); do
  USER=eve "$nta" promote "toy/$((1 + round % 3))" --home "$work" > /dev/null & child=$!
  sleep "$(printf 0.%03d $((RANDOM % 30)))"
  kill -9 "$child" 2> /dev/null || true
  wait "$child" 2> /dev/null || true
  "$nta" models --json --home "$work" > /dev/null
  n="$(wc -l < "$log")"
  USER=ann "$nta" promote toy/1 --home "$work" > /dev/null
  [ "$(wc -l < "$log")" = $((n + 1)) ] || fail "round $round: the promotion after the kill is not one line more"
  check
done
echo "registry: 1,000 promotions of two processes and $(times eve) of 40 killed ones in the log, $n_read readings meanwhile, all in agreement"
