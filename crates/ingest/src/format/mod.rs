//! The formats that are read: their names, how each is told by its first line, and what decodes it. The only place that
//! lists them.

mod first_line;
mod head;

use nta_data::Schema;
use serde::{Deserialize, Serialize};

use crate::block::BlockReader;
use crate::capture::blocks::CaptureBlocks;
use crate::capture::is_capture;
use crate::decode::by_line::ByLine;
use crate::decode::decoder::Decoder;
use crate::decode::delimiter::DELIMITERS;
use crate::decode::line_blocks::LineBlocks;
use crate::decode::named_fields::{Dialect, FieldsFrom, NamedFields};
use crate::decode::netflow_rows::{self, NetflowRows};
use crate::decode::separated::{self, Separated};
use crate::decode::suricata_eve;
use crate::decode::zeek_json;
use crate::decode::zeek_tsv::{self, ZeekTsv};
use crate::error::IngestError;
use crate::framing::framer::Framer;
use crate::framing::quoting;
use crate::input::file::OpenInput;
use crate::input::pieces::read_in_pieces;
use crate::input::tap::{Hashing, Tap};
use crate::input::unpack::Unpacked;
use crate::parquet::blocks::ParquetBlocks;
use crate::rejects::reject::BadRows;

pub(crate) use head::Head;

/// The format of a file, told by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Separated text.
    Csv,
    /// Argus bidirectional flows, separated by commas or tabs.
    Argus,
    /// Zeek's own log format.
    ZeekTsv,
    /// Zeek logs as one JSON object a line.
    ZeekJson,
    /// Suricata's eve.json, of which the flow events are read.
    SuricataEve,
    /// Datagrams of NetFlow v5, NetFlow v9 or IPFIX, one after the other.
    NetFlow,
    /// Apache Parquet.
    Parquet,
    /// Packets, metered into flows.
    Capture,
}

impl Format {
    /// The format's name for a person.
    pub fn title(self) -> &'static str {
        match self {
            Format::Csv => "CSV",
            Format::Argus => "Argus binetflow",
            Format::ZeekTsv => "Zeek log",
            Format::ZeekJson => "Zeek JSON log",
            Format::SuricataEve => "Suricata eve.json",
            Format::NetFlow => "NetFlow",
            Format::Parquet => "Parquet",
            Format::Capture => "packet capture",
        }
    }

    /// Those of text.
    #[cfg(test)]
    pub(crate) fn text() -> impl Iterator<Item = Format> {
        TEXT_FORMATS.iter().map(|text| text.format)
    }
}

/// A text format: how its first line is told, and what decodes its records.
struct TextFormat {
    format: Format,
    begins: fn(&[u8]) -> bool,
    open: OpenDecoder,
}

type OpenDecoder = fn(&mut Framer, &Beginning<'_>) -> Result<Box<dyn Decoder>, IngestError>;

/// What a decoder may know before it reads.
struct Beginning<'a> {
    head: &'a Head,
    schema: &'a Schema,
    fields_from: FieldsFrom,
}

/// In the order in which they are tried. Anything can be CSV, which therefore stands last.
const TEXT_FORMATS: &[TextFormat] = &[
    TextFormat {
        format: Format::ZeekTsv,
        begins: zeek_tsv::begins,
        open: |framer, _| Ok(Box::new(ByLine::new(ZeekTsv::open(framer)?))),
    },
    TextFormat {
        format: Format::SuricataEve,
        begins: suricata_eve::begins,
        open: |framer, begin| open_named(framer, begin, suricata_eve::DIALECT),
    },
    TextFormat {
        format: Format::ZeekJson,
        begins: zeek_json::begins,
        open: |framer, begin| open_named(framer, begin, zeek_json::DIALECT),
    },
    TextFormat {
        format: Format::NetFlow,
        begins: netflow_rows::begins,
        open: |framer, _| Ok(Box::new(ByLine::new(NetflowRows::open(framer)?))),
    },
    TextFormat { format: Format::Argus, begins: separated::is_argus, open: open_separated },
    TextFormat { format: Format::Csv, begins: |_| true, open: open_separated },
];

