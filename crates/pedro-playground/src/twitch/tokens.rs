//! OAuth tokens: whose they are and how long they hold.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::Twitch;
use super::device::Device;
use super::people::normal_login;

/// Whose a token is that nobody told us about.
const BOT_LOGIN: &str = "pedro_bot";
/// What such a token may do: all that a chat bot needs.
const BOT_SCOPES: [&str; 6] =
    ["chat:read", "chat:edit", "user:read:chat", "user:write:chat", "user:bot", "channel:bot"];
/// About what Twitch gives.
const LIFETIME: Duration = Duration::from_secs(4 * 60 * 60);

/// What a token allows.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Whose it is; `None` for an app's own token.
    pub(super) login: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) client_id: String,
    expires: Instant,
    /// Nobody told us about it: whose it is was a guess.
    assumed: bool,
}

impl Token {
    pub(super) fn expires_in(&self) -> Duration {
        self.expires.saturating_duration_since(Instant::now())
    }
}

/// A token as it is issued.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) access: String,
    /// An app's own token has none.
    pub(super) refresh: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) expires_in: Duration,
}

/// All tokens there are.
#[derive(Debug)]
pub(super) struct Tokens {
    known: HashMap<String, Token>,
    revoked: HashSet<String>,
    /// Whose the refresh tokens are that were issued here.
    refreshers: HashMap<String, String>,
    /// Programs that wait for somebody to let them in.
    pub(super) devices: Vec<Device>,
    /// Any token is good as long as nobody has said which ones are.
    any: bool,
    pub(super) bot_login: String,
    pub(super) lifetime: Duration,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            revoked: HashSet::new(),
            refreshers: HashMap::new(),
            devices: Vec::new(),
            any: true,
            bot_login: BOT_LOGIN.to_owned(),
            lifetime: LIFETIME,
        }
    }
}

impl Tokens {
    /// Does this token let that account into chat?
    pub(super) fn signs_in(&mut self, token: &str, login: &str) -> bool {
        if self.look_up(token, "").is_none() {
            return false;
        }
        let Some(known) = self.known.get_mut(token) else { return false };
        if known.assumed {
            // Who signs in with it is who it belongs to.
            known.login = Some(login.to_owned());
        }
        known.login.as_deref() == Some(login)
    }

    /// What is known about a token that is good now. `client_id` is whose app it is, where the request says so.
    pub(super) fn look_up(&mut self, token: &str, client_id: &str) -> Option<Token> {
        if token.is_empty() || self.revoked.contains(token) {
            return None;
        }
        if !self.known.contains_key(token) {
            if !self.any {
                return None;
            }
            let scopes = BOT_SCOPES.map(str::to_owned).to_vec();
            let login = Some(self.bot_login.clone());
            let assumed = self.token(login, scopes, client_id, true);
            self.known.insert(token.to_owned(), assumed);
        }
        self.known.get(token).filter(|token| Instant::now() < token.expires).cloned()
    }

    /// A token for the app itself.
    pub(super) fn issue_for_app(&mut self, client_id: &str) -> Issued {
        self.issue(None, Vec::new(), client_id)
    }

    /// A new token in exchange for a refresh token; `None` where that is not good.
    pub(super) fn refresh(&mut self, refresh: &str, client_id: &str) -> Option<Issued> {
        let login = match self.refreshers.get(refresh) {
            _ if refresh.is_empty() || self.revoked.contains(refresh) => return None,
            Some(login) => login.clone(),
            None if self.any => self.bot_login.clone(),
            None => return None,
        };
        Some(self.issue(Some(login), BOT_SCOPES.map(str::to_owned).to_vec(), client_id))
    }

    pub(super) fn issue(&mut self, login: Option<String>, scopes: Vec<String>, client_id: &str) -> Issued {
        let access = Uuid::new_v4().simple().to_string();
        let refresh = login.as_ref().map(|login| {
            let refresh = Uuid::new_v4().simple().to_string();
            self.refreshers.insert(refresh.clone(), login.clone());
            refresh
        });
        let token = self.token(login, scopes.clone(), client_id, false);
        self.known.insert(access.clone(), token);
        Issued { access, refresh, scopes, expires_in: self.lifetime }
    }

    fn token(&self, login: Option<String>, scopes: Vec<String>, client_id: &str, assumed: bool) -> Token {
        Token { login, scopes, client_id: client_id.to_owned(), expires: Instant::now() + self.lifetime, assumed }
    }
}

impl Twitch {
    /// Adds a token that belongs to somebody. From the first one on, only such tokens, and those issued by
    /// `/oauth2/token`, are good; until then every token is.
    pub fn add_token(&self, token: &str, login: &str, scopes: &[&str]) {
        let (login, scopes) = (normal_login(login), scopes.iter().map(|scope| (*scope).to_owned()).collect());
        self.update(|world| {
            world.people.meet(&login);
            let tokens = &mut world.tokens;
            tokens.any = false;
            let value = tokens.token(Some(login), scopes, "", false);
            tokens.known.insert(token.to_owned(), value);
        });
    }

    /// Every token and refresh token that there is or was.
    pub fn tokens(&self) -> Vec<String> {
        self.update(|world| world.tokens.known.keys().chain(world.tokens.refreshers.keys()).cloned().collect())
    }

    /// Adds a refresh token that belongs to somebody.
    pub fn add_refresh_token(&self, refresh: &str, login: &str) {
        self.update(|world| world.tokens.refreshers.insert(refresh.to_owned(), normal_login(login)));
    }

    /// Makes a token, or a refresh token, worthless. Who is in chat with it stays in.
    pub fn revoke_token(&self, token: &str) {
        self.update(|world| {
            world.tokens.revoked.insert(token.to_owned());
            world.revoke_subscriptions_of(token);
        });
    }

    /// Makes all tokens worthless that there are, refresh tokens too, as somebody does who disconnects the application:
    /// from now on only new ones are good.
    pub fn revoke_tokens(&self) {
        self.update(|world| {
            let tokens = &mut world.tokens;
            tokens.any = false;
            let known: Vec<String> = tokens.known.keys().chain(tokens.refreshers.keys()).cloned().collect();
            tokens.revoked.extend(known.iter().cloned());
            for token in known {
                world.revoke_subscriptions_of(&token);
            }
            world.tell_connections();
        });
    }

    /// All access tokens that there are end now. Refresh tokens stay good.
    pub fn expire_tokens(&self) {
        self.update(|world| {
            for token in world.tokens.known.values_mut() {
                token.expires = Instant::now();
            }
        });
    }

    /// How long tokens hold that are issued or added from now on.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.update(|world| world.tokens.lifetime = lifetime);
    }

    /// Whose the tokens are that nobody added, until somebody signs in to chat with them. `pedro_bot` by default.
    pub fn set_bot_login(&self, login: &str) {
        let login = normal_login(login);
        self.update(|world| {
            world.people.meet(&login);
            world.tokens.bot_login = login;
        });
    }
}
