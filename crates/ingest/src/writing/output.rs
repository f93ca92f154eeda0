//! Where the bytes of a table go: straight to a file, or packed on the way.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Where the bytes go.
pub(crate) enum Output {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, BufWriter<File>>>),
}

impl Output {
    pub(crate) fn plain(file: File) -> Self {
        Output::Plain(BufWriter::with_capacity(1 << 17, file))
    }

    pub(crate) fn gzip(file: File) -> Self {
        let plain = BufWriter::with_capacity(1 << 17, file);
        Output::Gzip(Box::new(GzEncoder::new(plain, Compression::default())))
    }

    pub(crate) fn zstd(file: File) -> io::Result<Self> {
        let plain = BufWriter::with_capacity(1 << 17, file);
        Ok(Output::Zstd(Box::new(zstd::stream::write::Encoder::new(plain, 0)?)))
    }

    /// Writes what is still held back.
    pub(crate) fn close(self) -> io::Result<()> {
        match self {
            Output::Plain(mut writer) => writer.flush(),
            Output::Gzip(encoder) => encoder.finish()?.flush(),
            Output::Zstd(encoder) => encoder.finish()?.flush(),
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
