//! Where the bytes of a table go: straight to a file, or packed on the way.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::writing::early_sync::EarlySync;

/// Where the bytes go.
pub(crate) enum Output {
    Plain(BufWriter<EarlySync>),
    Gzip(Box<GzEncoder<BufWriter<EarlySync>>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, BufWriter<EarlySync>>>),
}

impl Output {
    pub(crate) fn plain(file: File) -> Self {
        Output::Plain(BufWriter::with_capacity(1 << 17, EarlySync::new(file)))
    }

    pub(crate) fn gzip(file: File) -> Self {
        let plain = BufWriter::with_capacity(1 << 17, EarlySync::new(file));
        Output::Gzip(Box::new(GzEncoder::new(plain, Compression::default())))
    }

    pub(crate) fn zstd(file: File) -> io::Result<Self> {
        let plain = BufWriter::with_capacity(1 << 17, EarlySync::new(file));
        Ok(Output::Zstd(Box::new(zstd::stream::write::Encoder::new(plain, 0)?)))
    }

    /// Writes what is still held back; the file goes to disk after that.
    pub(crate) fn close(self) -> io::Result<()> {
        let mut writer = match self {
            Output::Plain(writer) => writer,
            Output::Gzip(encoder) => encoder.finish()?,
            Output::Zstd(encoder) => encoder.finish()?,
        };
        writer.flush()?;
        writer.get_mut().settle()
    }

    /// Writes what can be written of what is held back, and waits for what goes to disk already.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Output::Plain(writer) => writer.get_mut().settle(),
            Output::Gzip(encoder) => encoder.get_mut().get_mut().settle(),
            Output::Zstd(encoder) => encoder.get_mut().get_mut().settle(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Plain(writer) => writer.write(bytes),
            Output::Gzip(encoder) => encoder.write(bytes),
            Output::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Plain(writer) => writer.flush(),
            Output::Gzip(encoder) => encoder.flush(),
            Output::Zstd(encoder) => encoder.flush(),
        }
    }
}
