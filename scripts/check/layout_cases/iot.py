"""Layouts of testbeds of things: ToN-IoT, Edge-IIoTset, CICIoT2023, Bot-IoT, X-IIoTID, WUSTL-IIoT-2021."""

import random

from layout_cases.traffic import Case, counts, csv, flows, span, written

TON_HEADER = (
    "ts,src_ip,src_port,dst_ip,dst_port,proto,service,duration,src_bytes,dst_bytes,conn_state,missed_bytes,src_pkts,"
    "src_ip_bytes,dst_pkts,dst_ip_bytes,dns_query,dns_qclass,dns_qtype,dns_rcode,dns_AA,dns_RD,dns_RA,dns_rejected,ssl_version,"
    "ssl_cipher,ssl_resumed,ssl_established,ssl_subject,ssl_issuer,http_trans_depth,http_method,http_uri,http_referrer,"
    "http_version,http_request_body_len,http_response_body_len,http_status_code,http_user_agent,http_orig_mime_types,"
    "http_resp_mime_types,weird_name,weird_addl,weird_notice,label,type"
).split(",")


def ton_iot():
    """Whole seconds since 1970, `-` for what is missing, one cell of `src_bytes` an address (`0.0.0.0`), `type` beside `label`."""
    of = [flow for flow in flows(1, ["scanning", "ddos", "backdoor"])]
    rows = []
    for f in of:
        dns = ["example.com", 1, 1, 0, "F", "T", "T", "F"] if f.target_port == 53 else ["-", 0, 0, 0, "-", "-", "-", "-"]
        out = "0.0.0.0" if f.number == 700 else f.bytes_out
        rows.append([
            int(f.start), f.source, f.source_port, f.target, f.target_port, f.proto, "dns" if f.target_port == 53 else "-",
            f"{f.lasted:.6f}", out, f.bytes_in, f.state, 0, f.packets_out, f.bytes_out + 28 * f.packets_out, f.packets_in,
            f.bytes_in + 28 * f.packets_in, *dns, *["-"] * 11, 0, 0, 0, *["-"] * 6, int(f.family is not None),
            f.family or "normal"])
    a, b = span(of)
    held = counts(of)
    return Case("ton_iot.csv", csv(TON_HEADER, rows), **held, aside=1, span=(int(a), int(b)), duration=("duration", "seconds"),
                numeric=("src_bytes", "src_pkts", "duration"), never=("type", "src_ip", "ts", "label"), columns=tuple(TON_HEADER))


EDGE_HEADER = (
    "frame.time,ip.src_host,ip.dst_host,arp.dst.proto_ipv4,arp.opcode,arp.hw.size,arp.src.proto_ipv4,icmp.checksum,icmp.seq_le,"
    "icmp.transmit_timestamp,icmp.unused,http.file_data,http.content_length,http.request.uri.query,http.request.method,"
    "http.referer,http.request.full_uri,http.request.version,http.response,http.tls_port,tcp.ack,tcp.ack_raw,tcp.checksum,"
    "tcp.connection.fin,tcp.connection.rst,tcp.connection.syn,tcp.connection.synack,tcp.dstport,tcp.flags,tcp.flags.ack,tcp.len,"
    "tcp.options,tcp.payload,tcp.seq,tcp.srcport,udp.port,udp.stream,udp.time_delta,dns.qry.name,dns.qry.name.len,dns.qry.qu,"
    "dns.qry.type,dns.retransmission,dns.retransmit_request,dns.retransmit_request_in,mqtt.conack.flags,mqtt.conflag.cleansess,"
    "mqtt.conflags,mqtt.hdrflags,mqtt.len,mqtt.msg_decoded_as,mqtt.msg,mqtt.msgtype,mqtt.proto_len,mqtt.protoname,mqtt.topic,"
    "mqtt.topic_len,mqtt.ver,mbtcp.len,mbtcp.trans_id,mbtcp.unit_id,Attack_label,Attack_type"
).split(",")


