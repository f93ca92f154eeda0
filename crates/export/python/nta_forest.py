"""Reads a forest as nta stores it (docs/forest-format.md), with numpy alone: the same scores, bit for bit."""

import struct

import numpy as np


class Forest:
    def __init__(self, data):
        if data[:8] != b"NTAFORST":
            raise ValueError("not a forest")
        revision, n_features, n_trees, self.depth = struct.unpack_from("<4I", data, 8)
        if revision not in (1, 2):
            raise ValueError(f"revision {revision} is newer than this reader")
        at, self.names = 24, []
        for _ in range(n_features):
            (length,) = struct.unpack_from("<I", data, at)
            self.names.append(data[at + 4 : at + 4 + length].decode())
            at += 4 + length
        self.importances = np.frombuffer(data, "<f8", n_features, at)
        at += 8 * n_features
        sizes = np.frombuffer(data, "<u4", n_trees, at)
        at += 4 * n_trees
        nodes = np.frombuffer(data, [("value", "<f4"), ("link", "<u4")], int(sizes.sum()), at)
        self.trees = np.split(nodes, np.cumsum(sizes)[:-1])
        self.bits = (n_features - 1).bit_length()

    def predict(self, x):
        """x: (n_rows, n_features) of float32, NaN where missing; gives (n_rows,) of float32."""
        rows, total = np.arange(len(x)), np.zeros(len(x))
        for tree in self.trees:
            at = np.zeros(len(x), np.int64)
            for _ in range(self.depth):
                node = tree[at]
                feature = (node["link"] >> 1) & ((1 << self.bits) - 1)
                pair = (node["link"] >> (1 + self.bits)).astype(np.int64)
                value = x[rows, feature]
                left = (value <= node["value"]) | (np.isnan(value) & (node["link"] & 1 == 1))
                at = np.where(node["link"] == 0, at, 2 * pair - left)
            total += tree[at]["value"]
        return (total / len(self.trees)).astype(np.float32)
