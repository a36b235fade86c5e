//! What is in a test file: any part of it, without the rest and without the tree.
//!
//! Word `i` of eight bytes, little-endian, is output `i` of `SplitMix64` from a state that the seed and the
//! number of the file decide; docs/files.md draws it. Compresses to nothing smaller.

use super::draw::{STEP, key, mix};

/// Bytes of a word.
const WORD: usize = 8;

/// Fills `bytes` with what file `number` of the tree of `seed` has from `offset` on. A file is as long as one likes.
pub fn fill(seed: u64, number: u64, offset: u64, bytes: &mut [u8]) {
    let key = key(seed, number);
    let within = usize::try_from(offset % WORD as u64).unwrap_or_default();
    let mut index = offset / WORD as u64;
    let to_boundary = (WORD - within) % WORD;
    let (head, rest) = bytes.split_at_mut(to_boundary.min(bytes.len()));
    if !head.is_empty() {
        copy(head, word(key, index).into_iter().skip(within));
        index = index.wrapping_add(1);
    }
    let mut words = rest.chunks_exact_mut(WORD);
    for place in &mut words {
        place.copy_from_slice(&word(key, index));
        index = index.wrapping_add(1);
    }
    copy(words.into_remainder(), word(key, index));
}

fn word(key: u64, index: u64) -> [u8; WORD] {
    let turn = index.wrapping_add(1);
    mix(key.wrapping_add(turn.wrapping_mul(STEP))).to_le_bytes()
}

fn copy(places: &mut [u8], bytes: impl IntoIterator<Item = u8>) {
    for (place, byte) in places.iter_mut().zip(bytes) {
        *place = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(seed: u64, number: u64, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        fill(seed, number, offset, &mut bytes);
        bytes
    }

    #[test]
    fn any_part_is_that_part_of_the_whole() {
        let whole = part(5, 9, 0, 100);
        for from in 0..=100 {
            for to in from..=100 {
                let part = part(5, 9, from as u64, to - from);
                assert_eq!(part, whole[from..to], "{from}..{to}");
            }
        }
    }

    #[test]
    fn parts_far_behind_are_the_same_however_they_are_split() {
        let offset = (1 << 40) + 3;
        let whole = part(1, 1, offset, 50);
        let split = [part(1, 1, offset, 17), part(1, 1, offset + 17, 33)].concat();
        assert_eq!(whole, split);
    }

    /// Computed by the lines in docs/files.md, in another language.
    #[test]
    fn the_bytes_are_those_of_the_description() {
        assert_eq!(
            part(1, 1, 0, 16),
            [
                0x7b, 0xeb, 0x1b, 0xb3, 0x89, 0x24, 0x5b, 0x5c, 0xcc, 0x7f, 0x31, 0xb3, 0x12, 0xd2,
                0xc3, 0xe6
            ]
        );
        assert_eq!(
            part(1, 2, 0, 8),
            [0x99, 0xb5, 0xd6, 0xc9, 0x4b, 0x7d, 0x64, 0x8c]
        );
        assert_eq!(
            part(u64::MAX, 1_000_000, 0xffff_ffff_fff9, 9),
            [0x73, 0x4b, 0xde, 0xad, 0xbd, 0x40, 0x37, 0x0b, 0x90]
        );
    }

    #[test]
    fn files_and_seeds_differ_and_every_byte_is_as_frequent_as_another() {
        assert_ne!(part(1, 1, 0, 32), part(1, 2, 0, 32));
        assert_ne!(part(1, 1, 0, 32), part(2, 1, 0, 32));
        let mut times = [0_u32; 256];
        for byte in part(1, 1, 0, 256 * 1000) {
            times[usize::from(byte)] += 1;
        }
        // Five standard deviations from 1000.
        assert!(
            times.iter().all(|times| (840..1160).contains(times)),
            "{times:?}"
        );
    }
}
