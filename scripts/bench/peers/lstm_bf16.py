"""Our training with products of bf16 against our own in f32: how much faster, and whether the ranking stays."""

import statistics

from . import lstm_tables
from .lstm_speed import BATCH, DRAWN_ROWS, LENGTH, geometric
from .measure import in_turns, ratios, spread, table

# Real tables, with a batch and epochs that bring the validation log loss down in f32.
REAL = {"ctu13": (lstm_tables.ctu13, 256, 6), "kdd99": (lstm_tables.kdd99, 32, 12)}


def section(bench, repeats, lengths, hidden):
    """Speeds on drawn tables and on real ones, then losses and rankings on the real ones; a repeat is a seed."""
    speeds, means, judged = [], [], []
    for length in lengths:
        folder = lstm_tables.drawn(DRAWN_ROWS[length] // length, length)
        for width in hidden:
            found = pairs(bench, repeats, folder, width, length)
            speeds.append([f"drawn, T = {length}", str(width), str(BATCH), *compared(found)])
            means.append(statistics.median(faster(found)))
    for name, (kept, batch, epochs) in REAL.items():
        found = pairs(bench, repeats, kept(), 64, LENGTH, batch=batch, epochs=epochs)
        speeds.append([name, "64", str(batch), *compared(found)])
        for i, precision in enumerate(("f32", "bf16")):
            figures = [pair[i] for pair in found]
            loss, ranking = ([f[key] for f in figures] for key in ("validation_loss", "average_precision"))
            judged.append([name, precision, spread(loss, "{:.5f}"), spread(ranking, "{:.4f}"), f"{statistics.mean(ranking):.5f}"])
    said = f"Geometric mean of the ratios on drawn tables: ×{geometric(means):.2f} (lowest ×{min(means):.2f})."
    speed_head = ["table", "hidden", "batch", "training in bf16: flows/s", "in f32", "ratio"]
    head = ["table", "precision", "validation log loss", "avg. precision", "its mean"]
    return "\n\n".join([table(speed_head, speeds), said, table(head, judged)])


def pairs(bench, repeats, folder, width, length, **settings):
    """Pairs (f32, bf16) of figures."""
    train = lambda precision: lambda repeat: bench.ours(
        folder, repeat + 1, width, length, **settings, precision=precision
    )
    found = in_turns(train("f32"), {"bf16": train("bf16")}, repeats)
    if not found:
        raise SystemExit("nothing to compare: training in bf16 needs a CPU with AVX512-BF16")
    return found["bf16"]


def faster(found):
    return [1 / ratio for ratio in ratios(found, "train_flows_per_second", True)]


def compared(found):
    exact, rounded = (spread([pair[i]["train_flows_per_second"] for pair in found], "{:,.0f}") for i in (0, 1))
    return [rounded, exact, spread(faster(found), "×{:.2f}")]
