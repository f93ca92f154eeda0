"""Layouts of networks and of tools: LITNET-2020, Kyoto 2006+, NF-UQ-NIDS-v2, HIKARI-2021, LUFlow, CIDDS-001, UGR'16, UWF-ZeekData22,
`ra -c,` of Argus, `nfdump -o csv`."""

import io
import random

from layout_cases.traffic import Case, counts, csv, flows, span, written

LITNET_HEADER = (
    "ID,ts_year,ts_month,ts_day,ts_hour,ts_min,ts_second,te_year,te_month,te_day,te_hour,te_min,te_second,td,sa,da,sp,dp,pr,_flag1,"
    "_flag2,_flag3,_flag4,_flag5,_flag6,fwd,stos,ipkt,ibyt,opkt,obyt,_in,out,sas,das,smk,dmk,dtos,_dir,nh,nhb,svln,dvln,ismc,odmc,"
    "idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr,icmp_dst_ip_b,icmp_src_ip,"
    "udp_dst_p,tcp_f_s,tcp_f_n_a,tcp_f_n_f,tcp_f_n_r,tcp_f_n_p,tcp_f_n_u,tcp_dst_p,tcp_src_dst_f_s,tcp_src_tftp,tcp_src_kerb,"
    "tcp_src_rpc,tcp_dst_p_src,smtp_dst,udp_p_r_range,p_range_dst,udp_src_p_0,attack_t,attack_a"
).split(",")


def litnet():
    """The time in six columns, start and end; an absolute time `tr` of 1970; rules' verdicts in 19 columns; `none` is benign."""
    rng = random.Random(11)
    of = flows(11, ["tcp_syn_f", "http_f", "icmp_smf"], start=1_579_923_897, step=40.0)
    rule = {"tcp_syn_f": "tcp_f_s", "http_f": "tcp_dst_p", "icmp_smf": "icmp_dst_ip_b"}
    rows = []
    for f in of:
        parts = [part for t in (f.start, f.end) for part in written(t, "%Y %-m %-d %-H %-M %-S").split()]
        verdicts = dict.fromkeys(LITNET_HEADER[64:83], "normal")
        for name in verdicts:
            if rng.random() < 0.02:
                verdicts[name] = "attack"
        if f.family:
            verdicts[rule[f.family]] = "attack" if rng.random() < 0.8 else "normal"
        flags = [rng.choice(".A"), rng.choice(".P"), rng.choice(".S"), ".", ".", rng.choice(".F")]
        rows.append([
            f.number + 1, *parts, f"{f.lasted:.2f}", f.source, f.target, f.source_port, f.target_port, f.proto.upper(), *flags, 0,
            rng.choice([0, 8, 164]), f.packets_out, f.bytes_out, f.packets_in, f.bytes_in, rng.choice([762, 707, 556]), 556, 2847,
            rng.choice([8972, 14618, 13238]), 0, 0, 0, 0, "0.0.0.0", "0.0.0.0", 0, 0, *["00:00:00:00:00:00"] * 4, *["0-0-0"] * 10,
            0.0, 0.0, 0.0, "0.0.0.0", "0/0", 1, "1970-01-01 03:00:00.000", *verdicts.values(), f.family or "none",
            int(f.family is not None)])
    return Case("litnet2020.csv", csv(LITNET_HEADER, rows), **counts(of), numeric=("ipkt", "ibyt", "td"),
                never=("attack_t", "ID", "sa", "tr", *LITNET_HEADER[1:13]), said=("ts_year",), columns=tuple(LITNET_HEADER))


def kyoto():
    """Tabs, no header, 24 columns; 1 is normal, -1 a known attack, -2 an unknown one; a time of day without its date."""
    rng = random.Random(12)
    of = flows(12, ["-1", "-1", "-2"], start=1_167_609_600)
    rows = []
    for f in of:
        rates = [f"{rng.randint(0, 100) / 100:.2f}" for _ in range(8)]
        seen = f"{rng.randint(100, 3000)}(1)" if f.family == "-1" and rng.random() < 0.5 else "0"
        rows.append([
            f"{f.lasted:.6f}", rng.choice(["other", "smtp", "dns", "ssh"]), f.bytes_out, f.bytes_in, rng.randint(0, 99), *rates[:3],
            rng.randint(0, 100), rng.randint(0, 100), *rates[3:6], f.state, seen, 0, 0, f.family or "1",
            f"fd95:ec1e:6a61:28a1:7d66:27be:{rng.randint(4096, 9999)}:{f.number % 40:04}", f.source_port,
            f"fd95:ec1e:6a61:9411:08f2:0a6b:27ec:{f.number % 9:04}", f.target_port, written(f.start, "%H:%M:%S"), f.proto])
    return Case("kyoto2006.txt", csv(None, rows, "\t"), **counts(of), said=("not names", "looks like a time, in no known format"))


