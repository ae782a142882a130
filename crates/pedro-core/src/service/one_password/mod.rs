//! Values that are kept in 1Password: `op://vault/item/field`, asked of the operator's 1Password Connect server.
//!
//! Settings are read twice ([`config::settle`](super::config::settle)): the first time tells which references there are,
//! then all are looked up here, and the second time reads the settings with their values.

mod connect;
mod item;
mod reference;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Mutex;
use url::Url;

use self::connect::{Connect, Failure};
use self::reference::Reference;
use super::config::{ConfigProblems, OnePasswordArgs, OnePasswordSettings};
use super::secret::{Secret, shown_url};

/// Values that begin so are references into 1Password, not secrets.
pub(super) const SCHEME: &str = "op://";

/// Whether a value is kept in 1Password.
pub(super) fn is_reference(value: &str) -> bool {
    value.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

/// What became of a reference.
#[derive(Debug, Clone)]
pub(super) enum Followed {
    /// The value.
    Value(Secret),
    /// The end of a sentence that begins with the variable's name.
    Wrong(String),
    /// It could not be asked for; why is told once, for all of them.
    Unasked,
}

/// Why nothing could be asked for, as it is told.
#[derive(Debug, Clone)]
pub(super) struct Unasked {
    /// The variable to correct.
    pub(super) name: &'static str,
    /// The end of a sentence that begins with that name.
    pub(super) wrong: String,
    /// What is expected.
    pub(super) shape: &'static str,
    /// What would be right.
    pub(super) example: &'static str,
}

/// The operator's 1Password, if there is one. Remembers what it found, and that nobody answers.
#[derive(Debug, Default)]
pub struct OnePassword {
    args: OnePasswordArgs,
    // Held while one asks: another would ask for the same.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connect: Option<Connect>,
    followed: BTreeMap<String, Followed>,
    unasked: Option<Unasked>,
}

impl OnePassword {
    /// As the options say; nothing is asked yet.
    pub fn new(args: OnePasswordArgs) -> Self {
        Self { args, state: Mutex::default() }
    }

    /// Where the server is, if there is one; what is wrong goes into `problems`.
    pub fn settings(&self, problems: &mut ConfigProblems) -> OnePasswordSettings {
        self.args.resolve(problems)
    }

    /// Looks all of them up.
    pub(super) async fn follow<'a>(
        &self,
        references: impl Iterator<Item = &'a str>,
    ) -> (BTreeMap<String, Followed>, Option<Unasked>) {
        let mut state = self.state.lock().await;
        let settings = self.settings(&mut ConfigProblems::default());
        for written in references {
            if !state.followed.contains_key(written) {
                let followed = state.follow(written, &settings).await;
                state.followed.insert(written.to_owned(), followed);
            }
        }
        (state.followed.clone(), state.unasked.clone())
    }

    /// Asks whether the server answers and takes the token. How many vaults the token may read.
    ///
    /// # Errors
    /// What is wrong, and how to mend it; `None` if no server is configured.
    pub async fn check(&self) -> Option<Result<usize, (String, String)>> {
        let settings = self.settings(&mut ConfigProblems::default());
        let mut state = self.state.lock().await;
        let shown = shown_url(settings.host.as_ref()?);
        let connect = match state.connect(&settings) {
            Ok(connect) => connect,
            Err(unasked) => return Some(Err((format!("{}: {}", unasked.name, unasked.wrong), unasked.mend()))),
        };
        Some(connect.vaults().await.map_err(|failure| {
            let unasked = failure.told(&shown, settings.wait);
            state.unasked = Some(unasked.clone());
            (format!("{}: {}", unasked.name, unasked.wrong), unasked.mend())
        }))
    }
}

impl Unasked {
    fn mend(&self) -> String {
        format!("expected {}; for example {}", self.shape, self.example)
    }
}

impl State {
    async fn follow(&mut self, written: &str, settings: &OnePasswordSettings) -> Followed {
        let reference = match Reference::parse(written) {
            Ok(reference) => reference,
            Err(wrong) => return Followed::Wrong(wrong.to_owned()),
        };
        if self.unasked.is_some() {
            return Followed::Unasked;
        }
        let shown = settings.host.as_ref().map(shown_url).unwrap_or_default();
        let failure = match self.connect(settings) {
            Ok(connect) => match connect.read(&reference).await {
                Ok(value) => return Followed::Value(value),
                Err(failure) => failure,
            },
            Err(unasked) => {
                self.unasked = Some(unasked);
                return Followed::Unasked;
            }
        };
        match failure {
            Failure::Wrong(wrong) => Followed::Wrong(format!("names {reference}, but {wrong}")),
            failure => {
                self.unasked = Some(failure.told(&shown, settings.wait));
                Followed::Unasked
            }
        }
    }

    fn connect(&mut self, settings: &OnePasswordSettings) -> Result<&mut Connect, Unasked> {
        let unset =
            |name| Unasked { name, wrong: "is not set".to_owned(), shape: shape_of(name), example: example_of(name) };
        if self.connect.is_none() {
            let host = settings.host.clone().ok_or_else(|| unset(HOST))?;
            let token = settings.token.clone().ok_or_else(|| unset(TOKEN))?;
            self.connect = Some(Connect::new(host, token, settings.wait).map_err(|reason| Unasked {
                name: HOST,
                wrong: format!("cannot be asked: {reason}"),
                shape: shape_of(HOST),
                example: example_of(HOST),
            })?);
        }
        self.connect.as_mut().ok_or_else(|| unset(HOST))
    }
}

/// Names of the variables.
pub(super) const HOST: &str = "OP_CONNECT_HOST";
pub(super) const TOKEN: &str = "OP_CONNECT_TOKEN";

fn shape_of(name: &str) -> &'static str {
    match name {
        TOKEN => "an access token of your Connect server that may read the vaults",
        _ => "the address of your 1Password Connect server, which must be running",
    }
}

fn example_of(name: &str) -> &'static str {
    match name {
        TOKEN => "what `op connect token create` prints",
        _ => "http://127.0.0.1:8080",
    }
}

impl Failure {
    /// As it is told, once for all references.
    fn told(self, host: &str, wait: Duration) -> Unasked {
        let (name, wrong) = match self {
            Self::Refused => (TOKEN, format!("1Password Connect at {host} refuses it: it is wrong, or was taken back")),
            Self::Away(what) => (HOST, format!("{host} {what}, and {} s were waited", wait.as_secs_f32().ceil())),
            Self::Odd(what) => (HOST, format!("{host} {what}: that is not 1Password Connect")),
            Self::Wrong(what) => (HOST, what),
        };
        Unasked { name, wrong, shape: shape_of(name), example: example_of(name) }
    }
}

/// Adds a path below the server's own.
fn below(host: &Url, segments: &[&str]) -> Url {
    let mut url = host.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
