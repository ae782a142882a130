//! What addresses are made of. Pure.

/// A text as it stands in an address, with nothing left that could mean something there.
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_within_an_address_means_nothing_there() {
        assert_eq!(percent("https://a.example/?q=ä b&c"), "https%3A%2F%2Fa.example%2F%3Fq%3D%C3%A4%20b%26c");
    }
}
