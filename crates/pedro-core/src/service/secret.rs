//! Values that never show: in no log, no error, no page.

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

/// What stands where a secret would.
const REDACTED: &str = "[secret]";

/// Larger than any token; a file beyond it was named by mistake.
const LARGEST_FILE: u64 = 64 * 1024;

/// A token, password or key. Shows as `[secret]`; [`expose`](Self::expose) is the only way to the value.
#[derive(Clone)]
pub struct Secret(SecretString);

impl From<Secret> for SecretString {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}

impl Secret {
    /// Takes a value out of sight.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// An empty variable counts as unset.
    pub fn is_empty(&self) -> bool {
        self.expose().trim().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(value: &str) -> Result<Self, Infallible> {
        Ok(Self::new(value))
    }
}

/// Why a secret cannot be read. Names no value; the caller names the variable.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Nobody can tell which one is meant.
    #[error("is set twice, directly and as a file")]
    Both,
    /// Mounted elsewhere, not readable for this user, or no file at all.
    #[error("names {path}, which cannot be read ({reason})")]
    Unreadable {
        /// The file, as it may be shown.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A mounted secret that was never filled.
    #[error("names {path}, which is empty")]
    EmptyFile {
        /// The file, as it may be shown.
        path: String,
    },
}

/// What stands in a variable or in the file that `NAME_FILE` names; empty ones count as unset. It may still be a
/// reference into 1Password: [`ConfigProblems::secret`](super::config::ConfigProblems::secret) follows it.
pub(super) fn given(value: Option<&Secret>, file: Option<&str>) -> Result<Option<Secret>, SecretError> {
    let value = value.filter(|value| !value.is_empty());
    let file = file.map(str::trim).filter(|file| !file.is_empty());
    match (value, file) {
        (Some(_), Some(_)) => Err(SecretError::Both),
        (Some(value), None) => Ok(Some(Secret::new(value.expose().trim()))),
        (None, Some(path)) => read(path).map(Some),
        (None, None) => Ok(None),
    }
}

fn read(path: &str) -> Result<Secret, SecretError> {
    let unreadable = |reason: String| SecretError::Unreadable { path: shown_path(path), reason };
    let size = fs::metadata(path).map_err(|reason| unreadable(reason.to_string()))?.len();
    if size > LARGEST_FILE {
        return Err(unreadable(format!("{size} bytes are no secret")));
    }
    let text = fs::read_to_string(path).map_err(|reason| unreadable(reason.to_string()))?;
    // Editors and `echo` end a file with a newline; a token never does.
    match text.trim() {
        "" => Err(SecretError::EmptyFile { path: shown_path(path) }),
        value => Ok(Secret::new(value)),
    }
}

/// A path helps the operator to mend it, but where none was meant, the secret itself may stand in its place.
fn shown_path(path: &str) -> String {
    let is_path = ["/", "./", "../"].iter().any(|start| path.starts_with(start));
    if is_path { format!("the file {path:?}") } else { "a file".to_owned() }
}

/// A URL as it may be shown: without user, password and query, which are the parts that carry secrets.
pub fn shown_url(url: &url::Url) -> String {
    let mut shown = url.clone();
    // Both fail only for URLs that cannot have a user, which then have none to hide.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> String {
        let path = std::env::temp_dir().join(format!("pedro-secret-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_secret_never_shows() {
        let secret: Secret = "hunter2".parse().unwrap();
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "[secret] [secret] Some([secret])");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn the_variable_is_taken_and_an_empty_one_is_unset() {
        for (value, expected) in [("abc", Some("abc")), (" abc\n", Some("abc")), ("", None), ("  ", None)] {
            let found = given(Some(&Secret::new(value)), Some("")).unwrap();
            assert_eq!(found.as_ref().map(Secret::expose), expected, "{value:?}");
        }
        assert!(given(None, None).unwrap().is_none());
    }

    #[test]
    fn a_file_is_read_without_its_last_newline() {
        let path = file("newline", "oauth:abc\r\n");
        assert_eq!(given(None, Some(&path)).unwrap().unwrap().expose(), "oauth:abc");
        assert_eq!(given(Some(&Secret::new("")), Some(&path)).unwrap().unwrap().expose(), "oauth:abc");
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_the_value() {
        let (path, empty) = (file("both", "fromfile"), file("empty", "\n"));
        let cases = [
            (Some("hunter2"), Some(path.as_str()), "set twice"),
            (None, Some("/no/such/file"), "\"/no/such/file\", which cannot be read"),
            (None, Some(empty.as_str()), "which is empty"),
            (None, Some("oauth:hunter2"), "names a file, which cannot be read"),
        ];
        for (value, file, expected) in cases {
            let error = given(value.map(Secret::new).as_ref(), file).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("hunter2") && !error.contains("fromfile"), "{error}");
        }
    }

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        let url = "https://pedro:hunter2@example.org:8443/v1?key=hunter2".parse().unwrap();
        assert_eq!(shown_url(&url), "https://example.org:8443/v1");
    }
}