def edge_iiot():
    """Packets. The day was lost at a comma: ` 2021 11:44:10.081753000 `. `0` and `0.0` side by side, texts that are `0`."""
    rng = random.Random(2)
    of = flows(2, ["DDoS_UDP", "Port_Scanning", "Password"], start=1_637_495_050)
    rows = []
    for f in of:
        zero = "0.0" if f.family else "0"
        cells = dict.fromkeys(EDGE_HEADER, zero if rng.random() < 0.5 else "0")
        cells |= {
            "frame.time": " " + written(f.start, "%Y %H:%M:%S.%f") + "000 ", "ip.src_host": f.source, "ip.dst_host": f.target,
            "tcp.ack": rng.randint(0, 90_000), "tcp.ack_raw": rng.randint(0, 2**32 - 1), "tcp.checksum": rng.randint(0, 65535),
            "tcp.dstport": f.target_port, "tcp.srcport": f.source_port, "tcp.len": f.bytes_out % 1461,
            "tcp.flags": rng.choice(["0x00000010", "0x00000018", "0x00000002"]), "tcp.seq": rng.randint(0, 90_000),
            "tcp.connection.syn": rng.randint(0, 1), "mqtt.topic": rng.choice(["0", "0.0", "Temperature_and_Humidity"]),
            "Attack_label": int(f.family is not None), "Attack_type": f.family or "Normal"}
        rows.append([cells[name] for name in EDGE_HEADER])
    return Case("edge_iiot.csv", csv(EDGE_HEADER, rows), **counts(of), numeric=("tcp.len", "tcp.dstport"),
                never=("frame.time", "Attack_type", "ip.src_host"), said=("frame.time",), columns=tuple(EDGE_HEADER))


CICIOT_HEADER = (
    "flow_duration,Header_Length,Protocol Type,Duration,Rate,Srate,Drate,fin_flag_number,syn_flag_number,rst_flag_number,"
    "psh_flag_number,ack_flag_number,ece_flag_number,cwr_flag_number,ack_count,syn_count,fin_count,urg_count,rst_count,HTTP,HTTPS,"
    "DNS,Telnet,SMTP,SSH,IRC,TCP,UDP,DHCP,ARP,ICMP,IPv,LLC,Tot sum,Min,Max,AVG,Std,Tot size,IAT,Number,Magnitue,Radius,Covariance,"
    "Variance,Weight,label"
).split(",")


def ciciot2023():
    """No time. `Duration` is a time to live, `IAT` some 83 million; `BenignTraffic` among 33 attacks."""
    rng = random.Random(3)
    of = flows(3, ["DDoS-ICMP_Flood", "DoS-TCP_Flood", "Mirai-greip_flood", "Recon-PortScan"])
    rows = []
    for f in of:
        size = f.bytes_out / f.packets_out
        flags = [float(rng.random() < 0.3) for _ in range(7)]
        apps = [float(f.target_port == port) for port in (80, 443, 53, 23, 25, 22, 6667)]
        protos = [float(f.proto == "tcp"), float(f.proto == "udp"), 0.0, 0.0, float(f.proto == "icmp"), 1.0, 1.0]
        rate = f.packets_out / max(f.lasted, 1e-3)
        rows.append([
            f.lasted, f.packets_out * 54.0, {"tcp": 6.0, "udp": 17.0, "icmp": 1.0}[f.proto], rng.choice([64.0, 64.0, 65.91, 128.0]),
            f"{rate:.6f}", f"{rate:.6f}", 0.0, *flags, *[f"{rng.random() * 2:.2f}" for _ in range(5)], *apps, *protos,
            f"{size * 10.5:.2f}", 42.0, f"{size + 20:.2f}", f"{size:.6f}", f"{rng.random() * 30:.6f}", f"{size:.2f}",
            f"{83_000_000 + rng.random() * 400_000:.2f}", 9.5, f"{size ** 0.5:.6f}", f"{rng.random() * 40:.6f}",
            f"{rng.random() * 3000:.6f}", f"{rng.random():.2f}", 141.55, f.family or "BenignTraffic"])
    return Case("ciciot2023.csv", csv(CICIOT_HEADER, rows), **counts(of), numeric=("Rate", "flow_duration", "IAT"),
                never=("label",), columns=tuple(CICIOT_HEADER))


