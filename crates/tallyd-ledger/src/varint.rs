//! Numbers in as few bytes as they need: seven bits in each, the lowest first, the highest bit says that more
//! follow (LEB128). Signed ones are folded, so that small negative ones stay short too.
//!
//! Promises: reading takes any bytes and never panics; every number that was written is read back.

/// Appends a number.
pub(crate) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(low(number) | 0x80);
        number >>= 7;
    }
    out.push(low(number));
}

/// Appends a signed number: 0, -1, 1, -2, 2 ... become 0, 1, 2, 3, 4 ...
pub(crate) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Takes a number from the front; nothing if there is none that 64 bits can hold.
pub(crate) fn take(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for the one bit that is left.
        if bits.checked_shl(shift)? >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Takes a signed number from the front.
pub(crate) fn take_signed(from: &mut &[u8]) -> Option<i64> {
    let folded = take(from)?;
    Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
}

fn low(number: u64) -> u8 {
    let [byte, ..] = number.to_le_bytes();
    byte & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, number);
        out
    }

    #[test]
    fn numbers_come_back_and_small_ones_are_short() {
        for (number, length) in [
            (0, 1),
            (127, 1),
            (128, 2),
            (16_383, 2),
            (16_384, 3),
            (u64::MAX, 10),
        ] {
            let out = bytes(number);
            assert_eq!(out.len(), length, "{number}");
            let mut from = out.as_slice();
            assert_eq!(take(&mut from), Some(number));
            assert_eq!(from, [0; 0], "nothing is left over");
        }
    }

    #[test]
    fn signed_numbers_come_back() {
        for number in [0, -1, 1, -64, 63, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            put_signed(&mut out, number);
            assert_eq!(take_signed(&mut out.as_slice()), Some(number));
        }
        let mut out = Vec::new();
        put_signed(&mut out, -64);
        assert_eq!(out.len(), 1);
    }

    #[test]
    fn what_is_cut_off_or_too_large_is_no_number() {
        assert_eq!(take(&mut [].as_slice()), None);
        assert_eq!(take(&mut [0x80].as_slice()), None);
        let mut too_large = [0xff; 10];
        too_large[9] = 0x02;
        assert_eq!(take(&mut too_large.as_slice()), None);
        assert_eq!(take(&mut [0xff; 20].as_slice()), None);
    }
}
