"""One measured peer, in this process alone: `python -m peers.forest_peers PEER TABLE OUT SEED THREADS [SETTINGS]`.

Fits on the dumped table's training rows, scores its test rows, writes `scores.f32` into OUT and prints one JSON line.
`onnxruntime` fits nothing: it scores with the forest that ours left in OUT.
"""

import json
import math
import os
import statistics
import sys
import time
import warnings

import numpy as np

from . import dump, memory

TREES = 100
# How long scoring is repeated, and how often at least: as in our own side.
SCORING_SECONDS, SCORING_TIMES = 0.5, 3


def scikit_learn(n_features, n_threads, seed):
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(TREES, n_jobs=n_threads, random_state=seed)
    return model.fit, lambda x: model.predict_proba(x)[:, 1]


def extra_trees(n_features, n_threads, seed):
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(TREES, n_jobs=n_threads, random_state=seed)
    return model.fit, lambda x: model.predict_proba(x)[:, 1]


def lightgbm(n_features, n_threads, seed):
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(
        boosting_type="rf",
        n_estimators=TREES,
        num_leaves=4096,
        bagging_freq=1,
        bagging_fraction=0.632,
        feature_fraction_bynode=math.sqrt(n_features) / n_features,
        n_jobs=n_threads,
        random_state=seed,
        verbose=-1,
    )
    return model.fit, lambda x: model.predict_proba(x)[:, 1]


def xgboost(n_features, n_threads, seed):
    from xgboost import XGBRFClassifier

    # A node looks at as many features as in the other forests: quicker and better than XGBoost's own 0.8 of them.
    model = XGBRFClassifier(
        n_estimators=TREES,
        tree_method="hist",
        max_depth=20,
        colsample_bynode=math.sqrt(n_features) / n_features,
        n_jobs=n_threads,
        random_state=seed,
    )
    return model.fit, lambda x: model.predict_proba(x)[:, 1]


PEERS = {
    "scikit-learn": (scikit_learn, "scikit-learn"),
    "extra-trees": (extra_trees, "scikit-learn"),
    "lightgbm": (lightgbm, "lightgbm"),
    "xgboost": (xgboost, "xgboost"),
}


def measure(name, table, out, seed, n_threads):
    x, y = dump.rows(table, "train"), dump.labels(table, "train")
    fit, predict = PEERS[name][0](x.shape[1], n_threads, seed)
    before = memory.begin_peak()
    begun = time.perf_counter()
    fit(x, y)
    fit_seconds = time.perf_counter() - begun
    peak = memory.peak_since(before)
    del x, y
    scores, rate = score(predict, dump.rows(table, "test"))
    save(out, scores)
    return {"fit_seconds": fit_seconds, "fit_peak_bytes": peak, "rows_per_second": rate}


def onnxruntime(table, out, n_threads):
    import onnxruntime as runtime

    from .forest_file import Trees, onnx_model

    options = runtime.SessionOptions()
    options.intra_op_num_threads = n_threads
    model = onnx_model(Trees(os.path.join(out, "forest.bin"))).SerializeToString()
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    scores, rate = score(lambda x: session.run(None, {"x": x})[0].ravel(), dump.rows(table, "test"))
    ours = np.fromfile(os.path.join(out, "scores.f32"), dtype="<f4")
    return {"rows_per_second": rate, "largest_difference": float(np.abs(scores - ours).max())}


def score(predict, x):
    """The scores and the median rate, after one call that warms up."""
    scores, seconds = predict(x), []
    while len(seconds) < SCORING_TIMES or sum(seconds) < SCORING_SECONDS:
        begun = time.perf_counter()
        predict(x)
        seconds.append(time.perf_counter() - begun)
    return scores, len(x) / statistics.median(seconds)


def save(out, scores):
    np.asarray(scores, dtype="<f4").tofile(os.path.join(out, "scores.f32"))


def main():
    name, table, out, seed, n_threads = sys.argv[1:6]
    warnings.filterwarnings("ignore")
    if name == "onnxruntime":
        figures = onnxruntime(table, out, int(n_threads))
    else:
        figures = measure(name, table, out, int(seed), int(n_threads))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