BOT_HEADER = (
    "pkSeqID,stime,flgs,proto,saddr,sport,daddr,dport,pkts,bytes,state,ltime,seq,dur,mean,stddev,smac,dmac,sum,min,max,soui,doui,"
    "sco,dco,spkts,dpkts,sbytes,dbytes,rate,srate,drate,attack,category,subcategory"
).split(",")


def bot_iot():
    """A row number, ports in hexadecimal for icmp and none for arp, two words for the family, six columns without any value."""
    rng = random.Random(4)
    of = flows(4, ["DDoS", "Reconnaissance", "Theft"], start=1_526_344_121)
    rows = []
    for f in of:
        ports = ["0x0303", "0x5000"] if f.proto == "icmp" else [f.source_port, f.target_port]
        rows.append([
            f.number + 1, f"{f.start:.6f}", rng.choice([" e        ", " e s      "]), f.proto, f.source, ports[0], f.target, ports[1],
            f.packets_out + f.packets_in, f.bytes_out + f.bytes_in, rng.choice(["CON", "INT", "RST"]), f"{f.end:.6f}",
            (f.number * 7) % 262_144, f"{f.lasted:.6f}", f"{f.lasted / 2:.6f}", "0.000000", "", "", f"{f.lasted:.6f}",
            f"{f.lasted / 3:.6f}", f"{f.lasted:.6f}", "", "", "", "", f.packets_out, f.packets_in, f.bytes_out, f.bytes_in,
            *[f"{rng.random():.6f}" for _ in range(3)], int(f.family is not None), f.family or "Normal",
            {"DDoS": "UDP", "Reconnaissance": "OS_Fingerprint", "Theft": "Keylogging"}.get(f.family, "Normal")])
    return Case("botiot.csv", csv(BOT_HEADER, rows), **counts(of), span=span(of), duration=("dur", "seconds"),
                numeric=("spkts", "sbytes", "dur"), never=("category", "subcategory", "pkSeqID", "stime", "ltime", "saddr"),
                columns=tuple(BOT_HEADER))


X_HEADER = (
    "Date,Timestamp,Scr_IP,Scr_port,Des_IP,Des_port,Protocol,Service,Duration,Scr_bytes,Des_bytes,Conn_state,missed_bytes,"
    "is_syn_only,Is_SYN_ACK,is_pure_ack,is_with_payload,FIN or RST,Bad_checksum,is_SYN_with_RST,Scr_pkts,Scr_ip_bytes,Des_pkts,"
    "Des_ip_bytes,anomaly_alert,total_bytes,total_packet,paket_rate,byte_rate,Avg_user_time,Avg_tps,Login_attempt,class1,class2,class3"
).split(",")


