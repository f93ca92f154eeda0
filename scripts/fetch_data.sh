#!/usr/bin/env bash
# Downloads the public data sets that the shipped configs name, from their publishers, into data/ (or NTA_DATA).
#   scripts/fetch_data.sh [nsl-kdd] [kddcup99] [ctu13] [iot-23]      all of them without an argument
# Needs curl, gzip, unzip and sha256sum. A file whose sha256 (of its uncompressed text) is not the expected one is refused.
# IoT-23's publisher serves Zeek logs and no checksums: they are turned into the CSV files that configs/iot-23.yaml names,
# and the logs' sums are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
to="${NTA_DATA:-data}"
part="$(mktemp -d)"
trap 'rm -rf "$part"' EXIT

fetch() { # URL FILE
  echo "fetching $1" >&2
  curl --fail --location --silent --show-error --retry 3 --output "$2" "$1"
}

keep() { # PLAIN-TEXT-FILE SHA256 TARGET.gz
  local sum
  sum="$(sha256sum <"$1" | cut -d' ' -f1)"
  if [ "$sum" != "$2" ]; then
    echo "fetch_data: $3: sha256 of the text is $sum, expected $2; the file was not kept" >&2
    return 1
  fi
  mkdir -p "$(dirname "$3")"
  gzip -n -9 -c "$1" >"$3.part"
  mv "$3.part" "$3"
  echo "kept $3"
}

nsl_kdd() {
  fetch "http://205.174.165.80/CICDataset/NSL-KDD/Dataset/NSL-KDD.zip" "$part/nsl.zip"
  unzip -q -o "$part/nsl.zip" -d "$part/nsl"
  keep "$(find "$part/nsl" -name 'KDDTrain+.txt' | head -n 1)" 1b86d2f957b33082081bba410fe129b475efebcc13c9014c3f447c8271aadf95 "$to/nsl-kdd/KDDTrain+.txt.gz"
  keep "$(find "$part/nsl" -name 'KDDTest+.txt' | head -n 1)" fa46b0935342616aa83b7c2578db355b6a7aaabbc492248172c7a1e8b7ab8f84 "$to/nsl-kdd/KDDTest+.txt.gz"
}

kddcup99() {
  local from="http://kdd.ics.uci.edu/databases/kddcup99"
  fetch "$from/kddcup.data_10_percent.gz" "$part/ten.gz"
  gzip -dc "$part/ten.gz" >"$part/ten"
  keep "$part/ten" f8c8267ebcd9c0ed1fd7d6277fe5bfff8732e9b7db8e61b873542b2a534b6f9a "$to/kddcup99/kddcup.data_10_percent.gz"
  fetch "$from/corrected.gz" "$part/corrected.gz"
  gzip -dc "$part/corrected.gz" >"$part/corrected"
  keep "$part/corrected" 547dfb9c0f0dc1d9944219ec79e851191faebaeb8acbfa1cd171c418397052a4 "$to/kddcup99/corrected.gz"
}

ctu13() {
  fetch "https://mcfp.felk.cvut.cz/publicDatasets/CTU-Malware-Capture-Botnet-47/detailed-bidirectional-flow-labels/capture20110816.binetflow" "$part/ctu13"
  keep "$part/ctu13" 801800eeda9a5a44868b1e3e492f93dc6d52b5d14566c1d8431c9e85d0d2adaa "$to/ctu13/capture20110816.binetflow.gz"
}

# Zeek's log as the CSV that configs/iot-23.yaml names: the labels stand behind the last tab, set off by blanks.
zeek_csv() { # LOG
  awk -F '\t' -v OFS=, '
    /^#fields/ { sub(/^#fields\t/, ""); gsub(/   +/, "\t"); gsub(/\t/, ","); print; next }
    /^#/ { next }
    { gsub(/   +/, "\t"); $0 = $0; for (i = 1; i <= NF; i++) if ($i ~ /[,"]/) { gsub(/"/, "\"\"", $i); $i = "\"" $i "\"" } $1 = $1; print }
  ' "$1"
}

iot_23() {
  local from="https://mcfp.felk.cvut.cz/publicDatasets/IoT-23-Dataset/IndividualScenarios" capture name
  mkdir -p "$to/iot-23"
  for capture in Honeypot-Capture-4-1 Honeypot-Capture-5-1 IoT-Malware-Capture-{20-1,34-1,8-1,42-1}; do
    name="CTU-${capture#IoT-}-labeled.csv"
    fetch "$from/CTU-$capture/bro/conn.log.labeled" "$part/conn.log"
    zeek_csv "$part/conn.log" >"$to/iot-23/$name.part"
    mv "$to/iot-23/$name.part" "$to/iot-23/$name"
    echo "kept $to/iot-23/$name (no published checksum; sha256 of the log: $(sha256sum <"$part/conn.log" | cut -d' ' -f1))"
  done
}

for set in "${@:-all}"; do
  case "$set" in
    all) nsl_kdd; kddcup99; ctu13; iot_23 ;;
    nsl-kdd) nsl_kdd ;;
    kddcup99) kddcup99 ;;
    ctu13) ctu13 ;;
    iot-23) iot_23 ;;
    *) echo "fetch_data: unknown data set '$set': nsl-kdd, kddcup99, ctu13 or iot-23" >&2; exit 2 ;;
  esac
done