NF_HEADER = (
    "IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,L7_PROTO,IN_BYTES,IN_PKTS,OUT_BYTES,OUT_PKTS,TCP_FLAGS,"
    "CLIENT_TCP_FLAGS,SERVER_TCP_FLAGS,FLOW_DURATION_MILLISECONDS,DURATION_IN,DURATION_OUT,MIN_TTL,MAX_TTL,LONGEST_FLOW_PKT,"
    "SHORTEST_FLOW_PKT,MIN_IP_PKT_LEN,MAX_IP_PKT_LEN,SRC_TO_DST_SECOND_BYTES,DST_TO_SRC_SECOND_BYTES,RETRANSMITTED_IN_BYTES,"
    "RETRANSMITTED_IN_PKTS,RETRANSMITTED_OUT_BYTES,RETRANSMITTED_OUT_PKTS,SRC_TO_DST_AVG_THROUGHPUT,DST_TO_SRC_AVG_THROUGHPUT,"
    "NUM_PKTS_UP_TO_128_BYTES,NUM_PKTS_128_TO_256_BYTES,NUM_PKTS_256_TO_512_BYTES,NUM_PKTS_512_TO_1024_BYTES,"
    "NUM_PKTS_1024_TO_1514_BYTES,TCP_WIN_MAX_IN,TCP_WIN_MAX_OUT,ICMP_TYPE,ICMP_IPV4_TYPE,DNS_QUERY_ID,DNS_QUERY_TYPE,DNS_TTL_ANSWER,"
    "FTP_COMMAND_RET_CODE,Label,Attack,Dataset"
).split(",")


def nf_uq_nids():
    """No time, milliseconds that wrap at 2^32 microseconds, numbers beyond a float's (`1.1e+297`), `Attack` beside `Label`."""
    rng = random.Random(13)
    of = flows(13, ["DDoS", "scanning", "xss", "Reconnaissance"])
    rows = []
    for f in of:
        lasted = 4_294_000 + rng.randint(0, 967) if rng.random() < 0.2 else int(f.lasted * 1000)
        second = "1.1e+297" if rng.random() < 0.002 else f"{f.bytes_out / max(f.lasted, 1):.1f}"
        rows.append([
            f.source, f.source_port, f.target, f.target_port, {"tcp": 6, "udp": 17, "icmp": 1}[f.proto], rng.choice([0.0, 7.0, 91.0]),
            f.bytes_out, f.packets_out, f.bytes_in, f.packets_in, *[rng.choice([2, 22, 27])] * 3, lasted, lasted // 9, 0, 64, 64,
            f.bytes_out // f.packets_out, 40, 40, 1500, second, f"{float(f.bytes_in)}", 0, 0, 0, 0, f.bytes_out * 8, f.bytes_in * 8,
            f.packets_out, 0, 0, 0, 0, rng.choice([0, 1024, 29200]), rng.choice([0, 28960]), 0, 0, rng.choice([0, 4711]), 0, 0, 0.0,
            int(f.family is not None), f.family or "Benign", rng.choice(["NF-ToN-IoT-v2", "NF-UNSW-NB15-v2"])])
    return Case("nf_uq_nids_v2.csv", csv(NF_HEADER, rows), **counts(of), numeric=("IN_BYTES", "FLOW_DURATION_MILLISECONDS"),
                never=("Attack", "IPV4_SRC_ADDR"), columns=tuple(NF_HEADER))


def hikari():
    """Two unnamed row numbers before the columns, identifiers of Zeek, `traffic_category` beside `Label`, no time."""
    rng = random.Random(14)
    header = [
        "Unnamed: 0.1", "Unnamed: 0", "uid", "originh", "originp", "responh", "responp", "flow_duration", "fwd_pkts_tot", "bwd_pkts_tot",
        "fwd_data_pkts_tot", "fwd_pkts_per_sec", "down_up_ratio", "fwd_header_size_tot", "flow_SYN_flag_count", "fwd_iat.avg",
        "payload_bytes_per_second", "idle.max", "fwd_init_window_size", "traffic_category", "Label"]
    of = flows(14, ["Bruteforce", "Probing", "XMRIGCC CryptoMiner"])
    rows = []
    for f in of:
        benign = "Benign" if f.number % 2 else "Background"
        uid = "C" + "".join(rng.choices("abcdefghijkmnpqrstuvwxyzABCDEFGH0123456789", k=17))
        rows.append([
            f.number, f.number, uid, f.source, f.source_port, f.target, f.target_port, f"{f.lasted:.6f}", f.packets_out, f.packets_in,
            f.packets_out // 2, f"{f.packets_out / max(f.lasted, 1e-3):.6f}", f"{f.packets_in / f.packets_out:.6f}", f.packets_out * 20,
            rng.randint(0, 2), f"{f.lasted * 1e6 / f.packets_out:.6f}", f"{f.bytes_out / max(f.lasted, 1e-3):.6f}", 0.0,
            rng.choice([0, 64240]), f.family or benign, int(f.family is not None)])
    return Case("hikari2021.csv", csv(header, rows), **counts(of), numeric=("fwd_pkts_tot", "flow_duration"),
                never=("Unnamed: 0", "Unnamed: 0.1", "uid", "originh", "traffic_category"), columns=tuple(header))


