"""How good a ranking is, by the definitions of `nta-metrics`."""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score


def of(labels, scores):
    return {
        "roc_auc": float(roc_auc_score(labels, scores)),
        "average_precision": float(average_precision_score(labels, scores)),
        "dr_at_1": detection_rate(labels, scores, 0.01),
    }


def detection_rate(labels, scores, budget):
    """Largest recall among thresholds whose false positive rate is at most `budget`; ties stay together."""
    order = np.argsort(-scores, kind="stable")
    scores, attacks = scores[order], labels[order] == 1
    last_of_tie = np.r_[scores[1:] != scores[:-1], True]
    true, false = np.cumsum(attacks)[last_of_tie], np.cumsum(~attacks)[last_of_tie]
    fits = false <= budget * (~attacks).sum()
    return float(true[fits].max() / attacks.sum()) if fits.any() else 0.0
