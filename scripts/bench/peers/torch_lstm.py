"""PyTorch many-to-many, in this process alone: `python -m peers.torch_lstm TABLE SETTINGS SEED OUT`.

The same network as ours (LSTM, a linear head on every step, masked log loss, Adam), on the dumped sequences, as a careful
practitioner writes it: rows in one tensor, sequences of like length together, batches shuffled. SETTINGS is JSON: `hidden`,
`length`, `batch` (sequences), or `batch_steps` (padded steps instead), `epochs`, `learning_rate`, `threads`, `device`.
"""

import json
import os
import statistics
import sys
import time

import numpy as np
import torch

from . import memory
from .sequence_dump import Part

# How long scoring is repeated, and how often at least: as in our own side.
SCORING_SECONDS, SCORING_TIMES = 0.5, 3
# Batches whose sequences are sorted by length together, as in ours.
BATCHES_PER_CHUNK = 32
# Sequences scored side by side are what is fastest of these.
SCORING_BATCHES = (64, 256, 1024)


class Network(torch.nn.Module):
    def __init__(self, n_numeric, hidden):
        super().__init__()
        self.lstm = torch.nn.LSTM(n_numeric, hidden, batch_first=True)
        self.head = torch.nn.Linear(hidden, 1)

    def forward(self, x):
        """`(n_sequences, n_steps, n_numeric)` to logits `(n_sequences, n_steps)`."""
        return self.head(self.lstm(x)[0]).squeeze(-1)


class Rows:
    """A part's rows as tensors, and its sequences in pieces."""

    def __init__(self, part, length, device):
        self.starts, self.lengths = part.cut(length)
        self.x = torch.from_numpy(part.x).to(device)
        self.y = torch.from_numpy(part.labels.astype("f4")).to(device)
        self.rows, self.device = part.rows, device
        self.blocks = None
        if len(set(self.lengths.tolist())) == 1 and np.array_equal(part.rows, np.arange(len(part.rows))):
            # All of one length and in place: batches are copied in blocks, without an index a row.
            self.blocks = self.x.view(len(self.starts), int(self.lengths[0]), -1), self.y.view(len(self.starts), -1)

    def batch(self, members):
        """Inputs, labels and mask (None: nothing is padded) of sequences that stand longest first."""
        if self.blocks is not None:
            which = torch.from_numpy(members).to(self.device)
            return self.blocks[0][which], self.blocks[1][which], None
        rows, mask = self.padded(members)
        which = torch.from_numpy(rows).to(self.device)
        mask = None if mask.all() else torch.from_numpy(mask.astype("f4")).to(self.device)
        return self.x[which], self.y[which], mask

    def padded(self, members):
        """Row indices and mask, `(n_sequences, n_steps)`; padding repeats the sequence's first row."""
        lengths = self.lengths[members]
        steps = np.arange(lengths.max())
        mask = steps < lengths[:, None]
        return self.rows[self.starts[members][:, None] + np.where(mask, steps, 0)], mask

    def plan(self, rng, settings):
        """The batches of an epoch: arrays of sequences."""
        order, batches = rng.permutation(len(self.starts)), []
        steps = settings.get("batch_steps")
        chunk = len(order) if steps else settings["batch"] * BATCHES_PER_CHUNK
        for start in range(0, len(order), chunk):
            members = order[start : start + chunk]
            members = members[np.argsort(-self.lengths[members], kind="stable")]
            batches += by_steps(members, self.lengths, steps) if steps else by_number(members, settings["batch"])
        rng.shuffle(batches)
        return batches


def by_number(members, batch):
    return [members[i : i + batch] for i in range(0, len(members), batch)]


def by_steps(members, lengths, most):
    """Batches of at most `most` padded steps of sequences that stand longest first."""
    batches, at = [], 0
    while at < len(members):
        n = max(most // int(lengths[members[at]]), 1)
        batches.append(members[at : at + n])
        at += n
    return batches


def train(network, rows, settings, seed):
    """Median seconds of an epoch, shuffling and batching included, the first left out where there are more."""
    optimiser = torch.optim.Adam(network.parameters(), lr=settings["learning_rate"], fused=True)
    rng, seconds = np.random.default_rng(seed), []
    for _ in range(settings["epochs"]):
        begun = time.perf_counter()
        for members in rows.plan(rng, settings):
            x, y, mask = rows.batch(members)
            logits = network(x)
            if mask is None:
                loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y)
            else:
                losses = torch.nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="none")
                loss = (losses * mask).sum() / mask.sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        wait(rows.device)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[1:] or seconds)


@torch.inference_mode()
def score_once(network, rows, batch):
    scores = np.empty(len(rows.rows), dtype="f4")
    order = np.argsort(-rows.lengths, kind="stable")
    for members in by_number(order, batch):
        found = torch.sigmoid(network(rows.batch(members)[0])).cpu().numpy()
        which, mask = rows.padded(members) if rows.blocks is None else (rows_of_blocks(rows, members), None)
        if mask is None:
            scores[which] = found
        else:
            scores[which[mask]] = found[mask]
    return scores


def rows_of_blocks(rows, members):
    return rows.starts[members][:, None] + np.arange(rows.blocks[0].shape[1])


def score(network, rows):
    """The scores and the median seconds with the fastest of the batch sizes, each warmed up by one call."""
    best, scores = None, None
    for batch in SCORING_BATCHES:
        scores = score_once(network, rows, batch)
        seconds = []
        while len(seconds) < SCORING_TIMES or sum(seconds) < SCORING_SECONDS:
            begun = time.perf_counter()
            score_once(network, rows, batch)
            seconds.append(time.perf_counter() - begun)
        best = min(best or 1e9, statistics.median(seconds))
        if batch >= len(rows.starts):
            break
    return scores, best


def wait(device):
    if device != "cpu":
        torch.cuda.synchronize()


def main():
    table, settings, seed, out = sys.argv[1:5]
    settings = json.loads(settings)
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(int(seed))
    device = settings.get("device", "cpu")
    part = Part(table, "train")
    rows = Rows(part, settings["length"], device)
    network = Network(part.x.shape[1], settings["hidden"]).to(device)
    before = memory.begin_peak()
    seconds = train(network, rows, settings, int(seed))
    figures = {
        "epoch_seconds": seconds,
        "train_flows_per_second": len(part.rows) / seconds,
        "train_sequences_per_second": len(rows.starts) / seconds,
        "train_peak_bytes": memory.peak_since(before),
    }
    del part, rows
    part = Part(table, "test")
    rows = Rows(part, settings["length"], device)
    before = memory.begin_peak()
    scores, seconds = score(network, rows)
    figures |= {
        "score_flows_per_second": len(part.rows) / seconds,
        "score_sequences_per_second": len(rows.starts) / seconds,
        "score_peak_bytes": memory.peak_since(before),
    }
    scores.tofile(os.path.join(out, "scores.f32"))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
