//! People without their names: what they chose about being stored and answered is kept under a keyed hash.

use hmac::{Hmac, KeyInit, Mac};
use rand::RngCore;
use sha2::Sha256;
use sqlx::PgExecutor;

use crate::chat::Platform;
use crate::store::{StoreError, opt_out};

/// Hashes user ids. Two processes with one database, or one `PEDRO_SECRET_KEY`, make the same hashes.
#[derive(Clone)]
pub struct PersonHasher {
    keyed: Hmac<Sha256>,
}

impl PersonHasher {
    /// A hasher with the operator's key, else with one that is made once and kept in the database.
    ///
    /// # Errors
    /// When the kept key cannot be read.
    pub async fn new(db: impl PgExecutor<'_>, secret: Option<&str>) -> Result<Self, StoreError> {
        let key = match secret {
            Some(secret) => secret.as_bytes().to_vec(),
            None => {
                let mut fresh = [0; 32];
                rand::rng().fill_bytes(&mut fresh);
                opt_out::ensure_setting(db, "person_hash_key", &fresh).await?
            }
        };
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let keyed = Hmac::new_from_slice(&key).expect("a key of any length");
        Ok(Self { keyed })
    }

    /// The keyed hash of a person, 32 bytes.
    pub fn hash(&self, platform: Platform, platform_user_id: &str) -> Vec<u8> {
        let mut keyed = self.keyed.clone();
        keyed.update(platform.as_str().as_bytes());
        keyed.update(b":");
        keyed.update(platform_user_id.as_bytes());
        keyed.finalize().into_bytes().to_vec()
    }
}
