//! OAuth's device code flow: a program without a browser shows a code, somebody with one lets it in.

use std::time::{Duration, Instant};

use rand::Rng;
use uuid::Uuid;

use super::Twitch;
use super::people::normal_login;
use super::tokens::{Issued, Tokens};

/// How long a code waits for somebody.
pub(super) const CODE_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How often the program may ask. Twitch says five seconds; nobody wants to wait that long for a stand-in.
pub(super) const ASK_EVERY: Duration = Duration::from_secs(1);
/// Codes that wait at once; a program that asks for one in a loop pushes out the oldest.
const CODES_KEPT: usize = 100;
const CODE_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const CODE_LENGTH: usize = 8;

/// A program that waits to be let in.
#[derive(Debug)]
pub(super) struct Device {
    /// What the program knows itself by.
    pub(super) device_code: String,
    /// What it shows to people.
    pub(super) user_code: String,
    client_id: String,
    scopes: Vec<String>,
    expires: Instant,
    /// Who let it in: it may speak as them.
    login: Option<String>,
}

/// Why a device code leads to no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoToken {
    /// Nobody has let it in yet.
    Pending,
    /// Unknown, used or too old.
    Invalid,
}

impl Tokens {
    /// A program begins to wait. Answers its two codes: its own, and the one for people.
    pub(super) fn begin_device(&mut self, client_id: &str, scopes: &str) -> (String, String) {
        let mut random = rand::rng();
        let letters = (0..CODE_LENGTH).map(|_| char::from(CODE_LETTERS[random.random_range(0..CODE_LETTERS.len())]));
        let (device_code, user_code) = (Uuid::new_v4().simple().to_string(), letters.collect::<String>());
        if self.devices.len() == CODES_KEPT {
            self.devices.remove(0);
        }
        self.devices.push(Device {
            device_code: device_code.clone(),
            user_code: user_code.clone(),
            client_id: client_id.to_owned(),
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            expires: Instant::now() + CODE_LIFETIME,
            login: None,
        });
        (device_code, user_code)
    }

    /// Somebody lets the program with this code in; false where none waits.
    pub(super) fn authorize_device(&mut self, user_code: &str, login: &str) -> bool {
        let waiting =
            self.devices.iter_mut().find(|device| device.user_code == user_code && Instant::now() < device.expires);
        let Some(device) = waiting else { return false };
        device.login = Some(login.to_owned());
        true
    }

    /// The codes that wait for somebody, the newest last.
    pub(super) fn waiting_codes(&self) -> Vec<String> {
        let waiting = |device: &&Device| device.login.is_none() && Instant::now() < device.expires;
        self.devices.iter().filter(waiting).map(|device| device.user_code.clone()).collect()
    }

    /// The program's token, once, if somebody has let it in.
    pub(super) fn redeem_device(&mut self, device_code: &str) -> Result<Issued, NoToken> {
        let known = |device: &Device| device.device_code == device_code && Instant::now() < device.expires;
        let place = self.devices.iter().position(known).ok_or(NoToken::Invalid)?;
        if self.devices[place].login.is_none() {
            return Err(NoToken::Pending);
        }
        let device = self.devices.remove(place);
        Ok(self.issue(device.login, device.scopes, &device.client_id))
    }
}

impl Twitch {
    /// Somebody opens the address a program shows, types its code, and lets it speak as them. False where no program
    /// waits with this code.
    pub fn authorize_device(&self, user_code: &str, login: &str) -> bool {
        let login = normal_login(login);
        self.update(|world| {
            world.people.meet(&login);
            let let_in = world.tokens.authorize_device(user_code, &login);
            world.tell_connections();
            let_in
        })
    }

    /// The codes of the programs that wait to be let in, the newest last.
    pub fn device_codes(&self) -> Vec<String> {
        self.read(|world| world.tokens.waiting_codes())
    }
}
