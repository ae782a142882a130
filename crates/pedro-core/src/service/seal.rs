//! Secrets that are kept in the database: encrypted with `PEDRO_SECRET_KEY` (XChaCha20-Poly1305) if there is one.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Secret;

/// The first byte says how the others are to be read.
const PLAIN: u8 = 0;
const ENCRYPTED: u8 = 1;

const NONCE_LENGTH: usize = 24;

/// The operator's key is used for more than one thing: each has a key of its own, made from that one.
const PURPOSE: &[u8] = b"pedro: stored secrets";

/// Why a stored secret cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was stored with a key, and there is none now.
    #[error("it is encrypted, and PEDRO_SECRET_KEY is not set")]
    NoKey,
    /// It was stored with another key, for something else, or was changed.
    #[error("PEDRO_SECRET_KEY does not open it: it was stored with another one")]
    WrongKey,
    /// No secret that was stored here.
    #[error("it is no stored secret")]
    Malformed,
    /// The cipher failed.
    #[error("it cannot be encrypted")]
    NotSealed,
}

/// Seals secrets and opens them again.
#[derive(Clone)]
pub struct Seal(Option<XChaCha20Poly1305>);

impl Seal {
    /// With the operator's key, if there is one; without it, secrets are stored as they are.
    pub fn new(key: Option<&Secret>) -> Self {
        Self(key.map(|key| {
            // An HMAC takes keys of any length.
            #[expect(clippy::expect_used, reason = "the only error is a wrong length of the key")]
            let mut hmac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose().as_bytes()).expect("any key will do");
            hmac.update(PURPOSE);
            XChaCha20Poly1305::new(&hmac.finalize().into_bytes())
        }))
    }

    /// Whether there is a key.
    pub fn has_key(&self) -> bool {
        self.0.is_some()
    }

    /// A secret as it may be stored in the place that is named: it opens only there.
    ///
    /// # Errors
    /// When the cipher fails.
    pub fn close(&self, secret: &Secret, place: &str) -> Result<Vec<u8>, SealError> {
        let text = secret.expose().as_bytes();
        let Some(cipher) = &self.0 else { return Ok([&[PLAIN], text].concat()) };
        let nonce: [u8; NONCE_LENGTH] = rand::random();
        let payload = Payload { msg: text, aad: place.as_bytes() };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::NotSealed)?;
        Ok([&[ENCRYPTED], &nonce[..], &sealed].concat())
    }

    /// The secret that was stored in the place that is named.
    ///
    /// # Errors
    /// When there is no key, or another one, or nothing to be opened.
    pub fn open(&self, stored: &[u8], place: &str) -> Result<Secret, SealError> {
        let text = match stored.split_first() {
            Some((&PLAIN, text)) => text.to_vec(),
            Some((&ENCRYPTED, rest)) => {
                let (nonce, sealed) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(SealError::Malformed)?;
                let cipher = self.0.as_ref().ok_or(SealError::NoKey)?;
                let payload = Payload { msg: sealed, aad: place.as_bytes() };
                cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::WrongKey)?
            }
            _ => return Err(SealError::Malformed),
        };
        String::from_utf8(text).map(Secret::new).map_err(|_| SealError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_opened_with_its_key_in_its_place_only() {
        let (secret, key) = (Secret::new("tokentoken"), Secret::new("a key of 16 characters or more"));
        let seal = Seal::new(Some(&key));
        let stored = seal.close(&secret, "here").unwrap();
        assert!(!stored.windows(5).any(|part| part == b"token"), "it cannot be read");
        assert_ne!(stored, seal.close(&secret, "here").unwrap(), "never the same twice");
        assert_eq!(seal.open(&stored, "here").unwrap().expose(), "tokentoken");
        let refused = |seal: &Seal, stored: &[u8], place| seal.open(stored, place).map(drop);
        assert_eq!(refused(&seal, &stored, "there"), Err(SealError::WrongKey));
        assert_eq!(refused(&Seal::new(None), &stored, "here"), Err(SealError::NoKey));
        let other = Seal::new(Some(&Secret::new("another key of the same length")));
        assert_eq!(refused(&other, &stored, "here"), Err(SealError::WrongKey));
        assert_eq!(refused(&seal, &stored[..20], "here"), Err(SealError::Malformed));
    }

    #[test]
    fn without_a_key_a_secret_is_stored_as_it_is_and_still_read_once_there_is_one() {
        let stored = Seal::new(None).close(&Secret::new("tokentoken"), "here").unwrap();
        let seal = Seal::new(Some(&Secret::new("a key of 16 characters or more")));
        assert_eq!(seal.open(&stored, "here").unwrap().expose(), "tokentoken");
    }
}
