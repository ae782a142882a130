//! The token that holds now, for all who show it to Twitch, and their word that Twitch refused it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

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
}

/// Shared by the keeper, who sets it, and all who use it.
pub(crate) struct Tokens {
    current: watch::Sender<Option<Token>>,
    refusal: Mutex<Option<Refuser>>,
    refused: Notify,
    /// What chat was last signed in with.
    shown_to_chat: Mutex<Option<Secret>>,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self {
            current: watch::Sender::new(None),
            refusal: Mutex::default(),
            refused: Notify::new(),
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

    /// A new token, or none. What was said of the former one no longer matters.
    pub(crate) fn set(&self, token: Option<Token>) {
        *lock(&self.refusal) = None;
        self.current.send_replace(token);
    }

    /// Twitch refused this token. Word of one that is no longer in use comes too late and says nothing.
    pub(crate) fn refused(&self, token: &Secret, by: Refuser) {
        let is_current = self.current.borrow().as_ref().is_some_and(|now| now.access.expose() == token.expose());
        if is_current {
            *lock(&self.refusal) = Some(by);
            self.refused.notify_one();
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