def x_iiotid():
    """A date beside an epoch, `?` for what is missing, `TRUE` and `FALSE`, the truth in three grains, the coarsest `Attack`."""
    rng = random.Random(5)
    of = flows(5, ["RDOS", "BruteForce", "Generic_scanning"], start=1_576_452_612, step=300.0)
    group = {"RDOS": "RDOS", "BruteForce": "Weaponization", "Generic_scanning": "Reconnaissance"}
    rows = []
    for f in of:
        flags = [str(rng.random() < 0.4).upper() for _ in range(7)]
        day = written(f.start, "%d/%m/%Y").lstrip("0")
        gap = rng.random() < 0.01
        rows.append([
            day, int(f.start), f.source, f.source_port, f.target, f.target_port, f.proto, "mqtt" if f.target_port == 1883 else "other",
            "?" if gap else f"{f.lasted:.6f}", "?" if gap else f.bytes_out, f.bytes_in, rng.randint(1, 12), 0, *flags, f.packets_out,
            f.bytes_out + 20, f.packets_in, f.bytes_in + 20, str(rng.random() < 0.05).upper(), f.bytes_out + f.bytes_in,
            f.packets_out + f.packets_in, *[f"{rng.random() * 9:.4f}" for _ in range(4)], 0, f.family or "Normal",
            group.get(f.family, "Normal"), "Normal" if f.family is None else "Attack"])
    a, b = span(of)
    return Case("x_iiotid.csv", csv(X_HEADER, rows), **counts(of), span=(int(a), int(b)), duration=("Duration", "seconds"),
                numeric=("Scr_bytes", "Des_pkts", "Duration"), never=("class1", "class2", "class3", "Date", "Timestamp", "Scr_IP"),
                columns=tuple(X_HEADER))


WUSTL_HEADER = (
    "StartTime,LastTime,SrcAddr,DstAddr,Mean,Sport,Dport,SrcPkts,DstPkts,TotPkts,DstBytes,SrcBytes,TotBytes,SrcLoad,DstLoad,Load,"
    "SrcRate,DstRate,Rate,SrcLoss,DstLoss,Loss,pLoss,SrcJitter,DstJitter,SIntPkt,DIntPkt,Proto,Dur,TcpRtt,IdleTime,Sum,Min,Max,sDSb,"
    "sTtl,dTtl,sIpId,dIpId,SAppBytes,DAppBytes,TotAppByte,SynAck,RunTime,sTos,SrcJitAct,DstJitAct,Traffic,Target"
).split(",")


def wustl_iiot():
    """Argus names; rows in no order of time; `IdleTime` an absolute second beside whole ones; `Traffic` beside `Target`."""
    rng = random.Random(6)
    of = flows(6, ["DoS", "Reconn", "CommInj"], start=1_566_217_000)
    mixed = of[:]
    rng.shuffle(mixed)
    rows = []
    for f in mixed:
        draws = [f"{rng.random() * 500:.6f}" for _ in range(6)]
        rows.append([
            written(f.start, "%Y-%m-%d %H:%M:%S"), written(f.end, "%Y-%m-%d %H:%M:%S"), f.source, f.target, int(f.lasted),
            f.source_port, f.target_port, f.packets_out, f.packets_in, f.packets_out + f.packets_in, f.bytes_in, f.bytes_out,
            f.bytes_in + f.bytes_out, *draws, 0, 0, 0, "0.000000", *draws[:4], {"tcp": 6, "udp": 17, "icmp": 1}[f.proto],
            f"{f.lasted:.6f}", f"{rng.random() / 500:.6f}", 1_548_786_176 + 128 * rng.randint(0, 800), *[f"{f.lasted:.6f}"] * 3, 0,
            rng.choice([64, 128]), rng.choice([0, 64]), rng.randint(0, 65535), rng.randint(0, 65535), f.bytes_out // 2,
            f.bytes_in // 2, (f.bytes_out + f.bytes_in) // 2, f"{rng.random() / 500:.6f}", f"{f.lasted:.6f}", 0, *draws[4:],
            f.family or "normal", int(f.family is not None)])
    a, b = span(of)
    return Case("wustl_iiot.csv", csv(WUSTL_HEADER, rows), **counts(of), span=(int(a), int(b)), duration=("Dur", "seconds"),
                numeric=("SrcPkts", "Dur", "sTtl"), never=("Traffic", "StartTime", "LastTime", "IdleTime", "SrcAddr"),
                columns=tuple(WUSTL_HEADER))


CASES = [ton_iot, edge_iiot, ciciot2023, bot_iot, x_iiotid, wustl_iiot]
