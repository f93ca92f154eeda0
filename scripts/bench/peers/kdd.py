"""NSL-KDD and KDD99 as tables for the forests: the official training and test files, categories as ranks."""

import collections
import gzip
import os
import sys

import numpy as np

from . import dump
from .environment import PROJECT, cache

NAMES = """duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot num_failed_logins
logged_in num_compromised root_shell su_attempted num_root num_file_creations num_shells num_access_files
num_outbound_cmds is_host_login is_guest_login count srv_count serror_rate srv_serror_rate rerror_rate srv_rerror_rate
same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count dst_host_same_srv_rate
dst_host_diff_srv_rate dst_host_same_src_port_rate dst_host_srv_diff_host_rate dst_host_serror_rate
dst_host_srv_serror_rate dst_host_rerror_rate dst_host_srv_rerror_rate""".split()
CATEGORIES = [NAMES.index(name) for name in ("protocol_type", "service", "flag")]
FILES = {
    "nsl-kdd": ("nsl-kdd/KDDTrain+.txt.gz", "nsl-kdd/KDDTest+.txt.gz"),
    "kdd99": ("kddcup99/kddcup.data_10_percent.gz", "kddcup99/corrected.gz"),
}
TITLES = {"nsl-kdd": "NSL-KDD, KDDTrain+ → KDDTest+", "kdd99": "KDD99, 10 % → corrected"}

# As nta-preprocess has them by default.
MIN_COUNT = 10
SMOOTHING = 10.0


def data_file(path):
    """A file of the data folder (`NTA_DATA`, else the project's `data`), or an end in words."""
    found = os.path.join(os.environ.get("NTA_DATA") or os.path.join(PROJECT, "data"), path)
    if not os.path.exists(found):
        sys.exit(f"{found} is missing: get it with `scripts/fetch_data.sh`, or set NTA_DATA to the folder that has it")
    return found


def table(name):
    """The folder of the dumped table; made at the first call."""
    files = [data_file(path) for path in FILES[name]]
    folder = cache("bench-data", name)
    stamp = " ".join(f"{os.path.getsize(f)}:{int(os.path.getmtime(f))}" for f in files) + " 1"
    kept = os.path.join(folder, "made-from.txt")
    if os.path.exists(kept) and open(kept).read() == stamp:
        return folder
    print(f"  reading {name} into {folder}", file=sys.stderr)
    (train, train_families), (test, test_families) = (read(file) for file in files)
    attack = labels_of(train_families)
    for j in CATEGORIES:
        ranks, other = ranked(train[j], attack)
        train[j], test[j] = ([ranks.get(text, other) for text in part[j]] for part in (train, test))
    parts = {}
    for part, columns, families in (("train", train, train_families), ("test", test, test_families)):
        numbers = np.array([np.asarray(column, dtype=np.float64) for column in columns], dtype="<f4")
        parts[part] = (numbers, labels_of(families))
    dump.write(folder, NAMES, parts)
    np.save(os.path.join(folder, "families.npy"), np.array(train_families))
    with open(kept, "w") as file:
        file.write(stamp)
    return folder


def train_families(folder):
    """What each training row is, by name: `normal` or an attack."""
    return np.load(os.path.join(folder, "families.npy"))


def read(file):
    """Columns of text and what each row is."""
    with gzip.open(file, "rt") as lines:
        fields = [line.rstrip("\n").split(",") for line in lines if line.strip()]
    columns = [[row[j] for row in fields] for j in range(len(NAMES))]
    return columns, [row[len(NAMES)].rstrip(".") for row in fields]


def labels_of(families):
    return np.array([family != "normal" for family in families], dtype="u1")


def ranked(column, attack):
    """The rank of each category by its smoothed share of attacks, and that of all others, as nta-preprocess has it."""
    base = attack.mean()
    counts = collections.defaultdict(lambda: [0, 0])
    for text, label in zip(column, attack):
        counts[text][0] += 1
        counts[text][1] += int(label)
    other = [0, 0]
    for text in [t for t, (n, _) in counts.items() if n < MIN_COUNT]:
        rows, attacks = counts.pop(text)
        other = [other[0] + rows, other[1] + attacks]
    rate = lambda count: (count[1] + SMOOTHING * base) / (count[0] + SMOOTHING)
    entries = [(rate(other), "", None)] + [(rate(c), text, text) for text, c in sorted(counts.items())]
    order = {text: rank for rank, (_, _, text) in enumerate(sorted(entries, key=lambda e: e[:2]))}
    return order, order[None]
