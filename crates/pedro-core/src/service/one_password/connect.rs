//! The HTTP client of 1Password Connect.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use super::super::secret::{Secret, shown_url};
use super::below;
use super::item::{Choice, Item, Named, named};
use super::reference::Reference;

/// How long one request may take.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);

/// Pauses between attempts: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Answers are lists of names, or one item.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Why a value could not be read. No variant holds a secret.
#[derive(Debug)]
pub(super) enum Failure {
    /// The token is not taken.
    Refused,
    /// Nobody answers, or not yet; waiting did not help.
    Away(String),
    /// Something else than Connect answers.
    Odd(String),
    /// Connect answers, and this reference leads nowhere. The end of a sentence.
    Wrong(String),
}

/// What one request came to.
enum Answer<T> {
    Found(T),
    Missing,
    Forbidden,
}

/// A client with what it has found: several values mostly lie in one item.
#[derive(Debug)]
pub(super) struct Connect {
    http: Client,
    host: Url,
    token: Secret,
    /// Until when it is tried again: counted from the first request, for all of them.
    wait: Duration,
    until: Option<Instant>,
    vaults: HashMap<String, String>,
    items: HashMap<(String, String), Item>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Item")
    }
}

impl Connect {
    pub(super) fn new(host: Url, token: Secret, wait: Duration) -> Result<Self, reqwest::Error> {
        // Not redirected: the token is for this host only.
        let http = Client::builder().timeout(REQUEST_WITHIN).redirect(Policy::none()).build()?;
        Ok(Self { http, host, token, wait, until: None, vaults: HashMap::new(), items: HashMap::new() })
    }

    /// How many vaults the token may read.
    pub(super) async fn vaults(&mut self) -> Result<usize, Failure> {
        let url = below(&self.host, &["v1", "vaults"]);
        match self.get::<Vec<Named>>(url).await? {
            Answer::Found(vaults) => Ok(vaults.len()),
            Answer::Missing => Err(Failure::Odd("has no list of vaults".to_owned())),
            Answer::Forbidden => Err(Failure::Refused),
        }
    }

    /// The value that is meant.
    pub(super) async fn read(&mut self, reference: &Reference) -> Result<Secret, Failure> {
        let vault = self.vault(&reference.vault).await?;
        let key = (vault, reference.item.clone());
        if !self.items.contains_key(&key) {
            let item = self.item(reference, &key.0).await?;
            self.items.insert(key.clone(), item);
        }
        match self.items.get(&key) {
            Some(item) => item.value(reference).map_err(Failure::Wrong),
            None => Err(Failure::Wrong("the item is gone".to_owned())),
        }
    }

    /// The id of a vault.
    async fn vault(&mut self, wanted: &str) -> Result<String, Failure> {
        if let Some(id) = self.vaults.get(wanted) {
            return Ok(id.clone());
        }
        let url = below(&self.host, &["v1", "vaults"]);
        let missing = || {
            Failure::Wrong(format!(
                "there is no vault {wanted:?} that the token in OP_CONNECT_TOKEN may read: correct the name, or give the \
                 token access to the vault"
            ))
        };
        let found = match self.find(url, "name", wanted).await? {
            Answer::Found(found) => found,
            Answer::Missing => return Err(Failure::Odd("has no list of vaults".to_owned())),
            Answer::Forbidden => return Err(missing()),
        };
        let id = match named(&found, wanted) {
            Choice::One(vault) => vault.id.clone(),
            Choice::Several(count) => {
                return Err(Failure::Wrong(format!("there are {count} vaults {wanted:?}: use the vault's id")));
            }
            Choice::None => return Err(missing()),
        };
        self.vaults.insert(wanted.to_owned(), id.clone());
        Ok(id)
    }

