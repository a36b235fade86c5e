//! Visitors without names: hashes of address and agent under keys that are destroyed, and the keys themselves.
//!
//! Promises: no address and no agent leaves this file, nor anything from which they could be found again once the
//! day's keys are gone; two visitors are never made one by how their parts are put together. Pure: random bytes and
//! times are arguments.

use std::fmt;
use std::hash::Hasher;
use std::net::IpAddr;

use siphasher::sip::SipHasher13;
use siphasher::sip128::{self, Hasher128};

use crate::facts::Visitor;
use crate::sketch;

mod internal;
mod referer;

pub use internal::SIGNED_FOR;
pub use referer::host_of;

/// The length of encoded [`Keys`].
pub const KEYS_LENGTH: usize = 128;

/// The first bytes of encoded [`Keys`]: what it is, and its version.
const MARK: [u8; 8] = *b"tallyk\x00\x01";

/// What the state directory keeps secret. Those of a day are forgotten with the day after it.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The day of `today`, since 1970 (UTC).
    pub day: i64,
    /// Visitors of this day are known by it.
    pub today: [u8; 16],
    /// Visitors of the day before were.
    pub before: [u8; 16],
    /// Kept as long as the ledger: sketches of several days can only be merged if one visitor has one place in all.
    pub sketch: [u8; 16],
    /// Kept as long as the ledger: what our own auditor signs its requests with.
    pub audit: [u8; 16],
}

impl Keys {
    /// New keys, of this day on.
    pub fn fresh(day: i64, mut random: impl FnMut(&mut [u8])) -> Keys {
        let mut key = || fill(&mut random);
        Keys {
            day,
            today: key(),
            before: key(),
            sketch: key(),
            audit: key(),
        }
    }

    /// Goes on to this day, and forgets what belongs to days before yesterday; true if the keys are others now.
    /// Back only by more than a day: a clock that is set back keeps the visitors of the later day known; one that was
    /// far ahead must not keep keys from being changed until that day comes.
    pub fn rotate(&mut self, day: i64, mut random: impl FnMut(&mut [u8])) -> bool {
        if day == self.day || day.checked_add(1) == Some(self.day) {
            return false;
        }
        let is_next = day.checked_sub(1) == Some(self.day);
        self.before = if is_next {
            self.today
        } else {
            fill(&mut random)
        };
        self.today = fill(&mut random);
        self.day = day;
        true
    }

    /// Who this is, without saying who.
    ///
    /// Clients without an address (of a unix socket) are told apart by their agents alone. An IPv6 address counts by
    /// its first 64 bits: the rest is the client's own to change.
    #[must_use]
    pub fn visitor(&self, address: Option<IpAddr>, agent: &[u8]) -> Visitor {
        // This is the same for the life of the ledger, so it never leaves this function; whoever had it could follow
        // a visitor from day to day. Of the 128 bits, only the place in the sketch gets out: 12 bits and a rank.
        let mut hasher = sip128::SipHasher24::new_with_key(&self.sketch);
        // Always 24 bytes, so that no address and agent look like another address and agent.
        hasher.write(&origin(address));
        hasher.write(agent);
        let base = hasher.finish128();
        let (register, rank) = sketch::place(base.h1);
        let base = base.as_bytes();
        // One round less than for the long-lived key: these two are for two days. All of it takes 69 ns for an agent of
        // 100 bytes.
        Visitor {
            today: SipHasher13::new_with_key(&self.today).hash(&base),
            before: SipHasher13::new_with_key(&self.before).hash(&base),
            register,
            rank,
        }
    }

    /// Its bytes in the state directory: mark, day, keys, room, checksum.
    #[must_use]
    pub fn encode(&self) -> [u8; KEYS_LENGTH] {
        let mut out = [0; KEYS_LENGTH];
        let keys = [self.today, self.before, self.sketch, self.audit];
        let (blocks, _) = out.as_chunks_mut::<16>();
        let [head, today, before, sketch, audit, _, _, checksum] = blocks else {
            return out;
        };
        let (mark, day) = head.split_at_mut(8);
        mark.copy_from_slice(&MARK);
        day.copy_from_slice(&self.day.to_le_bytes());
        [*today, *before, *sketch, *audit] = keys;
        *checksum = sum(&[*head, *today, *before, *sketch, *audit]);
        out
    }

    /// From its bytes; nothing if they are none, of a later version, or damaged.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Keys> {
        let (blocks, []) = bytes.as_chunks::<16>() else {
            return None;
        };
        let &[head, today, before, sketch, audit, _, _, checksum] = blocks else {
            return None;
        };
        let (mark, day) = head.split_first_chunk::<8>()?;
        let is_sound = *mark == MARK && checksum == sum(&[head, today, before, sketch, audit]);
        is_sound.then_some(Keys {
            day: i64::from_le_bytes(day.try_into().ok()?),
            today,
            before,
            sketch,
            audit,
        })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Keys")
            .field("day", &self.day)
            .finish_non_exhaustive()
    }
}

fn fill(random: &mut impl FnMut(&mut [u8])) -> [u8; 16] {
    let mut key = [0; 16];
    random(&mut key);
    key
}

/// An address as 24 bytes: its kind in 8, and 16 of its own.
fn origin(address: Option<IpAddr>) -> [u8; 24] {
    let (kind, number) = match address.map(|address| address.to_canonical()) {
        None => (0_u64, 0),
        Some(IpAddr::V4(address)) => (4, u128::from(address.to_bits())),
        Some(IpAddr::V6(address)) => (6, address.to_bits() >> 64),
    };
    let mut origin = [0; 24];
    let (front, back) = origin.split_at_mut(8);
    front.copy_from_slice(&kind.to_le_bytes());
    back.copy_from_slice(&number.to_le_bytes());
    origin
}

/// Against accidents, not against forgers: who can write the file has its keys anyway.
fn sum(blocks: &[[u8; 16]; 5]) -> [u8; 16] {
    sip128::SipHasher24::new_with_key(&[0; 16])
        .hash(blocks.as_flattened())
        .as_bytes()
}

#[cfg(test)]
mod tests;
