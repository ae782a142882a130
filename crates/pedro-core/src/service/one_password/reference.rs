//! A reference as operators copy it from 1Password: `op://vault/item/field`, or with a section before the field.

use std::fmt;

use super::SCHEME;

/// Which value is meant. Names are not secret, and are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) vault: String,
    pub(super) item: String,
    pub(super) section: Option<String>,
    pub(super) field: String,
}

impl Reference {
    /// The error is the end of a sentence that begins with the variable's name.
    pub(super) fn parse(written: &str) -> Result<Self, &'static str> {
        let path = written.get(SCHEME.len()..).unwrap_or_default();
        if path.contains('?') {
            return Err(
                "is a 1Password reference with a question mark: attributes, such as one-time codes, cannot be used",
            );
        }
        let parts: Vec<&str> = path.split('/').map(str::trim).collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(SHAPE);
        }
        let (vault, item, section, field) = match parts[..] {
            [vault, item, field] => (vault, item, None, field),
            [vault, item, section, field] => (vault, item, Some(section.to_owned()), field),
            _ => return Err(SHAPE),
        };
        Ok(Self { vault: vault.to_owned(), item: item.to_owned(), section, field: field.to_owned() })
    }
}

const SHAPE: &str =
    "is no whole 1Password reference, which is written op://vault/item/field or op://vault/item/section/field";

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}/", self.vault, self.item)?;
        self.section.iter().try_for_each(|section| write!(f, "{section}/"))?;
        f.write_str(&self.field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_three_parts_or_four() {
        let reference = Reference::parse("op://Pedro Bot/twitch.tv/token").unwrap();
        assert_eq!((reference.vault.as_str(), reference.item.as_str()), ("Pedro Bot", "twitch.tv"));
        assert_eq!((reference.section.as_deref(), reference.field.as_str()), (None, "token"));
        let reference = Reference::parse("OP://v/i/s/f").unwrap();
        assert_eq!((reference.section.as_deref(), reference.field.as_str()), (Some("s"), "f"));
        assert_eq!(reference.to_string(), "op://v/i/s/f");
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for wrong in
            ["op://", "op://v", "op://v/i", "op://v/i/s/f/x", "op://v//f", "op://v/i/", "op://v/i/f?attribute=otp"]
        {
            assert!(Reference::parse(wrong).is_err(), "{wrong}");
        }
    }
}