    /// An item with its fields.
    async fn item(&mut self, reference: &Reference, vault: &str) -> Result<Item, Failure> {
        let Reference { vault: vault_name, item: wanted, .. } = reference;
        let url = below(&self.host, &["v1", "vaults", vault, "items"]);
        let forbidden = || {
            Failure::Wrong(format!(
                "the token in OP_CONNECT_TOKEN may not read the vault {vault_name:?}: give it access to that vault"
            ))
        };
        let missing = || Failure::Wrong(format!("the vault {vault_name:?} has no item {wanted:?}"));
        let found = match self.find(url, "title", wanted).await? {
            Answer::Found(found) => found,
            Answer::Missing => return Err(missing()),
            Answer::Forbidden => return Err(forbidden()),
        };
        let id = match named(&found, wanted) {
            Choice::One(item) => item.id.clone(),
            Choice::Several(count) => {
                let wrong = format!("the vault {vault_name:?} has {count} items {wanted:?}: use the item's id");
                return Err(Failure::Wrong(wrong));
            }
            Choice::None => return Err(missing()),
        };
        match self.get(below(&self.host, &["v1", "vaults", vault, "items", &id])).await? {
            Answer::Found(item) => Ok(item),
            Answer::Missing => Err(missing()),
            Answer::Forbidden => Err(forbidden()),
        }
    }

    /// Those that could be meant: by id where it looks like one, by name, and where that finds nothing all, for the filter
    /// knows upper and lower case, which references do not.
    async fn find(&mut self, url: Url, key: &str, wanted: &str) -> Result<Answer<Vec<Named>>, Failure> {
        if is_id(wanted)
            && let Answer::Found(one) = self.get::<Named>(below(&url, &[wanted])).await?
        {
            return Ok(Answer::Found(vec![one]));
        }
        let mut filtered = url.clone();
        let quoted = wanted.replace('\\', "\\\\").replace('"', "\\\"");
        filtered.query_pairs_mut().append_pair("filter", &format!("{key} eq \"{quoted}\""));
        match self.get::<Vec<Named>>(filtered).await? {
            Answer::Found(found) if found.is_empty() => self.get(url).await,
            answer => Ok(answer),
        }
    }

    /// Asks until there is an answer, or the time is over.
    async fn get<T: DeserializeOwned>(&mut self, url: Url) -> Result<Answer<T>, Failure> {
        let until = *self.until.get_or_insert_with(|| Instant::now() + self.wait);
        let (mut pause, longest) = PAUSES;
        let mut told = false;
        loop {
            let what = match self.ask(url.clone(), until).await {
                Err(Failure::Away(what)) => what,
                decided => return decided,
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Failure::Away(what));
            }
            if !told {
                let host = shown_url(&self.host);
                tracing::warn!("1Password Connect at {host} {what}; trying again for {} s", left.as_secs());
                told = true;
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(longest);
        }
    }

    async fn ask<T: DeserializeOwned>(&self, url: Url, until: Instant) -> Result<Answer<T>, Failure> {
        // The last attempt, too, may take a moment.
        let within = until.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(500), REQUEST_WITHIN);
        let request = self.http.get(url).bearer_auth(self.token.expose()).timeout(within);
        let response = request.send().await.map_err(|error| Failure::Away(unreached(&error).to_owned()))?;
        let status = response.status();
        match status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => return Err(Failure::Refused),
            StatusCode::FORBIDDEN => return Ok(Answer::Forbidden),
            StatusCode::NOT_FOUND => return Ok(Answer::Missing),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                return Err(Failure::Away(format!("answers {status}")));
            }
            status if status.is_server_error() => return Err(Failure::Away(format!("answers {status}"))),
            status => return Err(Failure::Odd(format!("answers {status}"))),
        }
        let body = response.bytes().await.map_err(|error| Failure::Away(unreached(&error).to_owned()))?;
        if body.len() > LARGEST_ANSWER {
            return Err(Failure::Odd("answers with more than any item holds".to_owned()));
        }
        // The reason is not told: it may quote a value.
        let parsed = serde_json::from_slice(&body);
        parsed.map(Answer::Found).map_err(|_| Failure::Odd("answers with something that cannot be read".to_owned()))
    }
}

/// In words of our own: the library's hold the URL.
fn unreached(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "does not answer in time",
        error if error.is_connect() => "cannot be reached",
        _ => "breaks off its answer",
    }
}

/// Ids are 26 letters and digits.
fn is_id(name: &str) -> bool {
    name.len() == 26 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
