//! A page that can be found.

use serde::{Deserialize, Serialize};

/// A page of the web.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its title, which counts most when it is looked for.
    pub title: String,
    /// Where it is.
    pub url: String,
    /// What it says; providers show the beginning.
    pub text: String,
    /// Words it is found by beside those of title and text.
    #[serde(default)]
    pub words: Vec<String>,
}

impl Page {
    /// A page that is found by the words of its title and text.
    pub fn new(title: &str, url: &str, text: &str) -> Self {
        Self { title: title.to_owned(), url: url.to_owned(), text: text.to_owned(), words: Vec::new() }
    }
}
