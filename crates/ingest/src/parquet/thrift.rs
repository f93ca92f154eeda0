//! Walks Thrift's compact encoding without allocating by what it says: what is promised must be there. The whole numbers
//! met are given to the caller; nothing is known of Parquet here.

/// Structures inside each other, more than Parquet has.
const DEEPEST: usize = 12;

/// Structures in all: each takes a byte, and a hundred once it is understood.
const MOST_STRUCTURES: usize = 1 << 20;

/// Where a whole number stands: field of the outermost structure, and field inside that one (0 for none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field(pub(super) i16, pub(super) i16);

/// What is met on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// A whole number of the outermost structure or of one directly inside, also where that one stands in a list.
    Number(Field, i64),
    /// The end of a structure in the list that is this field of the outermost structure.
    Item(i16),
}

/// Bytes that break the encoding, or end before it does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Walks the structure at the front of `bytes` and returns its length; `seen` is told the whole numbers of its fields and
/// of the structures directly inside.
pub(super) fn walk(bytes: &[u8], mut seen: impl FnMut(Met)) -> Result<usize, Broken> {
    let mut walk = Walk { bytes, at: 0, n_structures: 0, seen: &mut seen };
    walk.structure(0, 0)?;
    Ok(walk.at)
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    n_structures: usize,
    seen: &'a mut dyn FnMut(Met),
}

impl Walk<'_> {
    fn byte(&mut self) -> Result<u8, Broken> {
        let byte = self.bytes.get(self.at).copied().ok_or(Broken)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, n: u64) -> Result<(), Broken> {
        let left = (self.bytes.len() - self.at) as u64;
        if n > left {
            return Err(Broken);
        }
        self.at += n as usize;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken)
    }

    fn zigzag(&mut self) -> Result<i64, Broken> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Fields up to the one that ends the structure. `parent` is the field it is the value of, 0 for none.
    fn structure(&mut self, depth: usize, parent: i16) -> Result<(), Broken> {
        self.n_structures += 1;
        if depth > DEEPEST || self.n_structures > MOST_STRUCTURES {
            return Err(Broken);
        }
        let mut id = 0i16;
        loop {
            let header = self.byte()?;
            let kind = header & 0x0f;
            if kind == 0 {
                return Ok(());
            }
            id = match header >> 4 {
                0 => i16::try_from(self.zigzag()?).map_err(|_| Broken)?,
                delta => id.checked_add(i16::from(delta)).ok_or(Broken)?,
            };
            let field = match depth {
                0 => Some(Field(id, 0)),
                1 => Some(Field(parent, id)),
                _ => None,
            };
            self.value(kind, depth, id, field, false)?;
        }
    }

    /// A value of the field `id`, or of the list that is this field.
    fn value(&mut self, kind: u8, depth: usize, id: i16, field: Option<Field>, in_list: bool) -> Result<(), Broken> {
        match kind {
            // A flag stands in its field's header, and in a list in a byte.
            1 | 2 if in_list => self.skip(1),
            1 | 2 => Ok(()),
            3 => self.skip(1),
            4..=6 => {
                let value = self.zigzag()?;
                if let Some(field) = field {
                    (self.seen)(Met::Number(field, value));
                }
                Ok(())
            }
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => self.list(depth, id),
            12 => self.structure(depth + 1, id),
            // Maps, which Parquet does not use, and what is no kind.
            _ => Err(Broken),
        }
    }

    fn list(&mut self, depth: usize, id: i16) -> Result<(), Broken> {
        if depth > DEEPEST {
            return Err(Broken);
        }
        let header = self.byte()?;
        let n = match header >> 4 {
            15 => self.varint()?,
            n => u64::from(n),
        };
        // Each takes a byte at least, so no list can be longer than what is left.
        if n > (self.bytes.len() - self.at) as u64 {
            return Err(Broken);
        }
        let kind = header & 0x0f;
        // A structure of a list stands as deep as one that is a field; what lies in a list of lists is told to nobody.
        let depth_inside = if kind == 12 { depth } else { depth + 1 };
        for _ in 0..n {
            self.value(kind, depth_inside, id, None, true)?;
            if depth == 0 && kind == 12 {
                (self.seen)(Met::Item(id));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_with_their_fields() {
        // 1: i32 -3; 2: list of two i32; 3: { 1: i64 64 }; 4: "ab".
        let bytes = [0x15, 5, 0x19, 0x25, 2, 4, 0x1c, 0x16, 0x80, 1, 0, 0x18, 2, b'a', b'b', 0, 9];
        let mut seen = Vec::new();
        assert_eq!(walk(&bytes, |met| seen.push(met)), Ok(bytes.len() - 1));
        assert_eq!(seen, [Met::Number(Field(1, 0), -3), Met::Number(Field(3, 1), 64)]);
        for cut in 0..bytes.len() - 1 {
            assert_eq!(walk(&bytes[..cut], |_| ()), Err(Broken), "{cut}");
        }
    }

    #[test]
    fn structures_in_a_list_are_told_with_their_numbers_and_counted() {
        // 2: list of { 5: i32 1 } and { }; the list inside the second's field 1 is not told of.
        let bytes = [0x29, 0x2c, 0x55, 2, 0, 0x19, 0x1c, 0x15, 2, 0, 0, 0];
        let mut seen = Vec::new();
        assert_eq!(walk(&bytes, |met| seen.push(met)), Ok(bytes.len()));
        assert_eq!(seen, [Met::Number(Field(2, 5), 1), Met::Item(2), Met::Item(2)]);
        let many = |n: usize| {
            let length = [n as u8 & 0x7f | 0x80, (n >> 7) as u8 & 0x7f | 0x80, (n >> 14) as u8];
            walk(&[&[0x19, 0xfc], &length[..], &vec![0; n + 1]].concat(), |_| ())
        };
        assert!(many(MOST_STRUCTURES - 1).is_ok());
        assert_eq!(many(MOST_STRUCTURES), Err(Broken));
    }

    #[test]
    fn a_list_longer_than_its_bytes_and_endless_depth_are_broken() {
        assert_eq!(walk(&[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 7, 0, 0], |_| ()), Err(Broken));
        assert_eq!(walk(&[0x1c; 100], |_| ()), Err(Broken));
        assert_eq!(
            walk(&[0x19, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0], |_| ()),
            Err(Broken)
        );
    }
}
