//! A file of datagrams, one after the other, as text: a line a flow, and a line for each set that holds none.

use std::io::{self, Read};

use crate::input::netflow::collector::Walk;
use crate::input::netflow::{Collector, header_line};

/// How the datagrams begin that are read: their version.
pub(crate) const NETFLOW: [&[u8]; 3] = [&[0, 5], &[0, 9], &[0, 10]];

/// A line that begins so says what is wrong, and nothing follows it.
pub(crate) const WRONG: char = '!';

/// The text of datagrams.
pub(crate) struct NetflowText<R> {
    input: R,
    collector: Collector,
    walk: Walk,
    /// Bytes not read yet, from `at` on.
    datagrams: Vec<u8>,
    at: usize,
    /// Text not given out yet, from `given` on.
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> NetflowText<R> {
    pub(crate) fn new(input: R) -> Self {
        NetflowText {
            input,
            collector: Collector::default(),
            walk: Walk::default(),
            datagrams: Vec::new(),
            at: 0,
            text: header_line().into_bytes(),
            given: 0,
            ended: false,
        }
    }

    /// Reads on until there is text, or nothing more to read.
    fn advance(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1 << 14];
        while self.text.is_empty() && !self.ended {
            let n = self.input.read(&mut buffer)?;
            self.datagrams.drain(..self.at);
            self.at = 0;
            self.datagrams.extend_from_slice(&buffer[..n]);
            if let Err(problem) = self.decode() {
                self.end(Some(problem));
            } else if n == 0 {
                let cut_short = self.at < self.datagrams.len();
                self.end(cut_short.then(|| "the datagram is cut short".to_owned()));
            }
        }
        Ok(())
    }

    fn decode(&mut self) -> Result<(), String> {
        while self.at < self.datagrams.len() {
            let ahead = &self.datagrams[self.at..];
            match self.walk.step(ahead, None, &mut self.collector, &mut self.text)? {
                Some(n) => self.at += n,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn end(&mut self, problem: Option<String>) {
        self.ended = true;
        let missing = self.collector.give_up_waiting(&mut self.text);
        let missing: Vec<String> = missing.iter().map(u16::to_string).collect();
        let wrong = match problem {
            Some(problem) => format!("datagram {}: {problem}", self.walk.datagrams.max(1)),
            None if self.collector.flows > 0 => return,
            None if missing.is_empty() => {
                "no flow: templates and options alone, or records without two hosts".to_owned()
            }
            None => format!(
                "no flow: the templates of its sets ({}) are not here; put the datagrams that bring them before these",
                missing.join(", ")
            ),
        };
        self.text.extend_from_slice(format!("{WRONG}{wrong}\n").as_bytes());
    }
}

impl<R: Read> Read for NetflowText<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.text.clear();
            self.given = 0;
            self.advance()?;
        }
        let n = into.len().min(self.text.len() - self.given);
        into[..n].copy_from_slice(&self.text[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(id: u16, body: &[u8]) -> Vec<u8> {
        [&id.to_be_bytes()[..], &(body.len() as u16 + 4).to_be_bytes(), body].concat()
    }

    fn words(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn v9(domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
        let header = [&[0, 9, 0, 1][..], &10_000u32.to_be_bytes(), &1_700_000_000u32.to_be_bytes(), &[0; 4]].concat();
        [header, domain.to_be_bytes().to_vec(), sets.concat()].concat()
    }

    fn ipfix(domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
        let sets = sets.concat();
        let length = (16 + sets.len()) as u16;
        [&[0, 10][..], &length.to_be_bytes(), &1_700_000_000u32.to_be_bytes(), &[0; 4], &domain.to_be_bytes(), &sets]
            .concat()
    }

    /// Hosts, bytes, first and last by uptime.
    fn template() -> Vec<u8> {
        set(0, &words(&[256, 5, 8, 4, 12, 4, 1, 4, 22, 4, 21, 4]))
    }

    fn record(bytes: u32) -> Vec<u8> {
        [&[10, 0, 0, 1, 10, 0, 0, 2][..], &bytes.to_be_bytes(), &4_000u32.to_be_bytes(), &9_500u32.to_be_bytes()]
            .concat()
    }

    fn text(bytes: &[u8]) -> Vec<String> {
        // By single bytes, as a slow pipe gives them.
        let mut text = String::new();
        let slow = io::BufReader::with_capacity(1, bytes);
        NetflowText::new(slow).read_to_string(&mut text).unwrap();
        assert_eq!(text.lines().next(), Some(header_line().trim_end()));
        text.lines().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn a_late_template_reads_the_sets_that_waited_and_domains_stay_apart() {
        let other = v9(8, &[set(256, &record(7))]);
        let datagrams = [v9(7, &[set(256, &record(700))]), other, v9(7, &[template(), set(256, &record(1))])].concat();
        let lines = text(&datagrams);
        assert_eq!(lines[0], "1699999994.000000\t5.500000\t7\t10.0.0.1\t\t10.0.0.2\t\t\t\t\t700\t\t\t\t\t\t\t\t\t\t1");
        assert!(lines[1].contains("\t1\t") && lines.len() == 3, "{lines:?}");
        assert_eq!(lines[2], "#no-template");
    }

    #[test]
    fn sampling_that_options_tell_of_scales_the_counts() {
        let options = set(1, &words(&[300, 4, 4, 1, 4, 34, 4]));
        let told = set(300, &[0, 0, 0, 1, 0, 0, 0, 100]);
        let lines = text(&v9(0, &[options, told, template(), set(256, &record(5))]));
        assert_eq!(lines[0], "#options");
        assert!(lines[1].contains("\t500\t") && lines[1].ends_with("\t100"), "{lines:?}");
    }

    #[test]
    fn ipfix_of_variable_length_and_of_both_ways_is_read() {
        let fields = [[256, 5, 27, 16].as_slice(), &[28, 16, 82, 65_535, 1, 8, 0x8001, 8]].concat();
        let template = [words(&fields), 29_305u32.to_be_bytes().to_vec()].concat();
        let hosts = [[0x20; 16], [0x30; 16]].concat();
        let body =
            [hosts, vec![3, b'e', b't', b'h'], 9u64.to_be_bytes().to_vec(), 4u64.to_be_bytes().to_vec()].concat();
        let lines = text(&ipfix(1, &[set(2, &template), set(256, &body)]));
        assert!(lines[0].contains("2020:2020") && lines[0].contains("\t9\t\t4\t"), "{lines:?}");
    }

    #[test]
    fn what_is_wrong_is_said_and_every_cut_ends() {
        assert!(text(&[0, 5, 0, 31, 0]).iter().all(|line| line.starts_with("!datagram 1: ")));
        assert!(text(&v9(0, &[template()]))[0].starts_with("!no flow: templates"));
        assert!(text(&v9(0, &[set(256, &record(1))])).last().unwrap().contains("(256) are not here"));
        let whole = [v9(0, &[template(), set(256, &record(1))]), ipfix(1, &[set(2, &words(&[256, 1, 8, 4]))])].concat();
        for length in 2..whole.len() {
            let lines = text(&whole[..length]);
            assert!(length == 64 || lines.last().is_some_and(|l| l.starts_with('!') || l.contains('\t')), "{length}");
            let mut changed = whole.clone();
            changed[length] ^= 0xff;
            text(&changed);
        }
    }
}
