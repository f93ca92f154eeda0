//! The one thing that the Arrow schema beside Parquet's own adds: which whole numbers are durations, and in what unit. It is
//! a flatbuffer in base64 (`Message.fbs` and `Schema.fbs` of Arrow), read here without recursion and without trust.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use polars_core::prelude::{ArrowDataType, ArrowSchema, ArrowTimeUnit};
use polars_parquet::parquet::metadata::KeyValue;

const KEY: &str = "ARROW:schema";
/// Before the message, since Arrow 0.15.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// `MessageHeader.Schema` and `Type.Duration`.
const SCHEMA: u8 = 1;
const DURATION: u8 = 18;

/// Gives the whole-number columns of `schema` that were written as durations that kind.
pub(super) fn name_durations(schema: &mut ArrowSchema, beside: &[KeyValue]) {
    let text = beside.iter().find(|pair| pair.key == KEY).and_then(|pair| pair.value.as_deref());
    let Some(bytes) = text.and_then(|text| STANDARD.decode(text).ok()) else { return };
    for (place, (name, unit)) in durations(&bytes).unwrap_or_default() {
        if let Some((known, field)) = schema.get_at_index_mut(place)
            && known.as_str() == name
            && field.dtype == ArrowDataType::Int64
        {
            field.dtype = ArrowDataType::Duration(unit);
        }
    }
}

/// Place among the columns, name and unit of each duration; `None` where the bytes are no such schema.
fn durations(bytes: &[u8]) -> Option<Vec<(usize, (String, ArrowTimeUnit))>> {
    let bytes = match bytes.strip_prefix(&CONTINUATION) {
        Some(rest) => rest.get(4..)?,
        None => bytes.get(4..)?,
    };
    let message = Table::root(bytes)?;
    if message.byte(1)? != SCHEMA {
        return None;
    }
    let fields = message.table(2)?.field(1)?;
    let vector = target(bytes, fields)?;
    let n = usize::try_from(u32_at(bytes, vector)?).ok()?.min(bytes.len() / 4);
    let mut found = Vec::new();
    for place in 0..n {
        let field = Table { bytes, at: target(bytes, vector + 4 + 4 * place)? };
        if field.byte(2) != Some(DURATION) {
            continue;
        }
        let unit = match field.table(3)?.byte(0) {
            Some(0) => ArrowTimeUnit::Second,
            None | Some(1) => ArrowTimeUnit::Millisecond,
            Some(2) => ArrowTimeUnit::Microsecond,
            Some(3) => ArrowTimeUnit::Nanosecond,
            Some(_) => continue,
        };
        found.push((place, (field.text(0)?, unit)));
    }
    Some(found)
}

/// A table of a flatbuffer: fields by number, each there or left at its default.
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    fn root(bytes: &'a [u8]) -> Option<Self> {
        Some(Table { bytes, at: target(bytes, 0)? })
    }

    /// Where field number `n` stands.
    fn field(&self, n: usize) -> Option<usize> {
        let back = i64::from(u32_at(self.bytes, self.at)? as i32);
        let table = usize::try_from(i64::try_from(self.at).ok()? - back).ok()?;
        let length = usize::from(u16_at(self.bytes, table)?);
        let slot = 4 + 2 * n;
        let offset = if slot + 2 <= length { u16_at(self.bytes, table + slot)? } else { 0 };
        (offset != 0).then(|| self.at + usize::from(offset))
    }

    fn byte(&self, n: usize) -> Option<u8> {
        self.bytes.get(self.field(n)?).copied()
    }

    fn table(&self, n: usize) -> Option<Table<'a>> {
        Some(Table { bytes: self.bytes, at: target(self.bytes, self.field(n)?)? })
    }

    fn text(&self, n: usize) -> Option<String> {
        let at = target(self.bytes, self.field(n)?)?;
        let length = usize::try_from(u32_at(self.bytes, at)?).ok()?;
        let text = self.bytes.get(at + 4..)?.get(..length)?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// Where the offset at `at` points to.
fn target(bytes: &[u8], at: usize) -> Option<usize> {
    at.checked_add(usize::try_from(u32_at(bytes, at)?).ok()?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..)?.get(..2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..)?.get(..4)?.try_into().ok()?))
}
