//! The people on the stand-in Discord: everybody is known by user name, from the first time they are named.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::snowflake::Snowflake;

/// Somebody on Discord: a person or a bot.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: Snowflake,
    pub(super) name: String,
    pub(super) display_name: Option<String>,
    pub(super) bot: bool,
}

impl User {
    pub(super) fn json(&self) -> Value {
        let mut user = json!({
            "id": self.id, "username": self.name, "global_name": self.display_name, "avatar": null,
            "avatar_decoration_data": null, "discriminator": if self.bot { "0001" } else { "0" },
            "public_flags": 0, "collectibles": null, "primary_guild": null,
        });
        if self.bot {
            user["bot"] = json!(true);
        }
        user
    }
}

/// Everybody there is.
#[derive(Debug, Default)]
pub(super) struct People {
    by_name: BTreeMap<String, User>,
    names: HashMap<Snowflake, String>,
}

impl People {
    /// The person with this name, who exists from now on if not before.
    pub(super) fn meet(&mut self, name: &str) -> User {
        let name = normal_name(name);
        if let Some(user) = self.by_name.get(&name) {
            return user.clone();
        }
        let mut id = Snowflake::named("user", &name);
        while self.names.contains_key(&id) {
            id = id.next();
        }
        let user = User { id, name: name.clone(), display_name: None, bot: false };
        self.names.insert(id, name.clone());
        self.by_name.insert(name, user.clone());
        user
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&User> {
        self.by_name.get(&normal_name(name))
    }

    pub(super) fn by_id(&self, id: Snowflake) -> Option<&User> {
        self.by_name.get(self.names.get(&id)?)
    }

    /// The name of whoever has this id; empty where nobody has it.
    pub(super) fn name(&self, id: Snowflake) -> &str {
        self.names.get(&id).map_or("", String::as_str)
    }

    pub(super) fn everybody(&self) -> impl Iterator<Item = &User> {
        self.by_name.values()
    }

    /// Changes what is known of somebody.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(&mut User)) {
        self.meet(name);
        if let Some(user) = self.by_name.get_mut(&normal_name(name)) {
            change(user);
        }
    }
}

/// A user name as Discord keeps it: lower case, without the `@` people put before it.
pub(super) fn normal_name(name: &str) -> String {
    name.trim().trim_start_matches('@').to_lowercase()
}
