//! Lengths that Parquet's delta encodings keep of texts: a reader makes room for what they say, so they are held against
//! the bytes that are there. Format: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>.

use crate::limits::LONGEST_VALUE;

/// Most values of a block; writers use 128, and a few 1,024.
const LARGEST_BLOCK: u64 = 1 << 16;

/// Checks `DELTA_BINARY_PACKED` numbers, at most `most` of them.
pub(super) fn check_numbers(bytes: &[u8], most: usize) -> Result<(), String> {
    Packed::open(bytes, most).map(|_| ())
}

/// Checks `DELTA_LENGTH_BYTE_ARRAY` texts: their lengths, then all of them.
pub(super) fn check_texts(bytes: &[u8], most: usize) -> Result<(), String> {
    let (lengths, rest) = Packed::open(bytes, most)?.numbers()?;
    let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
    if total > rest.len() as u64 {
        return Err(format!("its texts are {total} bytes long and {} are there", rest.len()));
    }
    Ok(())
}

/// Checks `DELTA_BYTE_ARRAY` texts: what each has in common with the one before, then the rest of each. `room` is for
/// all of them, written out, in bytes.
pub(super) fn check_shared_texts(bytes: &[u8], most: usize, room: u64) -> Result<(), String> {
    let (shared, bytes) = Packed::open(bytes, most)?.numbers()?;
    let (own, bytes) = Packed::open(bytes, most)?.numbers()?;
    if shared.len() != own.len() {
        return Err(format!("{} texts begin and {} end", shared.len(), own.len()));
    }
    let (mut last, mut total, mut total_own) = (0u64, 0u64, 0u64);
    for (shared, own) in shared.into_iter().zip(own).map(|(a, b)| (u64::from(a), u64::from(b))) {
        if shared > last {
            return Err(format!("a text shares {shared} bytes with one of {last}"));
        }
        last = shared + own;
        total += last;
        total_own += own;
        if last > LONGEST_VALUE as u64 || total > room {
            return Err(format!("its texts take more than {LONGEST_VALUE} bytes each or {room} together"));
        }
    }
    if total_own > bytes.len() as u64 {
        return Err(format!("its texts are {total_own} bytes long and {} are there", bytes.len()));
    }
    Ok(())
}

/// `DELTA_BINARY_PACKED` numbers: the first, then blocks of differences, each of miniblocks of one width.
struct Packed<'a> {
    bytes: &'a [u8],
    block: usize,
    n_minis: usize,
    n_values: usize,
    first: i64,
}

impl<'a> Packed<'a> {
    fn open(bytes: &'a [u8], most: usize) -> Result<Packed<'a>, String> {
        let mut packed = Packed { bytes, block: 0, n_minis: 0, n_values: 0, first: 0 };
        let (block, n_minis, n_values) = (packed.varint()?, packed.varint()?, packed.varint()?);
        packed.first = packed.signed()?;
        let is_even = block <= LARGEST_BLOCK && n_minis > 0 && block % 128 == 0 && block % n_minis == 0;
        if !is_even || block == 0 || (block / n_minis) % 32 != 0 {
            return Err(format!("blocks of {block} numbers in {n_minis} parts"));
        }
        if n_values > most as u64 {
            return Err(format!("{n_values} numbers for {most} values"));
        }
        (packed.block, packed.n_minis, packed.n_values) = (block as usize, n_minis as usize, n_values as usize);
        Ok(packed)
    }

    /// The numbers, as lengths of texts, and the bytes behind them.
    fn numbers(mut self) -> Result<(Vec<u32>, &'a [u8]), String> {
        let (mut numbers, mut last) = (Vec::new(), self.first);
        if self.n_values > 0 {
            numbers.push(as_length(last)?);
        }
        let mini = self.block / self.n_minis;
        while numbers.len() < self.n_values {
            let least = self.signed()?;
            let widths = self.take(self.n_minis)?;
            for width in widths {
                let n = mini.min(self.n_values - numbers.len());
                if n == 0 {
                    break;
                }
                if *width > 64 {
                    return Err(format!("numbers of {width} bits"));
                }
                let bytes = self.take(usize::from(*width) * mini / 8)?;
                for i in 0..n {
                    last = last.wrapping_add(least).wrapping_add(bits(bytes, i, usize::from(*width)) as i64);
                    numbers.push(as_length(last)?);
                }
            }
        }
        Ok((numbers, self.bytes))
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.bytes.split_at_checked(n).ok_or("its lengths break off")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number without end".to_owned())
    }

    fn signed(&mut self) -> Result<i64, String> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

fn as_length(number: i64) -> Result<u32, String> {
    match u32::try_from(number) {
        Ok(length) if length as usize <= LONGEST_VALUE => Ok(length),
        _ => Err(format!("a text of {number} bytes, more than the {LONGEST_VALUE} that are read")),
    }
}

/// Number `i` of those of `width` bits, the lowest bits first.
fn bits(bytes: &[u8], i: usize, width: usize) -> u64 {
    let mut value = 0u64;
    for k in 0..width {
        let at = i * width + k;
        value |= u64::from(bytes[at / 8] >> (at % 8) & 1) << k;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the Parquet format's own reading test: Hello, World after each other; Hello, Helicopter with a shared beginning.
    const TEXTS: &[u8] = &[128, 1, 4, 2, 10, 0, 0, 0, 0, 0, 72, 101, 108, 108, 111, 87, 111, 114, 108, 100];
    const SHARED: &[u8] = &[
        128, 1, 4, 2, 0, 6, 0, 0, 0, 0, 128, 1, 4, 2, 10, 4, 0, 0, 0, 0, 72, 101, 108, 108, 111, 105, 99, 111, 112,
        116, 101, 114,
    ];

    #[test]
    fn lengths_are_unpacked_as_they_were_packed() {
        assert_eq!(Packed::open(TEXTS, 2).unwrap().numbers().unwrap(), (vec![5, 5], &TEXTS[10..]));
        check_texts(TEXTS, 2).unwrap();
        assert_eq!(bits(&[0b1110_0100], 2, 2), 2);
        assert_eq!(bits(&[0xff, 0x01], 1, 5), 0b01111);
    }

    #[test]
    fn lengths_beyond_the_bytes_and_more_values_than_promised_are_refused() {
        assert!(check_texts(&TEXTS[..TEXTS.len() - 1], 2).unwrap_err().contains("10 bytes long and 9 are there"));
        assert!(check_texts(TEXTS, 1).unwrap_err().contains("2 numbers for 1 values"));
        let huge = [128, 1, 4, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40];
        assert!(check_texts(&huge, 9).unwrap_err().contains("more than the 262144"), "{:?}", check_texts(&huge, 9));
        assert!(check_numbers(&[0, 4, 2, 0], 9).unwrap_err().contains("blocks of 0"));
        assert!(check_numbers(&[128, 1, 0, 2, 0], 9).unwrap_err().contains("in 0 parts"));
        assert!(check_numbers(&[128, 1], 9).unwrap_err().contains("break off"));
        for cut in 0..TEXTS.len() {
            assert!(check_texts(&TEXTS[..cut], 2).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_shared_beginning_must_be_there_and_all_must_fit() {
        check_shared_texts(SHARED, 2, 15).unwrap();
        assert!(check_shared_texts(SHARED, 2, 14).is_err());
        let mut longer = SHARED.to_vec();
        longer[5] = 12;
        assert!(check_shared_texts(&longer, 2, 99).unwrap_err().contains("shares 6 bytes with one of 5"));
    }
}
