"""Candidates for the LSTM's settings on KDD99, judged by leaving one attack family of the training file out.

The file is read in blocks in its order: every tenth is validated on, as in the bench; scored are the blocks that hold the
family and a tenth of the others, all of their rows in order, so that an attack stands where it stood.
"""

import numpy as np

from . import dump, kdd, left_out, lstm_tables, sequence_dump

CANDIDATES = "lstm-candidates.json"
# Share of the blocks that a widespread family is scored in.
MOST_BLOCKS = 0.15
HELD_OUT = 0.1
MEASURES = [
    ("avg. precision", "left out", "average_precision"),
    ("ROC-AUC", "left out", "roc_auc"),
    ("DR@1%", "left out", "dr_at_1"),
    ("avg. precision", "known", "average_precision"),
]


def compare(bench, candidates, seeds):
    folder = kdd.table("kdd99")
    x, labels, families = lstm_tables.kdd99_inputs(folder)[0], dump.labels(folder, "train"), kdd.train_families(folder)
    block, validate = lstm_tables.kdd99_blocks(len(labels))

    def write_part(part, family, seed):
        rng = np.random.default_rng(seed)
        score = (rng.random(len(validate)) < HELD_OUT) & ~validate
        of_family = np.unique(block[families == family])
        most = int(MOST_BLOCKS * len(validate))
        score[of_family if len(of_family) <= most else rng.choice(of_family, most, replace=False)] = True
        known = families != family
        chosen = {
            "train": ~(score | validate)[block] & known,
            "validation": (validate & ~score)[block] & known,
            "test": score[block],
        }
        rows = {name: np.flatnonzero(which) for name, which in chosen.items()}
        sequence_dump.write(part, {n: (x[r], labels[r], lstm_tables.in_a_row(r)) for n, r in rows.items()})
        return families[rows["test"]]

    judge = left_out.Judge(bench, bench.config(hidden=64, length=lstm_tables.LENGTH), "lstm-kdd99")
    return left_out.compare(judge, candidates, seeds, families, write_part, MEASURES, timed=False)
