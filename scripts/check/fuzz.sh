#!/usr/bin/env bash
# Mutations of small files against every parser, each for so many seconds, in bounded memory: no panic, no abort, no end of memory.
#   scripts/check/fuzz.sh SECONDS [TARGET…]        NTA_FUZZ_SEED=2 for other mutations; NTA_DATA for further files to begin with;
#   NTA_TEST_BINARY=target/debug/deps/tests-… where the tests are built already
# Targets: tests/mutations.rs. The forest's file has one for libFuzzer beside: crates/forest/fuzz.
# What made a target panic stands in the folder named at the end, as TARGET.SEED-N.panic; what ended its process, as TARGET.last.
set -eu
targets="csv json_lines eve zeek argus netflow_v5 netflow_v9 ipfix pcap pcapng model_files suppression_list verdicts posted"
memory=$((2 * 1024 * 1024)) # KiB of address space, threads' stacks included

seconds=${1:?SECONDS of each target}
shift
cd "$(dirname "$0")/../.."
tests=${NTA_TEST_BINARY:-$(cargo test --locked --workspace --test tests --no-run --message-format=json 2>/dev/null |
  sed -n 's/.*"name":"tests".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)}
[ -x "$tests" ] || { cargo test --locked --workspace --test tests --no-run; exit 1; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/nta-fuzz.XXXXXX")
mkdir "$folder/corpus"
if [ -d "${NTA_DATA:-data}/formats" ]; then
  add() { mkdir -p "$folder/corpus/$1" && find "$2" -type f -size -16k -exec cp {} "$folder/corpus/$1/" \; ; }
  formats=${NTA_DATA:-data}/formats
  add pcap "$formats/pcap-odd" && add pcapng "$formats/pcap-odd"
  for target in netflow_v5 netflow_v9 ipfix; do add "$target" "$formats/netflow"; done
fi
cd crates/nta # where cargo runs them
failed=0
for target in ${*:-$targets}; do
  if ! (ulimit -v "$memory" && CARGO_MANIFEST_DIR=$PWD NTA_FUZZ_SECONDS=$seconds NTA_FUZZ_FOLDER=$folder \
    timeout $((seconds + 600)) "$tests" --exact "mutations::$target" --nocapture --test-threads 1) >"$folder/$target.log" 2>&1; then
    failed=1
    echo "$target: FAILED, $folder/$target.log ends with:" && tail -n 5 "$folder/$target.log"
  else
    # A target that was not run says nothing, and has not held.
    grep -o "$target: [0-9]* inputs.*" "$folder/$target.log" || { failed=1; echo "$target: was not run"; }
  fi
done
if [ $failed = 0 ]; then rm -r "$folder"; else echo "kept: $folder"; fi
exit $failed
