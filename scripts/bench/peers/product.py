"""The machine's limit: GFLOP/s of a large product of f32 matrices. `python -m peers.product THREADS`."""

import json
import sys
import time

import torch

SIDE, TIMES = 4096, 5


def main():
    torch.set_num_threads(int(sys.argv[1]))
    a, b = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    torch.mm(a, b)
    best = 1e9
    for _ in range(TIMES):
        begun = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - begun)
    print(json.dumps({"gflops": 2 * SIDE**3 / best / 1e9}))


if __name__ == "__main__":
    main()
