//! `!links [word]`, `!addlink name url [words]`, `!dellink name`.

use super::Given;
use crate::chat::Platform;
use crate::reply;
use crate::store::StoreError;
use crate::store::link::{self, Link};

/// How many links one answer holds.
const SHOWN: i64 = 3;

pub(super) async fn show(word: Option<&str>, given: &Given<'_>) -> Result<String, StoreError> {
    let home = &given.place.home;
    let links = match word {
        Some(word) => given.retriever.links(home.id, word, SHOWN).await?,
        None => link::list(given.pool, home.id).await?,
    };
    let with_urls = given.place.key.platform != Platform::Twitch || home.settings.links_allowed;
    Ok(reply::links::list(&links, word, with_urls, given.place.key.platform))
}

pub(super) async fn add(name: &str, url: &str, words: &str, given: &Given<'_>) -> Result<String, StoreError> {
    let link =
        Link { name: name.to_lowercase(), url: url.to_owned(), description: String::new(), words: words.to_owned() };
    let is_new = link::put(given.pool, given.place.home.id, &link).await?;
    Ok(reply::links::added(&link.name, is_new))
}

pub(super) async fn remove(name: &str, given: &Given<'_>) -> Result<String, StoreError> {
    let was_there = link::remove(given.pool, given.place.home.id, name).await?;
    Ok(reply::links::removed(&name.to_lowercase(), was_there))
}
