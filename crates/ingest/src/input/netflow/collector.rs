//! What is remembered of exporters, and what their datagrams become by it.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::input::netflow::elements::{INIT_MILLIS, SAMPLER, SAMPLING};
use crate::input::netflow::flow::{Told, Values, write_line};
use crate::input::netflow::header::{Follows, Header, V5_RECORD};
use crate::input::netflow::template::Template;
use crate::input::netflow::u16_at;

/// Observation domains that are remembered.
const MOST_DOMAINS: usize = 4_096;
/// Fields of all templates that are remembered.
const MOST_FIELDS: usize = 1 << 20;
/// Bytes of sets that wait for their templates.
const MOST_WAITING: usize = 16 << 20;
/// Samplers that are remembered of a domain.
const MOST_SAMPLERS: usize = 1_024;

/// Lines that stand for what holds no flow.
pub(crate) const OPTIONS: &str = "#options\n";
pub(crate) const NO_TEMPLATE: &str = "#no-template\n";
pub(crate) const NO_HOSTS: &str = "#no-hosts\n";

/// Whose templates they are.
type Whose = (Option<IpAddr>, u16, u32);

/// One observation domain of an exporter.
#[derive(Debug, Default)]
struct Domain {
    templates: HashMap<u16, Template>,
    /// Sets that came before their templates.
    waiting: HashMap<u16, Vec<(Header, Vec<u8>)>>,
    told: Told,
    /// One packet in so many, by sampler.
    samplers: HashMap<u64, u64>,
}

/// All exporters.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    domains: HashMap<Whose, Domain>,
    n_fields: usize,
    waiting_bytes: usize,
    /// Flows written.
    pub(crate) flows: u64,
}

/// How far a datagram was read.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    header: Option<Header>,
    /// Datagrams begun.
    pub(crate) datagrams: u64,
}

impl Walk {
    /// Reads the next header, set or record at the front of `bytes`, as lines into `out`; how many bytes it took, `None`
    /// where more are needed. The error says what is wrong.
    pub(crate) fn step(
        &mut self,
        bytes: &[u8],
        exporter: Option<IpAddr>,
        collector: &mut Collector,
        out: &mut Vec<u8>,
    ) -> Result<Option<usize>, String> {
        let Some(header) = self.header.as_mut() else {
            let Some((header, length)) = Header::read(bytes)? else { return Ok(None) };
            self.header = Some(header);
            self.datagrams += 1;
            return Ok(Some(length));
        };
        match &mut header.follows {
            Follows::Records(0) | Follows::Bytes(0) => {
                self.header = None;
                Ok(Some(0))
            }
            Follows::Records(left) => {
                let Some(record) = bytes.get(..V5_RECORD) else { return Ok(None) };
                *left -= 1;
                collector.v5(record, header, exporter, out);
                Ok(Some(V5_RECORD))
            }
            Follows::Bytes(left) if *left < 4 => {
                let padding = std::mem::take(left);
                Ok((bytes.len() >= padding).then_some(padding))
            }
            Follows::Bytes(left) => {
                let Some((id, length)) = set_head(bytes) else { return Ok(None) };
                let length = length.filter(|length| length <= left);
                let length = length.ok_or_else(|| format!("set {id} is longer than its message, or has no length"))?;
                let Some(set) = bytes.get(4..length) else { return Ok(None) };
                *left -= length;
                collector.set(id, set, *header, exporter, out)?;
                Ok(Some(length))
            }
            Follows::Sets => {
                let Some((id, length)) = set_head(bytes) else {
                    return Ok((!bytes.is_empty() && bytes.iter().all(|byte| *byte == 0)).then_some(bytes.len()));
                };
                if (2..=255).contains(&id) {
                    self.header = None;
                    return Ok(Some(0));
                }
                if bytes[..4] == [0; 4] {
                    // Padding behind the last set.
                    return Ok(Some(4));
                }
                let length = length.ok_or_else(|| format!("set {id} has no length"))?;
                let Some(set) = bytes.get(4..length) else { return Ok(None) };
                collector.set(id, set, *header, exporter, out)?;
                Ok(Some(length))
            }
        }
    }
}

/// A set's number and its length in bytes, head included; the length is `None` where it is shorter than the head.
fn set_head(bytes: &[u8]) -> Option<(u16, Option<usize>)> {
    let (id, length) = (u16_at(bytes, 0)?, usize::from(u16_at(bytes, 2)?));
    Some((id, (length >= 4).then_some(length)))
}

impl Collector {
    /// One whole datagram of `exporter`, as lines into `out`. The error says what is wrong with it; what stood before is
    /// read.
    pub(crate) fn datagram(&mut self, bytes: &[u8], exporter: IpAddr, out: &mut Vec<u8>) -> Result<(), String> {
        let (mut walk, mut at) = (Walk::default(), 0);
        while at < bytes.len() {
            let n = walk.step(&bytes[at..], Some(exporter), self, out)?;
            at += n.ok_or_else(|| "the datagram is cut short".to_owned())?;
        }
        Ok(())
    }

    /// There is no more: sets whose templates never came are given up.
    pub(crate) fn give_up_waiting(&mut self, out: &mut Vec<u8>) -> Vec<u16> {
        let mut templates = Vec::new();
        for domain in self.domains.values_mut() {
            for (id, sets) in domain.waiting.drain() {
                sets.iter().for_each(|_| out.extend_from_slice(NO_TEMPLATE.as_bytes()));
                templates.push(id);
            }
        }
        self.waiting_bytes = 0;
        templates.sort_unstable();
        templates.dedup();
        templates
    }

