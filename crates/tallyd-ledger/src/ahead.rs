//! Memory that will be looked at soon, asked for ahead: it is on its way while other things are done.
//!
//! Promises: nothing is waited for, nothing changes; where the processor can't be asked, nothing happens.

/// Asks for the memory of `place`: for what has left the processor's cache since it was looked at last.
#[inline]
pub fn fetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        use std::ptr::from_ref;

        #[expect(unsafe_code, reason = "the hint has no stable safe form")]
        // SAFETY: a prefetch is a hint. It changes nothing that a program can see and never faults, and the address is
        // that of a reference.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(from_ref(place).cast::<i8>());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
