#!/usr/bin/env python3
"""Scores flows with a saved LSTM in PyTorch: the way to load one there, and the check that it says the same.

    scripts/check/pytorch.py MODEL/lstm.safetensors ROWS.json

ROWS.json holds sequences of flows, each flow `[numbers, codes]` in the order of the file's `numeric_names` and `code_names`;
printed are the probabilities of attack in the same nesting. Needs PyTorch and nothing else.
"""

import json
import struct
import sys

import torch


def read(path):
    """Tensors by name, and what nta says of the network, from a safetensors file."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    about = json.loads(header.pop("__metadata__")["nta"])["about"]
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32", entry
        tensors[name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(entry["shape"])
    return tensors, about


class Network(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.codes = shape["cardinality"]
        dimension = shape.get("embedding")
        self.embedding = None
        if dimension is not None:
            self.embedding = torch.nn.ModuleList(torch.nn.Embedding(n, dimension) for n in self.codes)
        width = sum(self.codes) if dimension is None else dimension * len(self.codes)
        self.lstm = torch.nn.LSTM(shape["n_numeric"] + width, shape["hidden"], shape["layers"], batch_first=True)
        self.head = torch.nn.Linear(shape["hidden"], 1)

    def forward(self, numbers, codes):
        """Numbers (sequences, flows, n_numeric) and codes (sequences, flows, n_codes) to logits (sequences, flows)."""
        inputs = [numbers]
        for j, n in enumerate(self.codes):
            column = codes[..., j]
            if self.embedding is None:
                inputs.append(torch.nn.functional.one_hot(column, n).to(torch.float32))
            else:
                inputs.append(self.embedding[j](column))
        outputs, _ = self.lstm(torch.cat(inputs, dim=-1))
        return self.head(outputs).squeeze(-1)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tensors, about = read(sys.argv[1])
    network = Network(about["shape"])
    network.load_state_dict(tensors, strict=True)
    network.eval()
    with open(sys.argv[2]) as file:
        sequences = json.load(file)
    scores = []
    with torch.no_grad():
        for sequence in sequences:
            numbers = torch.tensor([flow[0] for flow in sequence], dtype=torch.float32)
            codes = torch.tensor([flow[1] for flow in sequence], dtype=torch.int64)
            # A network trained on single flows sees each of them as a sequence of its own.
            first = 0 if about["carries_state"] else 1
            logits = network(numbers.unsqueeze(first), codes.unsqueeze(first))
            scores.append(torch.sigmoid(logits).reshape(-1).tolist())
    json.dump(scores, sys.stdout)


if __name__ == "__main__":
    main()
