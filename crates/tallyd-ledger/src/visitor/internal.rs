//! Signed requests: how our own auditor says that it is no visitor, in a way that nobody else can.
//!
//! Promises: only who has the key of the state directory can sign; a signature that was overheard is of use for a
//! few minutes, and only for the same text; how long verifying takes tells nothing of the right signature.

use std::hash::Hasher;
use std::hint::black_box;

use siphasher::sip128::{Hasher128, SipHasher24};

use super::Keys;

/// How far, in seconds, the time of a signature may be from ours: clocks differ, and requests wait.
pub const SIGNED_FOR: u64 = 300;

/// Digits of the signature.
const DIGITS: usize = 32;

impl Keys {
    /// The signature of a text at a time, under the `audit` key.
    #[must_use]
    pub fn sign_internal(&self, time_seconds: i64, text: &[u8]) -> [u8; 16] {
        let mut hasher = SipHasher24::new_with_key(&self.audit);
        hasher.write(&time_seconds.to_le_bytes());
        hasher.write(text);
        hasher.finish128().as_bytes()
    }

    /// What the header says that carries it: `SECONDS:SIGNATURE`, in lower-case hexadecimal digits.
    #[must_use]
    pub fn header_value(&self, now_seconds: i64, text: &[u8]) -> String {
        let mut value = format!("{now_seconds}:");
        for byte in self.sign_internal(now_seconds, text) {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
            value.extend(digits.into_iter().flatten());
        }
        value
    }

    /// Whether the header was made with our key, for this text, and not long ago.
    #[must_use]
    pub fn verify_internal(&self, header_value: &[u8], now_seconds: i64, text: &[u8]) -> bool {
        let Some((time, signature)) = read(header_value) else {
            return false;
        };
        let is_in_time = time.abs_diff(now_seconds) <= SIGNED_FOR;
        is_in_time && is_same(&signature, &self.sign_internal(time, text))
    }
}

/// Time and signature; nothing if it was not written by [`Keys::header_value`].
fn read(value: &[u8]) -> Option<(i64, [u8; 16])> {
    let (front, digits) = value.split_last_chunk::<DIGITS>()?;
    let (b':', time) = front.split_last()? else {
        return None;
    };
    // A sign would be a second way to write the same time.
    let is_plain = time.iter().all(u8::is_ascii_digit);
    let time = std::str::from_utf8(time).ok().filter(|_| is_plain)?;
    let mut signature = [0; 16];
    let (pairs, _) = digits.as_chunks::<2>();
    for (byte, [high, low]) in signature.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some((time.parse().ok()?, signature))
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Looks at all bytes, also after the first that differs.
fn is_same(left: &[u8; 16], right: &[u8; 16]) -> bool {
    let pairs = left.iter().zip(right);
    let difference = pairs.fold(0, |difference, (left, right)| difference | left ^ right);
    // Else the compiler might see that it could stop early.
    black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn keys(seed: u8) -> Keys {
        Keys::fresh(0, |bytes| bytes.fill(seed))
    }

    #[test]
    fn what_is_signed_is_believed_for_five_minutes_either_way() {
        let value = keys(1).header_value(NOW, b"/a");
        assert_eq!(value.len(), "1800000000:".len() + DIGITS);
        let check = |offset: i64| keys(1).verify_internal(value.as_bytes(), NOW + offset, b"/a");
        assert!(check(0) && check(300) && check(-300));
        assert!(!check(301) && !check(-301));
        assert!(!keys(1).verify_internal(value.as_bytes(), i64::MIN, b"/a"));
    }

    #[test]
    fn another_key_text_or_time_is_not_believed() {
        let value = keys(1).header_value(NOW, b"/a");
        assert!(!keys(2).verify_internal(value.as_bytes(), NOW, b"/a"));
        assert!(!keys(1).verify_internal(value.as_bytes(), NOW, b"/b"));
        let moved = value.replace("1800000000", "1800000001");
        assert!(!keys(1).verify_internal(moved.as_bytes(), NOW, b"/a"));
    }

    #[test]
    fn each_bit_of_the_signature_matters() {
        let right = keys(1).sign_internal(NOW, b"/a");
        assert!(is_same(&right, &right));
        for bit in 0..128 {
            let mut wrong = right;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_same(&right, &wrong), "{bit}");
        }
    }

    #[test]
    fn what_has_another_form_is_not_believed() {
        let value = keys(1).header_value(NOW, b"");
        let check = |value: &str| {
            assert!(
                !keys(1).verify_internal(value.as_bytes(), NOW, b""),
                "{value:?}"
            );
        };
        check("");
        check(":");
        check("1800000000:");
        check(&value.replace(':', ""));
        check(&value.replace(':', ";"));
        check(&format!("+{value}"));
        check(&format!(" {value}"));
        check(&format!("{value} "));
        check(&format!("1{value}"));
        check(&value.to_ascii_uppercase().replace('0', "g"));
        check(&format!("99999999999999999999{value}"));
        let signature = value.split_once(':').unwrap().1;
        check(&format!(":{signature}"));
        check(&format!(
            "1800000000:{}",
            signature.replace(|_: char| true, "\u{e9}")
        ));
        assert!(
            keys(1).verify_internal(format!("0{value}").as_bytes(), NOW, b""),
            "the same time"
        );
    }
}