/// The format of a text that begins with this line.
fn text_format(first_line: &[u8]) -> Option<&'static TextFormat> {
    TEXT_FORMATS.iter().find(|text| (text.begins)(first_line))
}

fn open_separated(framer: &mut Framer, begin: &Beginning<'_>) -> Result<Box<dyn Decoder>, IngestError> {
    let look = begin.fields_from == FieldsFrom::FirstLines;
    Ok(Box::new(Separated::open(framer, &begin.head.first_line, begin.head.delimiter, begin.schema, look)?))
}

/// Opens a format whose lines name their own fields.
fn open_named(framer: &mut Framer, begin: &Beginning<'_>, dialect: Dialect) -> Result<Box<dyn Decoder>, IngestError> {
    let fields = NamedFields::open(framer, dialect, begin.schema, begin.fields_from)?;
    Ok(Box::new(ByLine::new(fields)))
}

/// A file or stream that is ready to be read, and what it is.
pub(crate) struct Opened {
    pub(crate) format: Format,
    pub(crate) reader: Box<dyn BlockReader>,
    /// Counts the bytes behind the reader, and hashes them where that was asked for.
    pub(crate) tap: Tap,
}

/// Opens a file at its front.
pub(crate) fn open(
    input: &OpenInput,
    schema: &Schema,
    bad_rows: BadRows,
    hashing: Hashing,
) -> Result<Opened, IngestError> {
    let tap = Tap::new(hashing);
    let mut framer = framer_of(input, &tap)?;
    let head = Head::of(&mut framer)?;
    if head.first_line.starts_with(first_line::PARQUET) {
        // Read in another order than that of its bytes: what was told of them so far is void.
        let reader = Box::new(ParquetBlocks::open(input)?);
        return Ok(Opened { format: Format::Parquet, reader, tap: Tap::new(Hashing::No) });
    }
    if is_capture(&head.first_line) {
        return Ok(open_capture(framer, schema, input.sampling.is_some(), tap));
    }
    let begin = Beginning { head: &head, schema, fields_from: FieldsFrom::FirstLines };
    open_text(framer, &begin, bad_rows, tap)
}

/// Opens a stream of text as soon as its first line is there, or of packets as soon as their file's first bytes are.
pub(crate) fn open_stream(mut framer: Framer, schema: &Schema, bad_rows: BadRows) -> Result<Opened, IngestError> {
    let head = Head::of(&mut framer)?;
    if head.first_line.starts_with(first_line::PARQUET) {
        return Err(IngestError::UnknownFormat {
            file: framer.file().to_owned(),
            kind: format!("a stream of {}", Format::Parquet.title()),
            remedy: "its end must be read first, so give it as a file".to_owned(),
        });
    }
    if is_capture(&head.first_line) {
        return Ok(open_capture(framer, schema, false, Tap::new(Hashing::No)));
    }
    let begin = Beginning { head: &head, schema, fields_from: FieldsFrom::FirstLineAndSchema };
    open_text(framer, &begin, bad_rows, Tap::new(Hashing::No))
}

fn open_capture(framer: Framer, schema: &Schema, is_sample: bool, tap: Tap) -> Opened {
    let reader = Box::new(CaptureBlocks::new(framer, schema, is_sample, tap.clone()));
    Opened { format: Format::Capture, reader, tap }
}

fn open_text(mut framer: Framer, begin: &Beginning<'_>, bad_rows: BadRows, tap: Tap) -> Result<Opened, IngestError> {
    let none = || IngestError::internal(framer.file(), "no format takes its first line");
    let text = text_format(&begin.head.first_line).ok_or_else(none)?;
    let decoder = (text.open)(&mut framer, begin)?;
    let reader = Box::new(LineBlocks::new(framer, decoder, bad_rows, begin.head.left_out(), tap.clone()));
    Ok(Opened { format: text.format, reader, tap })
}