def luflow():
    """Microseconds since 1970 with the zeros at their end cut off in places, the time behind the features, three labels."""
    rng = random.Random(15)
    header = ("avg_ipt,bytes_in,bytes_out,dest_ip,dest_port,entropy,num_pkts_out,num_pkts_in,proto,src_ip,src_port,time_end,time_start,"
              "total_entropy,label,duration").split(",")
    of = flows(15, ["malicious", "outlier"], start=1_612_828_800)
    rows = [[
        f"{rng.random() * 90:.4f}", f.bytes_in, f.bytes_out, 786, f.target_port, f"{rng.random() * 8:.6f}", f.packets_out, f.packets_in,
        {"tcp": 6, "udp": 17, "icmp": 1}[f.proto], rng.choice([786, 4134, 14618]), f.source_port, round(f.end * 1e6), round(f.start * 1e6),
        f"{rng.random() * 9000:.4f}", f.family or "benign", f"{f.lasted:.6f}"] for f in of]
    return Case("luflow.csv", csv(header, rows), **counts(of), span=span(of), duration=("duration", "seconds"),
                numeric=("bytes_in", "entropy", "duration"), never=("time_end", "time_start"), columns=tuple(header))


def cidds():
    """Padded cells, bytes as `1.2 M`, anonymous hosts (`10022_204`), `---` where nothing is, two classes of attack."""
    rng = random.Random(16)
    header = ("Date first seen,Duration,Proto,Src IP Addr,Src Pt,Dst IP Addr,Dst Pt,Packets,Bytes,Flows,Flags,Tos,class,attackType,"
              "attackID,attackDescription").split(",")
    of = flows(16, ["dos", "portScan", "pingScan"], start=1_490_140_800)
    rows = []
    for f in of:
        source = f"10022_{f.number % 200}" if rng.random() < 0.2 else f.source
        sent = f.bytes_out * 900 if rng.random() < 0.02 else f.bytes_out
        size = f"{sent / 1e6:.1f} M" if sent > 1_000_000 else str(sent)
        truth = ["normal", "---", "---", "---"] if f.family is None else [
            rng.choice(["attacker", "victim"]), f.family, 18 + f.number // 300, f"nmap args: -sS -T {f.number % 3 + 1}"]
        rows.append([
            written(f.start, "%Y-%m-%d %H:%M:%S.%3"), f"{f.lasted:9.3f}", f.proto.upper().ljust(5), source.rjust(15), f.source_port,
            f.target.rjust(15), float(f.target_port), f"{f.packets_out:8}", size.rjust(8), 1, rng.choice([".AP...", ".A..S.", ".A...."]),
            rng.choice([0, 32]), *truth])
    return Case("cidds001.csv", csv(header, rows), **counts(of), span=span(of), duration=("Duration", "seconds"),
                numeric=("Bytes", "Packets", "Duration"), never=("attackType", "attackID", "attackDescription", "Src IP Addr"),
                columns=tuple(header))


def ugr16():
    """No header, the end of the flow first, `background` benign."""
    rng = random.Random(17)
    of = flows(17, ["dos", "scan44", "nerisbotnet"], start=1_458_298_360)
    rows = [[
        written(f.start, "%Y-%m-%d %H:%M:%S"), f"{f.lasted:.3f}", f.source, f.target, f.source_port, f.target_port, f.proto.upper(),
        rng.choice([".A....", ".AP.SF", "...RS."]), 0, rng.choice([0, 40]), f.packets_out, f.bytes_out, f.family or "background"] for f in of]
    a, b = span(of)
    return Case("ugr16.csv", csv(None, rows), **counts(of), span=(int(a), int(b)), said=("not names",))


def argus_ra():
    """`ra -c, -L0`: the time of day alone, service names for ports, arrows, no label: nothing to train on."""
    rng = random.Random(18)
    header = "StartTime,Flgs,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,TotPkts,TotBytes,State".split(",")
    of = flows(18, ["x"])
    rows = [[
        written(f.start, "%H:%M:%S.%f"), rng.choice([" e        ", " e d      "]), f.proto, f.source, f.source_port,
        rng.choice(["   ->", "  <->", "  <?>"]), f.target, {80: "http", 22: "ssh", 53: "domain"}.get(f.target_port, f.target_port),
        f.packets_out, f.bytes_out, rng.choice(["CON", "FIN", "RST"])] for f in of]
    return Case("argus_ra.csv", csv(header, rows), **counts(of), refused=("label",))


def argus_label():
    """`ra -c, -u -s +label`: epochs with microseconds, durations in seconds, the label among Argus's own columns."""
    rng = random.Random(19)
    header = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label".split(",")
    of = flows(19, ["Botnet-Neris", "Botnet-Spam"], start=1_313_675_308)
    rows = [[
        f"{f.start:.6f}", f"{f.lasted:.6f}", f.proto, f.source, f.source_port, rng.choice(["   ->", "  <->"]), f.target, f.target_port,
        rng.choice(["CON", "S_RA", "FSPA_FSPA"]), 0, 0, f.packets_out + f.packets_in, f.bytes_out + f.bytes_in, f.bytes_out,
        f"flow=From-{f.family}" if f.family else "flow=Background"] for f in of]
    return Case("argus_label.csv", csv(header, rows), **{**counts(of), "families": None}, span=span(of), duration=("Dur", "seconds"),
                never=("SrcAddr", "StartTime"), columns=tuple(header))


def nfdump():
    """`nfdump -o csv` with a label before it, and the three lines of its summary at the end, which hold no flow."""
    rng = random.Random(20)
    header = ("label,ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,ismc,odmc,"
              "idmc,osmc,mpls1,mpls2,cl,sl,al,ra,eng,exid,tr").split(",")
    of = flows(20, ["scan", "flood"], start=1_600_000_000)
    rows = [[
        f.family or "normal", written(f.start, "%Y-%m-%d %H:%M:%S"), written(f.end, "%Y-%m-%d %H:%M:%S"), f"{f.lasted:.3f}", f.source,
        f.target, f.source_port, f.target_port, f.proto.upper(), rng.choice(["...AP.SF", "......S."]), 0, 0, f.packets_out, f.bytes_out,
        f.packets_in, f.bytes_in, 1, 2, 0, 0, 0, 0, 0, 0, "0.0.0.0", "0.0.0.0", 0, 0, *["00:00:00:00:00:00"] * 4, "0-0-0", "0-0-0", "0.000",
        "0.000", "0.000", "0.0.0.0", "0/0", 1, written(f.end, "%Y-%m-%d %H:%M:%S.%3")] for f in of]
    text = csv(header, rows) + "Summary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n3000,1234567,54321,1000,10,22\n"
    a, b = span(of)
    return Case("nfdump.csv", text, **counts(of), span=(int(a), int(b)), duration=("td", "seconds"), numeric=("ipkt", "ibyt", "td"),
                never=("te", "tr", "sa"), aside=3, columns=tuple(header))


def uwf_zeek():
    """Parquet: a date beside a float of seconds, flags, texts that are null, tactics as labels, `none` benign."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return None
    rng = random.Random(21)
    of = flows(21, ["Reconnaissance", "Discovery"], start=1_639_746_045)
    table = pyarrow.table({
        "resp_pkts": pyarrow.array([f.packets_in for f in of], pyarrow.int32()),
        "service": [None if f.target_port in (22, 502) else "dns" for f in of],
        "orig_ip_bytes": pyarrow.array([f.bytes_out + 28 for f in of], pyarrow.int32()),
        "local_resp": [False] * len(of),
        "proto": [f.proto for f in of],
        "duration": [None if rng.random() < 0.02 else f.lasted for f in of],
        "conn_state": [f.state for f in of],
        "dest_ip_zeek": [f.target for f in of],
        "community_id": [f"1:{rng.getrandbits(120):x}=" for _ in of],
        "orig_bytes": [None if rng.random() < 0.02 else float(f.bytes_out) for f in of],
        "datetime": pyarrow.array([round(f.start * 1e6) for f in of], pyarrow.timestamp("us")),
        "uid": [f"C{rng.getrandbits(90):x}" for _ in of],
        "src_port_zeek": pyarrow.array([f.source_port for f in of], pyarrow.int32()),
        "ts": [f.start for f in of],
        "src_ip_zeek": [f.source for f in of],
        "label_tactic": [f.family or "none" for f in of]})
    out = io.BytesIO()
    parquet.write_table(table, out)
    return Case("uwf_zeek.parquet", out.getvalue(), **counts(of), span=span(of), numeric=("resp_pkts", "orig_bytes", "duration"),
                never=("ts", "datetime", "uid", "community_id", "src_ip_zeek", "dest_ip_zeek"), columns=tuple(table.column_names))


CASES = [litnet, kyoto, nf_uq_nids, hikari, luflow, cidds, ugr16, argus_ra, argus_label, nfdump, uwf_zeek]
