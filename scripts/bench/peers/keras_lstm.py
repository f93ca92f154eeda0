"""Keras as it is mostly used on flows: one window a flow, many-to-one. `python -m peers.keras_lstm TABLE SETTINGS SEED OUT`.

Every flow is judged from a window of the last `length` flows of its sequence, zeros before the first. SETTINGS is JSON:
`hidden`, `length`, `batch`, `epochs`, `learning_rate`, `threads`, `most` (flows trained on and scored at most; absent: all).
The weights of the epoch that is best on the dumped validation rows are kept, as in ours; only training is timed.
"""

import json
import os
import statistics
import sys
import time

import numpy as np

from . import memory
from .sequence_dump import Part

SCORING_BATCH = 1024


def main():
    table, settings, seed, out = sys.argv[1:5]
    settings = json.loads(settings)
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(settings["threads"])
    tensorflow.config.threading.set_inter_op_parallelism_threads(settings["threads"])
    import keras

    class Windows(keras.utils.PyDataset):
        """Batches of windows `(batch, length, n_numeric)` and their labels, gathered from the rows."""

        def __init__(self, part, batch, rng):
            super().__init__()
            self.part, self.batch, self.rng = part, batch, rng
            self.x = np.vstack([part.x, np.zeros((1, part.x.shape[1]), dtype="f4")])
            self.index = windows(part, settings["length"], settings.get("most"))
            self.order = np.arange(len(self.index))
            self.on_epoch_end()

        def __len__(self):
            return -(-len(self.index) // self.batch)

        def __getitem__(self, i):
            rows = self.index[self.order[i * self.batch : (i + 1) * self.batch]]
            return self.x[rows], self.part.labels[rows[:, -1]].astype("f4")

        def on_epoch_end(self):
            if self.rng is not None:
                self.rng.shuffle(self.order)

    keras.utils.set_random_seed(int(seed))
    part = Part(table, "train")
    data = Windows(part, settings["batch"], np.random.default_rng(int(seed)))
    layers = [keras.layers.LSTM(settings["hidden"]), keras.layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((settings["length"], part.x.shape[1])), *layers])
    model.compile(keras.optimizers.Adam(settings["learning_rate"]), "binary_crossentropy")
    validation = Windows(Part(table, "validation"), SCORING_BATCH, None)
    before = memory.begin_peak()
    seconds, validation_loss = train(model, data, validation, settings["epochs"])
    figures = {"validation_loss": validation_loss, "train_flows_per_second": len(data.index) / seconds, "train_peak_bytes": memory.peak_since(before)}
    del data, validation
    part = Part(table, "test")
    data = Windows(part, SCORING_BATCH, None)
    model.predict_on_batch(data[0][0])
    before = memory.begin_peak()
    begun = time.perf_counter()
    found = model.predict(data, verbose=0).ravel()
    figures["score_flows_per_second"] = len(found) / (time.perf_counter() - begun)
    figures["score_peak_bytes"] = memory.peak_since(before)
    scores = np.full(len(part.labels), np.nan, dtype="f4")
    scores[data.index[:, -1]] = found
    scores.tofile(os.path.join(out, "scores.f32"))
    print(json.dumps(figures))


def train(model, data, validation, epochs):
    """Median seconds of an epoch and the best one's validation log loss; the model has that one's weights afterwards."""
    # One batch first: the graph is compiled at the first call.
    model.train_on_batch(*data[0])
    seconds, lowest, best = [], float("inf"), None
    for _ in range(epochs):
        begun = time.perf_counter()
        model.fit(data, verbose=0)
        seconds.append(time.perf_counter() - begun)
        loss = model.evaluate(validation, verbose=0)
        if loss < lowest:
            lowest, best = loss, model.get_weights()
    model.set_weights(best)
    return statistics.median(seconds), lowest


def windows(part, length, most):
    """Row indices `(n_flows, length)`, the flow itself last; -1, the row of zeros behind all, before a sequence's first."""
    places = np.arange(len(part.rows))
    start = np.repeat(part.bounds[:-1], np.diff(part.bounds))
    if most is not None and most < len(places):
        places = np.sort(np.random.default_rng(0).choice(places, most, replace=False))
    back = places[:, None] - np.arange(length - 1, -1, -1)
    return np.where(back >= start[places][:, None], part.rows[np.maximum(back, 0)], -1).astype(np.int32)


if __name__ == "__main__":
    main()
