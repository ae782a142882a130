//! The people on the stand-in Twitch: everybody is known by login, from the first time they are named.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Serialize, Serializer};

use crate::hash::fnv1a;

/// Ids start here, so that each has nine digits, as most of the real ones do.
const FIRST_ID: u64 = 100_000_000;
const IDS: u64 = 900_000_000;

/// The colours Twitch gives to people who did not choose one.
const COLOURS: [&str; 15] = [
    "#FF0000", "#0000FF", "#008000", "#B22222", "#FF7F50", "#9ACD32", "#FF4500", "#2E8B57", "#DAA520", "#D2691E",
    "#5F9EA0", "#1E90FF", "#FF69B4", "#8A2BE2", "#00FF7F",
];

/// A person's numeric id: the same for a login in every run of the playground, so that a bot's database stays true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(u64);

impl UserId {
    fn of(login: &str) -> Self {
        Self(FIRST_ID + fnv1a(login) % IDS)
    }

    /// The id to try when this one is another person's.
    fn next(self) -> Self {
        Self(FIRST_ID + (self.0 - FIRST_ID + 1) % IDS)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for UserId {
    /// As text, as Twitch writes ids.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Somebody on Twitch: a viewer, the streamer, a bot.
#[derive(Debug, Clone, Serialize)]
pub(super) struct User {
    pub(super) id: UserId,
    pub(super) login: String,
    pub(super) display_name: String,
    pub(super) colour: &'static str,
}

/// Everybody there is.
#[derive(Debug, Default)]
pub(super) struct People {
    by_login: BTreeMap<String, User>,
    logins: HashMap<UserId, String>,
}

impl People {
    /// The person with this login, who exists from now on if not before.
    pub(super) fn meet(&mut self, login: &str) -> User {
        let login = normal_login(login);
        if let Some(user) = self.by_login.get(&login) {
            return user.clone();
        }
        let mut id = UserId::of(&login);
        while self.logins.contains_key(&id) {
            id = id.next();
        }
        let colour = COLOURS[usize::try_from(id.0).unwrap_or_default() % COLOURS.len()];
        let user = User { id, display_name: login.clone(), colour, login: login.clone() };
        self.logins.insert(id, login.clone());
        self.by_login.insert(login, user.clone());
        user
    }

    pub(super) fn by_login(&self, login: &str) -> Option<&User> {
        self.by_login.get(&normal_login(login))
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&User> {
        let id = id.parse().ok().map(UserId)?;
        self.by_login.get(self.logins.get(&id)?)
    }

    pub(super) fn everybody(&self) -> impl Iterator<Item = &User> {
        self.by_login.values()
    }

    pub(super) fn set_display_name(&mut self, login: &str, display_name: &str) {
        self.meet(login);
        if let Some(user) = self.by_login.get_mut(&normal_login(login)) {
            user.display_name = display_name.to_owned();
        }
    }
}

/// A login or channel name as Twitch keeps it: lower case, without the `#` or `@` people put before it.
pub(super) fn normal_login(name: &str) -> String {
    name.trim().trim_start_matches(['#', '@']).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_the_login_alone() {
        let (mut one, mut other) = (People::default(), People::default());
        other.meet("bob");
        assert_eq!(one.meet("alice").id, other.meet("Alice").id);
        assert_ne!(other.meet("alice").id, other.meet("bob").id);
        assert_eq!(one.meet("alice").id.to_string().len(), 9);
    }

    #[test]
    fn an_id_that_is_taken_goes_to_the_first_who_came() {
        let mut people = People::default();
        people.logins.insert(UserId::of("alice"), "twin".to_owned());
        assert_eq!(people.meet("alice").id, UserId::of("alice").next());
    }

    #[test]
    fn people_are_found_by_login_and_by_id() {
        let mut people = People::default();
        let id = people.meet("@Alice").id.to_string();
        people.set_display_name("alice", "AliceInChains");
        assert_eq!(people.by_id(&id).map(|user| user.display_name.as_str()), Some("AliceInChains"));
        assert_eq!(people.by_login("ALICE").map(|user| user.login.as_str()), Some("alice"));
        assert!(people.by_id("nonsense").is_none());
    }
}
