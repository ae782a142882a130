//! A hash that is the same in every run and on every machine, which the standard library's is not.

/// FNV-1a: small, and good enough to spread names over ids.
pub(crate) fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
