//! Gob's integers, floats and counted bytes: from a message and into one.

use super::decoder::DecodeError;

/// Reads one message, whose bytes are all there: running out of them is an error.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Bytes not read yet.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn uint(&mut self) -> Result<u64, DecodeError> {
        let rest = &self.bytes[self.at..];
        match uint(rest)? {
            Some((value, width)) => {
                self.at += width;
                Ok(value)
            }
            None => Err(DecodeError::Truncated),
        }
    }

    /// The low bit tells whether the other bits are complemented.
    pub(super) fn int(&mut self) -> Result<i64, DecodeError> {
        let bits = self.uint()?;
        let magnitude = (bits >> 1) as i64;
        Ok(if bits & 1 == 0 { magnitude } else { !magnitude })
    }

    /// The bits come with their bytes reversed, so that the many floats that end in zeros are short.
    pub(super) fn float(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_bits(self.uint()?.swap_bytes()))
    }

    /// A count, then that many bytes.
    pub(super) fn counted(&mut self) -> Result<&'a [u8], DecodeError> {
        let count = self.uint()?;
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(count)
            .ok()
            .and_then(|count| rest.get(..count))
            .ok_or(DecodeError::Count {
                count,
                left: rest.len(),
            })?;
        self.at += taken.len();
        Ok(taken)
    }
}

/// An unsigned integer at the start of `bytes` and its width; `None`: more bytes are needed.
pub(super) fn uint(bytes: &[u8]) -> Result<Option<(u64, usize)>, DecodeError> {
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    if first < 0x80 {
        return Ok(Some((u64::from(first), 1)));
    }
    let count = usize::from(first.wrapping_neg());
    if count > 8 {
        return Err(DecodeError::Integer(count));
    }
    let Some(digits) = bytes.get(1..=count) else {
        return Ok(None);
    };
    let value = digits
        .iter()
        .fold(0, |value, digit| value << 8 | u64::from(*digit));
    Ok(Some((value, count + 1)))
}

pub(super) fn put_uint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    let unused = value.leading_zeros() as usize / 8;
    let count = 8 - unused;
    out.push((count as u8).wrapping_neg());
    out.extend_from_slice(&value.to_be_bytes()[unused..]);
}

pub(super) fn put_int(out: &mut Vec<u8>, value: i64) {
    let bits = if value < 0 { !value } else { value } as u64;
    put_uint(out, bits << 1 | u64::from(value < 0));
}

pub(super) fn put_float(out: &mut Vec<u8>, value: f64) {
    put_uint(out, value.to_bits().swap_bytes());
}

pub(super) fn put_counted(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Go's `encoding/gob/doc.go`, and the ends of the ranges.
    #[test]
    fn integers_as_documented() {
        for (value, bytes) in [
            (0, &[0][..]),
            (7, &[7]),
            (127, &[0x7f]),
            (128, &[0xff, 0x80]),
            (256, &[0xfe, 1, 0]),
            (u64::MAX, &[0xf8, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            let mut out = Vec::new();
            put_uint(&mut out, value);
            assert_eq!(out, bytes, "{value}");
            assert_eq!(Reader::new(bytes).uint(), Ok(value));
        }
        for (value, bytes) in [
            (-129, &[0xfe, 1, 1][..]),
            (-1, &[1]),
            (1, &[2]),
            (i64::MAX, &[0xf8, 255, 255, 255, 255, 255, 255, 255, 254]),
            (i64::MIN, &[0xf8, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            let mut out = Vec::new();
            put_int(&mut out, value);
            assert_eq!(out, bytes, "{value}");
            assert_eq!(Reader::new(bytes).int(), Ok(value));
        }
        let mut out = Vec::new();
        put_float(&mut out, 17.0);
        assert_eq!(out, [0xfe, 0x31, 0x40]);
        assert_eq!(Reader::new(&out).float(), Ok(17.0));
    }

    #[test]
    fn integers_that_are_none() {
        assert_eq!(Reader::new(&[]).uint(), Err(DecodeError::Truncated));
        assert_eq!(Reader::new(&[0xfe, 1]).uint(), Err(DecodeError::Truncated));
        assert_eq!(Reader::new(&[0xf7]).uint(), Err(DecodeError::Integer(9)));
        assert_eq!(Reader::new(&[0x80]).uint(), Err(DecodeError::Integer(128)));
        assert_eq!(
            Reader::new(&[3, b'a', b'b']).counted(),
            Err(DecodeError::Count { count: 3, left: 2 })
        );
    }
}
