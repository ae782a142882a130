//! How many inputs a property test tries.

/// As many as `PROPTEST_CASES` says (`make fuzz` sets it), else `usual`.
pub fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}
