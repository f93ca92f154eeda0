#!/usr/bin/env bash
# Trains what one line of a list says: what a scheduler calls once a line, on any machine, in any order.
#   NTA_HOME=/shared/nta scripts/cluster/train.sh LIST [NUMBER]
# NUMBER counts from 0; without it, what Slurm (SLURM_ARRAY_TASK_ID) or Kubernetes (JOB_COMPLETION_INDEX) says. All runs and
# models go into one home on a shared disk. Called again after the machine was lost, it goes on with the unfinished run.
# Exit codes are those of nta: 2 is a refusal, which no second try mends.
set -euo pipefail
list="${1:?a list of trainings, one a line}"
number="${2:-${SLURM_ARRAY_TASK_ID:-${JOB_COMPLETION_INDEX:?no number given, and no scheduler gives one}}}"
: "${NTA_HOME:?a folder that every machine sees}"
line="$(grep -v -e '^#' -e '^[[:space:]]*$' "$list" | sed -n "$((number + 1))p")"
[ -n "$line" ] || { echo "$list has no training number $number" >&2; exit 2; }
# Words as a shell reads them, so that a value may hold spaces; xargs obeys nothing else.
mapfile -d '' -t arguments < <(xargs printf '%s\0' <<<"$line")
exec "${NTA:-nta}" run "${arguments[@]}" --resume --quiet ${SLURM_CPUS_PER_TASK:+--threads "$SLURM_CPUS_PER_TASK"}
