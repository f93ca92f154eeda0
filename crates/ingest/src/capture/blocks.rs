//! A capture as rows: a flow each, in the order in which they end, as a sensor would log them.

use std::collections::VecDeque;
use std::time::Instant;

use nta_data::Schema;
use nta_flowmeter::{Column, Flow, MeterConfig};

use crate::block::{Block, BlockLimit, BlockReader, places_of};
use crate::capture::frame::{FlowTable, columns_for};
use crate::capture::left_out::{left_out, why_no_flow};
use crate::capture::packets::{Metered, Packets};
use crate::error::IngestError;
use crate::framing::framer::Framer;
use crate::input::tap::Tap;
use crate::left_out::LeftOut;
use crate::limits::BLOCK_CELLS;

/// A capture being read as a table.
pub(crate) struct CaptureBlocks {
    packets: Packets,
    file: String,
    /// Columns offered, their names, and places of those wanted.
    columns: Vec<&'static Column>,
    names: Vec<String>,
    wanted: Vec<usize>,
    /// Flows that are in no block yet.
    ready: VecDeque<Box<Flow>>,
    next_row: u64,
    told: LeftOut,
    ended: bool,
    /// A sample ends where it likes.
    is_sample: bool,
    tap: Tap,
}

impl CaptureBlocks {
    /// Flows of the bytes that `framer` has, and of those that it would have got; in the columns that `schema` can use.
    pub(crate) fn new(framer: Framer, schema: &Schema, is_sample: bool, tap: Tap) -> CaptureBlocks {
        let file = framer.file().to_owned();
        let (ahead, source) = framer.into_bytes();
        let columns = columns_for(schema);
        let names: Vec<String> = columns.iter().map(|column| column.name.to_owned()).collect();
        CaptureBlocks {
            packets: Packets::new(source, &ahead, MeterConfig::default()),
            file,
            wanted: (0..names.len()).collect(),
            columns,
            names,
            ready: VecDeque::new(),
            next_row: 0,
            told: LeftOut::default(),
            ended: false,
            is_sample,
            tap,
        }
    }

    /// Meters on; `false` where no flow came until the moment named.
    fn read_on(&mut self, until: Option<Instant>) -> Result<bool, IngestError> {
        let metered = self.packets.read_on(until).map_err(|e| IngestError::read(&self.file, &e))?;
        if let Metered::End = metered {
            self.packets.meter.finish();
            self.ended = true;
        }
        self.ready.extend(self.packets.take_finished());
        Ok(!matches!(metered, Metered::Nothing))
    }

    /// What was left out since this was last asked.
    fn left_out(&mut self) -> LeftOut {
        let cut = self.packets.cut.as_ref().filter(|_| !self.is_sample);
        let now = left_out(&self.packets.meter.counts(), cut);
        let told = std::mem::replace(&mut self.told, now);
        LeftOut {
            packets_without_ip: now.packets_without_ip - told.packets_without_ip,
            undecoded_packets: now.undecoded_packets - told.undecoded_packets,
            bytes_cut_off: now.bytes_cut_off - told.bytes_cut_off,
            ..LeftOut::default()
        }
    }

    fn block(&mut self, flows: &[Box<Flow>]) -> Result<Block, IngestError> {
        let mut table = FlowTable::new(self.wanted.iter().map(|place| self.columns[*place]), flows.len());
        flows.iter().for_each(|flow| table.push(flow));
        let frame = table.finish().map_err(|e| IngestError::internal(&self.file, e))?;
        let rows: Vec<u64> = (self.next_row..self.next_row + flows.len() as u64).collect();
        self.next_row += flows.len() as u64;
        let left_out = self.left_out();
        Ok(Block::of_rows(frame, rows, left_out))
    }
}

impl BlockReader for CaptureBlocks {
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn project(&mut self, columns: &[String]) {
        self.wanted = places_of(columns, &self.names);
    }

    fn next_block(&mut self, limit: BlockLimit) -> Result<Option<Block>, IngestError> {
        let most = limit.rows.min(BLOCK_CELLS / self.wanted.len().max(1)).max(1);
        let (mut flows, mut until) = (Vec::new(), None);
        while flows.len() < most {
            if let Some(flow) = self.ready.pop_front() {
                flows.push(flow);
                until = until.or_else(|| limit.deadline.map(|deadline| Instant::now() + deadline));
                continue;
            }
            let is_over = until.is_some_and(|until| Instant::now() >= until);
            if self.ended || is_over || !self.read_on(until)? {
                break;
            }
        }
        if flows.is_empty() && self.next_row == 0 {
            let Packets { meter, link, cut, .. } = &self.packets;
            let problem = why_no_flow(&meter.counts(), *link, cut.as_ref());
            return Err(IngestError::NoFlows { file: self.file.clone(), problem });
        }
        let block = self.block(&flows)?;
        Ok((!block.is_empty() || block.left_out != LeftOut::default()).then_some(block))
    }

    fn bytes_read(&self) -> u64 {
        self.tap.bytes_read()
    }
}
