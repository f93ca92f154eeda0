//! What a port tells: which side serves, and, in Zeek's words, what. Zeek looks at the payload for that; here it is the port
//! alone.

use crate::decode::{TCP, UDP};

/// Ports of TCP and their services.
const TCP_SERVICES: &[(&str, &[u16])] = &[
    ("ftp", &[21, 2811]),
    ("ssh", &[22]),
    ("telnet", &[23]),
    ("smtp", &[25, 587]),
    ("dns", &[53]),
    ("http", &[80, 81, 631, 3128, 8000, 8080, 8888]),
    ("krb_tcp", &[88]),
    ("pop3", &[110]),
    ("dce_rpc", &[135]),
    ("imap", &[143]),
    ("smb", &[139, 445]),
    ("ldap_tcp", &[389, 3268]),
    ("ssl", &[443, 563, 585, 614, 636, 853, 989, 990, 992, 993, 995, 5223, 8443]),
    ("modbus", &[502]),
    ("rlogin", &[513]),
    ("rsh", &[514]),
    ("socks", &[1080]),
    ("mqtt", &[1883]),
    ("mysql", &[3306]),
    ("rdp", &[3389]),
    ("sip", &[5060]),
    ("xmpp", &[5222, 5269]),
    ("postgresql", &[5432]),
    ("rfb", &[5900, 5901]),
    ("redis", &[6379]),
    ("irc", &[6666, 6667, 6668, 6669]),
    ("dnp3_tcp", &[20000]),
];

/// Ports of UDP and their services.
const UDP_SERVICES: &[(&str, &[u16])] = &[
    ("dns", &[53, 137, 5353, 5355]),
    ("dhcp", &[67, 68, 4011]),
    ("tftp", &[69]),
    ("krb", &[88]),
    ("ntp", &[123]),
    ("snmp", &[161, 162]),
    ("ldap_udp", &[389]),
    ("quic", &[443]),
    ("syslog", &[514]),
    ("ike", &[500, 4500]),
    ("openvpn", &[1194]),
    ("radius", &[1812, 1813]),
    ("gtpv1", &[2123, 2152]),
    ("rdpeudp", &[3389]),
    ("teredo", &[3544]),
    ("vxlan", &[4789]),
    ("sip", &[5060]),
    ("geneve", &[6081]),
    ("dnp3_udp", &[20000]),
    ("wireguard", &[51820]),
];

/// The service behind a port.
pub(crate) fn service(protocol: u8, port: u16) -> Option<&'static str> {
    let services = match protocol {
        TCP => TCP_SERVICES,
        UDP => UDP_SERVICES,
        _ => return None,
    };
    services.iter().find(|(_, ports)| ports.contains(&port)).map(|(service, _)| *service)
}

/// Whether a packet between these ports is the server's, for all that the ports tell.
pub(crate) fn is_from_server(protocol: u8, src: u16, dst: u16) -> bool {
    service(protocol, src).is_some() && service(protocol, dst).is_none()
}
