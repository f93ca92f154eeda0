#!/usr/bin/env bash
# Plays the scheduler for scripts/cluster: small trainings at the same time in one home, by Slurm's variable and by
# Kubernetes', one of them killed and queued again; then the same one after the other in another home.
#   scripts/check/cluster.sh NTA          needs bash, timeout and python3
# Ends with 1 unless both homes hold the same models, one a line, and a line that is not there is refused with 2.
set -euo pipefail
export NTA
NTA="$(realpath "${1:?the nta binary}")"
cd "$(dirname "$0")/../.."
for script in scripts/cluster/train.sh scripts/cluster/train.sbatch; do bash -n "$script"; done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for seed in 7 8 9; do
  echo "configs/quickstart.yaml --set choice=off --set name=site-$seed --set seed=$seed --set forest.trees=20 --set lstm.hidden=8" \
    "--set lstm.epochs=3 --set \"data.train={ simulate: { flows: 20000 } }\" --set hybrid.budget.false_positive_rate=0.1"
done | { echo '# three sites'; cat; } >"$work/jobs.txt"

# Exit code 137 where the first try was killed: what a scheduler queues again.
killed() { # NUMBER
  SLURM_ARRAY_TASK_ID=$1 NTA_HOME="$work/together" timeout -s KILL 2 scripts/cluster/train.sbatch "$work/jobs.txt" || echo $?
}
export SLURM_CPUS_PER_TASK=1
echo "first try of line 0, killed after 2 s: exit code $(killed 0)"
jobs=()
for n in 0 1; do
  SLURM_ARRAY_TASK_ID=$n NTA_HOME="$work/together" bash scripts/cluster/train.sbatch "$work/jobs.txt" >/dev/null & jobs+=($!)
done
JOB_COMPLETION_INDEX=2 NTA_HOME="$work/together" scripts/cluster/train.sh "$work/jobs.txt" >/dev/null & jobs+=($!)
for job in "${jobs[@]}"; do wait "$job"; done
for n in 0 1 2; do NTA_HOME="$work/apart" scripts/cluster/train.sh "$work/jobs.txt" $n >/dev/null; done
code=0
NTA_HOME="$work/apart" scripts/cluster/train.sh "$work/jobs.txt" 3 2>/dev/null || code=$?
[ "$code" = 2 ] || { echo "a line that is not there: exit code $code, not 2"; exit 1; }

models() { # HOME
  "$NTA" models --home "$1" --json | python3 -c '
import json, sys
for m in sorted((m["version"], m["digest"]) for m in json.load(sys.stdin)): print(*m)'
}
models "$work/together" >"$work/a"
models "$work/apart" >"$work/b"
if [ "$(wc -l <"$work/a")" != 3 ] || ! cmp "$work/a" "$work/b"; then
  cat "$work/a" "$work/b"
  exit 1
fi
echo "3 lines, 3 models, the same at once, after a kill, and one after the other:"
cat "$work/a"