/// How a file of separated text begins; `None` where the file is of another format.
pub(crate) fn separated_head(input: &OpenInput) -> Result<Option<Head>, IngestError> {
    let head = Head::of(&mut framer_of(input, &Tap::new(Hashing::No))?)?;
    let is_separated = |text: &TextFormat| matches!(text.format, Format::Csv | Format::Argus);
    let is_text = !head.first_line.starts_with(first_line::PARQUET) && !is_capture(&head.first_line);
    let is_separated = is_text && text_format(&head.first_line).is_some_and(is_separated);
    Ok(is_separated.then_some(head))
}

/// The separator that the file names, or that cuts its first line into most pieces; `None` for a comma.
pub(crate) fn sniff_delimiter(input: &OpenInput) -> Result<Option<char>, IngestError> {
    let Some(head) = separated_head(input)? else { return Ok(None) };
    let pieces = |d: u8| quoting::values(&head.first_line, d).count();
    let most = DELIMITERS.into_iter().rev().max_by_key(|d| pieces(*d));
    let best = head.delimiter.or(most.filter(|d| pieces(*d) > 1));
    Ok(best.filter(|d| *d != b',').map(char::from))
}

fn framer_of(input: &OpenInput, tap: &Tap) -> Result<Framer, IngestError> {
    if let Some(sampling) = input.sampling {
        let (bytes, jumps) = read_in_pieces(input, sampling, tap)?;
        return Ok(Framer::new(bytes, &input.name, &input.contact).with_jumps(jumps));
    }
    let unpacked = Unpacked::new(tap.on(input.bytes(0))).map_err(|e| IngestError::read(&input.name, &e))?;
    Ok(Framer::new(Box::new(unpacked), &input.name, &input.contact))
}

#[cfg(test)]
mod tests {
    use nta_data::Contact;

    use super::*;
    use crate::input::feed::Feed;

    /// What a pipe turns out to be that has said `bytes` and is still open.
    fn format_of(bytes: &[u8]) -> Result<Format, String> {
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, bytes).unwrap();
        let contact = Contact::default();
        let framer = Framer::new(Box::new(Feed::start(reader, &contact).unwrap()), "pipe", &contact);
        let schema = crate::schema::any::any_columns();
        let opened = open_stream(framer, &schema, BadRows::Refuse).map(|o| o.format).map_err(|e| e.to_string());
        drop(writer);
        opened
    }

    #[test]
    fn one_line_of_a_pipe_that_is_still_open_tells_every_text_format() {
        assert_eq!(format_of(b"\n  \n\t#separator \\x09\n#path\tconn\n#fields\tts\tuid\n"), Ok(Format::ZeekTsv));
        assert_eq!(format_of(b"#fields\tts\tuid\n"), Ok(Format::ZeekTsv));
        assert_eq!(format_of(b"{\"ts\":1}\n"), Ok(Format::ZeekJson));
        assert_eq!(format_of(b"{\"event_type\":\"dns\"}\n"), Ok(Format::SuricataEve));
        assert_eq!(format_of(b"\0\x05\0\x00\0\0"), Ok(Format::NetFlow));
        assert_eq!(format_of(b"StartTime,Dur,Proto,SrcAddr,Sport,DstAddr\n"), Ok(Format::Argus));
        assert_eq!(format_of(b"StartTime\tDur\tProto\tSrcAddr\tDstAddr\n"), Ok(Format::Argus));
        assert_eq!(format_of(b"\xef\xbb\xbfa,b\n"), Ok(Format::Csv));
        assert_eq!(format_of(&[0xd4, 0xc3, 0xb2, 0xa1]), Ok(Format::Capture));
        assert_eq!(format_of(&[0x0a, 0x0d, 0x0d, 0x0a]), Ok(Format::Capture));
    }

    #[test]
    fn what_is_not_read_is_named_as_soon_as_it_shows() {
        assert!(format_of(b"PK\x03\x04rest\0").unwrap_err().contains("zip archive"));
        assert!(format_of(b"a\0,\0b\0\n\0c\0").unwrap_err().contains("UTF-16 text without a byte order mark"));
        assert!(format_of(b"PAR1").unwrap_err().contains("give it as a file"));
    }
}