    fn v5(&mut self, record: &[u8], header: &Header, exporter: Option<IpAddr>, out: &mut Vec<u8>) {
        use crate::input::netflow::elements as e;
        let places: [(u32, usize, usize); 15] = [
            (e::SRC_V4, 0, 4),
            (e::DST_V4, 4, 4),
            (e::INPUT, 12, 2),
            (e::OUTPUT, 14, 2),
            (e::PACKETS, 16, 4),
            (e::OCTETS, 20, 4),
            (e::FIRST_UPTIME, 24, 4),
            (e::LAST_UPTIME, 28, 4),
            (e::SRC_PORT, 32, 2),
            (e::DST_PORT, 34, 2),
            (e::TCP_FLAGS, 37, 1),
            (e::PROTOCOL, 38, 1),
            (e::TOS, 39, 1),
            (e::SRC_AS, 40, 2),
            (e::DST_AS, 42, 2),
        ];
        let values = places.map(|(element, at, n)| (element, &record[at..at + n]));
        let observer = observer(exporter, header.domain);
        self.flows += u64::from(write_line(&Values(&values), header, &Told::default(), &observer, out));
    }

    fn set(
        &mut self,
        id: u16,
        body: &[u8],
        header: Header,
        exporter: Option<IpAddr>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let whose = (exporter, header.version, header.domain);
        if !self.domains.contains_key(&whose) && self.domains.len() >= MOST_DOMAINS {
            return Err(format!("more than {MOST_DOMAINS} exporters or observation domains"));
        }
        match (id, header.version) {
            (0, 9) | (2, 10) => self.learn(Template::read_all(body, header.version, false)?, whose, out),
            (1, 9) | (3, 10) => self.learn(Template::read_all(body, header.version, true)?, whose, out),
            (256.., _) => self.data(id, body, &header, whose, out),
            _ => Err(format!("set {id}, which NetFlow {} does not have", header.version)),
        }
    }

    fn learn(&mut self, templates: Vec<Template>, whose: Whose, out: &mut Vec<u8>) -> Result<(), String> {
        for template in templates {
            let (id, n_fields) = (template.id, template.fields.len());
            let domain = self.domains.entry(whose).or_default();
            self.n_fields -= domain.templates.remove(&id).map_or(0, |known| known.fields.len());
            if n_fields == 0 {
                continue;
            }
            if self.n_fields + n_fields > MOST_FIELDS {
                return Err(format!("the templates remembered have more than {MOST_FIELDS} fields"));
            }
            self.n_fields += n_fields;
            domain.templates.insert(id, template);
            for (header, body) in domain.waiting.remove(&id).unwrap_or_default() {
                self.waiting_bytes -= body.len();
                self.data(id, &body, &header, whose, out)?;
            }
        }
        Ok(())
    }

    fn data(&mut self, id: u16, body: &[u8], header: &Header, whose: Whose, out: &mut Vec<u8>) -> Result<(), String> {
        let domain = self.domains.entry(whose).or_default();
        let Some(template) = domain.templates.get(&id) else {
            if self.waiting_bytes + body.len() > MOST_WAITING {
                out.extend_from_slice(NO_TEMPLATE.as_bytes());
            } else {
                self.waiting_bytes += body.len();
                domain.waiting.entry(id).or_default().push((*header, body.to_vec()));
            }
            return Ok(());
        };
        let (told, samplers) = (&mut domain.told, &mut domain.samplers);
        if template.is_options {
            out.extend_from_slice(OPTIONS.as_bytes());
            return template.each_record(body, |values| hear(&Values(values), told, samplers));
        }
        let observer = observer(whose.0, whose.2);
        let flows = &mut self.flows;
        template.each_record(body, |values| {
            let values = Values(values);
            let of_sampler = values.first_of(&SAMPLER).and_then(|sampler| samplers.get(&sampler).copied());
            let told = Told { sampling: of_sampler.or(told.sampling), ..*told };
            match write_line(&values, header, &told, &observer, out) {
                true => *flows += 1,
                false => out.extend_from_slice(NO_HOSTS.as_bytes()),
            }
        })
    }
}

/// What an exporter says of itself: its sampling and its start.
fn hear(values: &Values<'_, '_>, told: &mut Told, samplers: &mut HashMap<u64, u64>) {
    if let Some(millis) = values.get(INIT_MILLIS) {
        told.started = i64::try_from(millis).ok().and_then(|millis| millis.checked_mul(1_000));
    }
    let Some(sampling) = values.first_of(&SAMPLING).filter(|rate| *rate > 0) else { return };
    match values.first_of(&SAMPLER) {
        Some(sampler) if samplers.len() < MOST_SAMPLERS || samplers.contains_key(&sampler) => {
            samplers.insert(sampler, sampling);
        }
        Some(_) => {}
        None => told.sampling = Some(sampling),
    }
}

/// Who saw the flow: the exporter's address, where it is known, and its observation domain.
fn observer(exporter: Option<IpAddr>, domain: u32) -> String {
    exporter.map_or_else(|| domain.to_string(), |address| format!("{address}/{domain}"))
}
