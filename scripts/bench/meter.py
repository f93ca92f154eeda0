#!/usr/bin/env python3
"""Speed of `nta meter` beside tshark's conversations and nfstream, on one core, in turns in one run.

    scripts/bench/meter.py NTA [--packets 2000000] [--repeats 3] [--nfstream PYTHON]

NTA is a release build. The capture is made of NTA_DATA/formats/pcap/test7-malicious.pcap (2,000 packets), repeated with other
addresses and later times. PYTHON is an interpreter that has nfstream (a virtual environment); without it that peer is left
out. Every process is held to one core (taskset). Prints the median of packets a second with its range, the most memory, and the
ratio to nta. Needs tshark and taskset; an idle machine.
"""

import argparse, os, pathlib, resource, statistics, struct, subprocess, sys, tempfile, time

NFSTREAM = """
import sys
from nfstream import NFStreamer
streamer = NFStreamer(source=sys.argv[1], statistical_analysis=True, n_dissections=0, n_meters=1, idle_timeout=60, active_timeout=1800)
print(sum(1 for _ in streamer))
"""


def make(source, target, n_packets):
    """Repeats the packets of a little-endian Ethernet capture: each round 10 s later, other IPv4 hosts."""
    bytes_ = source.read_bytes()
    packets, at = [], 24
    while at < len(bytes_):
        seconds, micros, kept, length = struct.unpack_from("<IIII", bytes_, at)
        packets.append((seconds, micros, length, bytearray(bytes_[at + 16:at + 16 + kept])))
        at += 16 + kept
    begun, written = packets[0][0], 0
    with target.open("wb") as out:
        out.write(bytes_[:24])
        for round_ in range(-(-n_packets // len(packets))):
            for seconds, micros, length, data in packets:
                # Time runs 60 times as fast, so that flows end as they do in a busy network.
                later = ((seconds - begun) * 10**6 + micros) // 60
                if data[12:14] == b"\x08\x00":
                    data[27] = data[31] = round_ & 0xff
                    data[28] = data[32] = round_ >> 8 & 0xff
                stamp = (begun + round_ * 11) * 10**6 + later
                out.write(struct.pack("<IIII", stamp // 10**6, stamp % 10**6, len(data), length) + data)
                written += 1
    return written


def measure(command):
    begun = time.perf_counter()
    child = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed: {status}")
    return time.perf_counter() - begun, usage.ru_maxrss >> 10


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta")
    parser.add_argument("--packets", type=int, default=2_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--nfstream", metavar="PYTHON")
    args = parser.parse_args()
    source = pathlib.Path(os.environ["NTA_DATA"]) / "formats/pcap/test7-malicious.pcap"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        capture = folder / "large.pcap"
        n = make(source, capture, args.packets)
        print(f"{n:,} packets, {capture.stat().st_size >> 20} MiB, one core, {args.repeats} repeats in turns")
        peers = {
            "nta meter, parquet": [args.nta, "meter", str(capture), "-o", str(folder / "flows.parquet"), "--quiet"],
            "nta meter, Zeek log": [args.nta, "meter", str(capture), "-o", str(folder / "flows.log"), "--quiet"],
            "tshark -z conv,tcp -z conv,udp": ["tshark", "-r", str(capture), "-q", "-n", "-z", "conv,tcp", "-z", "conv,udp"],
        }
        if args.nfstream:
            script = folder / "peer.py"
            script.write_text(NFSTREAM)
            peers["nfstream, statistics"] = [args.nfstream, str(script), str(capture)]
        seen = {name: [] for name in peers}
        for _ in range(args.repeats):
            for name, command in peers.items():
                seen[name].append(measure(command))
        first = statistics.median(seconds for seconds, _ in seen["nta meter, parquet"])
        for name, runs in seen.items():
            rates = sorted(n / seconds for seconds, _ in runs)
            median = statistics.median(seconds for seconds, _ in runs)
            print(f"  {name:<32} {statistics.median(rates):>12,.0f} packets/s [{rates[0]:,.0f}, {rates[-1]:,.0f}]  "
                  f"{max(mib for _, mib in runs):>6} MiB  {median / first:>6.1f} x the time")


if __name__ == "__main__":
    main()
