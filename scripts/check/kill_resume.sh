#!/usr/bin/env bash
# Kills a run 36 times (kill -9) at the beginning, middle and end of every stage, resumes it each time, and checks that
# what comes out is what the uninterrupted run gives: evaluation.json and the model's digest, no temporary file, one run.
#   scripts/check/kill_resume.sh [NTA] [CONFIG]
# NTA is a built binary (default: the one cargo builds here), CONFIG a quick one (default: configs/quickstart.yaml, made
# small). Needs bash and coreutils.
set -euo pipefail
cd "$(dirname "$0")/../.."
nta="${1:-}"
config="${2:-configs/quickstart.yaml}"
if [ -z "$nta" ]; then
  cargo build --quiet
  nta="${CARGO_TARGET_DIR:-target}/debug/nta"
fi
small=(--set "data.train={simulate: {flows: 20000, hosts: 40}}" --set forest.trees=60 --set lstm.hidden=32 --set lstm.epochs=4
       --set "hybrid.budget={false_positive_rate: 0.02}" --quiet)
[ "$config" = configs/quickstart.yaml ] || small=(--quiet)
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
fail() { echo "kill_resume: $*" >&2; exit 1; }

digest() { grep -m 1 -ho '"digest": "[0-9a-f]*"' "$1"/models/*/*/manifest.json; }
same() { # HOME: evaluation and digest of its run equal the reference's
  cmp -s "$work"/reference/experiments/*/*/evaluation.json "$1"/experiments/*/*/evaluation.json || fail "$1: evaluation.json differs"
  [ "$(digest "$work/reference")" = "$(digest "$1")" ] || fail "$1: the model's digest differs"
  [ -z "$(find "$1" -name '.nta-tmp-*' -print -quit)" ] || fail "$1: a temporary file is left: $(find "$1" -name '.nta-tmp-*')"
  [ "$(find "$1/experiments" -name run.json | wc -l)" = 1 ] || fail "$1: not one run"
  [ "$(find "$1/models" -name manifest.json | wc -l)" = 1 ] || fail "$1: not one model version"
  [ "$("$nta" runs --home "$1" | grep -c finished)" = 1 ] || fail "$1: nta runs does not show one finished run"
}

now() { date +%s%N; }
begun=$(now)
"$nta" run "$config" "${small[@]}" --home "$work/reference" >"$work/reference.out"
whole=$((($(now) - begun) / 1000000))
echo "uninterrupted: $whole ms"

# When each stage begins and ends, in ms since the start, from the run's own events.
mapfile -t moments < <(
  python3 - "$work"/reference/experiments/*/*/events.jsonl "$whole" <<'PY' 2>/dev/null || seq 0 $((whole / 30)) "$whole"
import json, sys, datetime
lines = [json.loads(l) for l in open(sys.argv[1])]
at = lambda l: datetime.datetime.fromisoformat(l["time"].replace("Z", "+00:00")).timestamp() * 1000
begin = [(l["stage"], at(l)) for l in lines if l["event"] == "stage_begun"]
end = {l["stage"]: at(l) for l in lines if l["event"] == "stage_done"}
start = begin[0][1] - 30
for stage, t in begin:
    for share in (0.03, 0.5, 0.97):
        print(int(t - start + share * (end[stage] - t)))
for i in range(6):  # the epochs, once more
    t, e = dict(begin)["lstm"], end["lstm"]
    print(int(t - start + (i + 0.5) / 6 * (e - t)))
PY
)
n=0
for moment in "${moments[@]}"; do
  [ "$n" -lt 40 ] || break
  n=$((n + 1))
  home="$work/killed-$n"
  "$nta" run "$config" "${small[@]}" --home "$home" >/dev/null 2>&1 &
  pid=$!
  sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
  if kill -9 "$pid" 2>/dev/null; then how=killed; else how="had ended"; fi
  wait "$pid" 2>/dev/null || true
  if [ "$("$nta" runs --home "$home" 2>/dev/null | grep -c finished)" = 0 ]; then
    "$nta" run "$config" "${small[@]}" --home "$home" --resume >"$work/out" 2>"$work/err" || fail "resume after $moment ms: $(cat "$work/err")"
  fi
  same "$home"
  echo "$n: $how at $moment ms, resumed, equal"
  rm -rf "$home"
done
echo "$n kills, every resumed run equals the uninterrupted one"
