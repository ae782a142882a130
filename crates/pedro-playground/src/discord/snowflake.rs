//! Discord's ids.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use chrono::Utc;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hash::fnv1a;

/// The first second of 2015, from which ids count their milliseconds.
const EPOCH_MS: u64 = 1_420_070_400_000;
/// Bits below the time.
const TIME_SHIFT: u32 = 22;
/// What has a name was made between 2018 and 2023: before anything that is said now.
const NAMED_FROM_MS: u64 = 1_514_764_800_000;
const NAMED_SPAN_MS: u64 = 5 * 365 * 24 * 60 * 60 * 1_000;

/// The id of anything on Discord: a time in milliseconds, and a number that tells apart what was made in the same one.
///
/// People, guilds, channels, roles and commands get the same id in every run of the playground, so that a bot's database
/// stays true; messages and interactions get one that tells when they came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snowflake(u64);

impl Snowflake {
    /// The id with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// When it was made, in milliseconds since 1970.
    pub fn created_ms(self) -> u64 {
        (self.0 >> TIME_SHIFT) + EPOCH_MS
    }

    /// The id that a thing with this name always has.
    pub(super) fn named(kind: &str, name: &str) -> Self {
        let hash = fnv1a(&format!("{kind}:{name}"));
        let ms = NAMED_FROM_MS + (hash >> TIME_SHIFT) % NAMED_SPAN_MS;
        Self(((ms - EPOCH_MS) << TIME_SHIFT) | (hash & 0x3f_ffff))
    }

    /// The id of something that comes now, after everything that came before.
    pub(super) fn now(last: Self) -> Self {
        let ms = u64::try_from(Utc::now().timestamp_millis()).unwrap_or(EPOCH_MS);
        Self((ms.saturating_sub(EPOCH_MS) << TIME_SHIFT).max(last.0 + 1))
    }

    /// The id to try when this one is taken.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The shard that a guild with this id belongs to.
    pub(super) fn shard(self, shards: u64) -> u64 {
        (self.0 >> TIME_SHIFT) % shards.max(1)
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Snowflake {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl Serialize for Snowflake {
    /// As text: JavaScript's numbers are too small for it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    /// From text or a number, as Discord takes it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_same_id_in_every_run_and_it_is_older_than_now() {
        let alice = Snowflake::named("user", "alice");
        assert_eq!(alice, Snowflake::named("user", "alice"));
        assert_ne!(alice, Snowflake::named("user", "bob"));
        assert_ne!(alice, Snowflake::named("guild", "alice"));
        assert!(alice < Snowflake::now(Snowflake::default()));
        assert!((NAMED_FROM_MS..NAMED_FROM_MS + NAMED_SPAN_MS).contains(&alice.created_ms()));
    }

    #[test]
    fn ids_made_in_the_same_moment_differ_and_grow() {
        let first = Snowflake::now(Snowflake::default());
        let second = Snowflake::now(first);
        assert!(first < second && second < Snowflake::now(second));
    }

    #[test]
    fn an_id_travels_as_text_and_is_read_from_either() -> serde_json::Result<()> {
        assert_eq!(serde_json::to_string(&Snowflake(5))?, "\"5\"");
        assert_eq!(serde_json::from_str::<Snowflake>("\"5\"")?, Snowflake(5));
        assert_eq!(serde_json::from_str::<Snowflake>("5")?, Snowflake(5));
        assert!(serde_json::from_str::<Snowflake>("\"five\"").is_err());
        Ok(())
    }
}
