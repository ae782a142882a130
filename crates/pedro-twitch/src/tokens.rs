//! The token that holds now, for all who show it to Twitch, and their word that Twitch refused it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pedro_core::service::Secret;
use pedro_twitch::token::Token;
use tokio::sync::{Notify, watch};
use twitch_irc::login::{CredentialsPair, LoginCredentials};

/// Who was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refuser {
    /// Chat: a NOTICE instead of a welcome.
    Chat,
    /// The API: status 401.
    Api,
    /// `EventSub`: a revocation.
    Events,
    /// Twitch's sign-in, when it was asked whether the token is good.
    Check,
}

/// How the sign-in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Pedro starts: the token is being looked for.
    Unknown,
    /// There is a token, and nobody was refused with it.
    Good,
    /// Somebody was, and nothing says that this is over.
    Refused(Refuser),
    /// Nobody is signed in: somebody has to.
    Missing,
}

impl Standing {
    /// Its name on `/readyz`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "good",
            Self::Refused(_) => "refused",
            Self::Missing => "missing",
        }
    }
}

/// Shared by the keeper, who sets it, and all who use it.
pub(crate) struct Tokens {
    current: watch::Sender<Option<Token>>,
    refusal: Mutex<Option<Refuser>>,
    refused: Notify,
    /// How it stands, and since when.
    standing: Mutex<(Standing, Instant)>,
    /// What chat was last signed in with.
    shown_to_chat: Mutex<Option<Secret>>,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self {
            current: watch::Sender::new(None),
            refusal: Mutex::default(),
            refused: Notify::new(),
            standing: Mutex::new((Standing::Unknown, Instant::now())),
            shown_to_chat: Mutex::default(),
        }
    }

    /// The token that holds now; `None` while nobody is signed in.
    pub(crate) fn current(&self) -> Option<Token> {
        self.current.borrow().clone()
    }

    /// Changes with every token.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Token>> {
        self.current.subscribe()
    }

    /// Waits until somebody is signed in.
    pub(crate) async fn until_there(&self) -> Option<Token> {
        self.subscribe().wait_for(Option::is_some).await.ok().and_then(|token| token.clone())
    }

    /// How the sign-in stands, and for how long.
    pub(crate) fn standing(&self) -> (Standing, Duration) {
        let (standing, since) = *lock(&self.standing);
        (standing, since.elapsed())
    }

    fn stands(&self, standing: Standing) {
        let mut now = lock(&self.standing);
        if now.0 != standing {
            *now = (standing, Instant::now());
        }
    }

    /// A new token, or none. What was said of the former one no longer matters. The same one once more is as good or bad as
    /// it was: whoever refused it has to take it.
    pub(crate) fn set(&self, token: Option<Token>) {
        *lock(&self.refusal) = None;
        let before = self.current.send_replace(token.clone());
        let is_same = token.as_ref().is_some_and(|token| is_of(before.as_ref(), &token.access));
        match token {
            Some(_) if is_same => {}
            Some(_) => self.stands(Standing::Good),
            None => self.stands(Standing::Missing),
        }
    }

    /// Twitch refused this token. Word of one that is no longer in use comes too late and says nothing.
    pub(crate) fn refused(&self, token: &Secret, by: Refuser) {
        if is_of(self.current.borrow().as_ref(), token) {
            // The first refusal tells since when.
            if !matches!(self.standing().0, Standing::Refused(_)) {
                self.stands(Standing::Refused(by));
            }
            *lock(&self.refusal) = Some(by);
            self.refused.notify_one();
        }
    }

    /// Twitch took this token where it had been refused, if it had been.
    pub(crate) fn accepted(&self, token: &Secret, by: Refuser) {
        let is_over = match self.standing().0 {
            Standing::Refused(Refuser::Events) => by == Refuser::Api,
            Standing::Refused(refuser) => by == refuser,
            Standing::Unknown | Standing::Good | Standing::Missing => false,
        };
        if is_over && is_of(self.current.borrow().as_ref(), token) {
            self.stands(Standing::Good);
        }
    }

    /// Chat took what it was last signed in with.
    pub(crate) fn accepted_by_chat(&self) {
        let shown = lock(&self.shown_to_chat).clone();
        if let Some(token) = shown {
            self.accepted(&token, Refuser::Chat);
        }
    }

    /// Chat refused what it was last signed in with.
    pub(crate) fn refused_by_chat(&self) {
        let shown = lock(&self.shown_to_chat).clone();
        if let Some(token) = shown {
            self.refused(&token, Refuser::Chat);
        }
    }

    /// Waits until the token that holds now is refused.
    pub(crate) async fn until_refused(&self) -> Refuser {
        loop {
            if let Some(by) = lock(&self.refusal).take() {
                return by;
            }
            self.refused.notified().await;
        }
    }
}

fn is_of(token: Option<&Token>, access: &Secret) -> bool {
    token.is_some_and(|token| token.access.expose() == access.expose())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Signs in to chat with whatever token holds at the moment.
#[derive(Clone)]
pub(crate) struct ChatCredentials {
    pub(crate) login: String,
    pub(crate) tokens: Arc<Tokens>,
}

impl fmt::Debug for ChatCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatCredentials").field("login", &self.login).finish_non_exhaustive()
    }
}

/// Nobody is signed in.
#[derive(Debug, thiserror::Error)]
#[error("there is no token for Twitch")]
pub(crate) struct NotSignedIn;

#[async_trait]
impl LoginCredentials for ChatCredentials {
    type Error = NotSignedIn;

    async fn get_credentials(&self) -> Result<CredentialsPair, NotSignedIn> {
        let token = self.tokens.current().ok_or(NotSignedIn)?.access;
        *lock(&self.tokens.shown_to_chat) = Some(token.clone());
        Ok(CredentialsPair { login: self.login.clone(), token: Some(token.expose().to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(access: &str) -> Token {
        Token::given(Secret::new(access), None)
    }

    #[test]
    fn a_refusal_stands_until_who_refused_takes_the_token_or_another_one_is_there() {
        let tokens = Tokens::new();
        let stands = || tokens.standing().0;
        assert_eq!(stands(), Standing::Unknown);
        let (first, second) = (token("first"), token("second"));
        tokens.set(Some(first.clone()));
        assert_eq!(stands(), Standing::Good);
        tokens.refused(&second.access, Refuser::Api);
        assert_eq!(stands(), Standing::Good, "word of another token");
        tokens.refused(&first.access, Refuser::Events);
        tokens.refused(&first.access, Refuser::Chat);
        assert_eq!(stands(), Standing::Refused(Refuser::Events), "the first counts");
        tokens.set(Some(first.clone()));
        assert_eq!(stands(), Standing::Refused(Refuser::Events), "the same again");
        tokens.accepted(&first.access, Refuser::Chat);
        tokens.accepted(&second.access, Refuser::Api);
        assert_eq!(stands(), Standing::Refused(Refuser::Events));
        tokens.accepted(&first.access, Refuser::Api);
        assert_eq!(stands(), Standing::Good);
        for (refuser, other) in [(Refuser::Check, Refuser::Api), (Refuser::Chat, Refuser::Check)] {
            tokens.refused(&first.access, refuser);
            tokens.accepted(&first.access, other);
            assert_eq!(stands(), Standing::Refused(refuser));
            tokens.accepted(&first.access, refuser);
            assert_eq!(stands(), Standing::Good);
        }
        tokens.set(Some(second));
        assert_eq!(stands(), Standing::Good);
        tokens.set(None);
        assert_eq!(stands(), Standing::Missing);
    }
}
