//! What Pedro listens to in a channel.

use std::collections::{BTreeMap, BTreeSet};

use crate::chat::AuthorKind;

/// Pedro answers to it everywhere, whatever else it is called.
const OWN_NAME: &str = "pedro";

/// What commands begin with unless a channel says otherwise.
pub(super) const DEFAULT_PREFIX: &str = "!";

/// Bots that sit in many chats. Their lines are context, never evidence, and never answered.
pub const KNOWN_BOTS: [&str; 6] = ["fossabot", "moobot", "nightbot", "restreambot", "streamelements", "streamlabs"];

/// Tags that ask for a plan unless the community has others.
pub const PLAN_TAGS: [&str; 2] = ["#plan", "#multi"];

/// What Pedro listens to in a channel: its names, its commands' names, and whom it never listens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ear {
    /// The bot's login and its nicknames. `pedro` is one of them even if it is not in the list.
    pub names: Vec<String>,
    /// Pedro's own accounts, as the platforms number them.
    pub user_ids: Vec<String>,
    /// What commands begin with. Empty means `!`.
    pub prefix: String,
    /// A command's own name, and the name it has here.
    pub renamed: BTreeMap<String, String>,
    /// Tags in a question that ask for a plan.
    pub plan_tags: Vec<String>,
    /// Lower-case logins of other bots.
    pub other_bots: BTreeSet<String>,
}

impl Ear {
    /// An ear for the account `login`, with `!` as the prefix and the best-known bots.
    pub fn new(login: &str) -> Self {
        let mut names = vec![login.trim().to_lowercase(), OWN_NAME.to_owned()];
        names.retain(|name| !name.is_empty());
        names.dedup();
        Self {
            names,
            user_ids: Vec::new(),
            prefix: DEFAULT_PREFIX.to_owned(),
            renamed: BTreeMap::new(),
            plan_tags: PLAN_TAGS.map(str::to_owned).to_vec(),
            other_bots: KNOWN_BOTS.map(str::to_owned).into(),
        }
    }

    /// Whether a login belongs to a bot that Pedro never answers.
    pub fn kind_of(&self, login: &str) -> AuthorKind {
        match self.other_bots.contains(&login.trim().to_lowercase()) {
            true => AuthorKind::Bot,
            false => AuthorKind::Person,
        }
    }

    pub(super) fn is_pedro(&self, platform_user_id: &str) -> bool {
        self.user_ids.iter().any(|id| id == platform_user_id)
    }

    /// The names as people write them, without `@`.
    pub(super) fn spoken_names(&self) -> impl Iterator<Item = &str> {
        let names = self.names.iter().map(|name| name.trim().trim_start_matches('@'));
        names.chain([OWN_NAME]).filter(|name| !name.is_empty())
    }

    /// An empty prefix would make every word a command.
    pub(super) fn prefix(&self) -> &str {
        if self.prefix.trim().is_empty() { DEFAULT_PREFIX } else { &self.prefix }
    }

    /// The name that a command has here. An empty one is kept: it switches the command off.
    pub(super) fn name_of<'a>(&'a self, command: &'a str) -> &'a str {
        let Some(name) = self.renamed.get(command) else { return command };
        let name = name.trim();
        name.strip_prefix(self.prefix()).unwrap_or(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pedro_listens_to_its_login_and_to_its_name() {
        assert_eq!(Ear::new("Pedro_Bot").names, ["pedro_bot", "pedro"]);
        assert_eq!(Ear::new("PEDRO").names, ["pedro"]);
        assert_eq!(Ear::new("").names, ["pedro"]);
        assert!(Ear { names: Vec::new(), ..Ear::new("x") }.spoken_names().eq(["pedro"]));
    }

    #[test]
    fn known_bots_are_bots_in_any_case_and_others_are_people() {
        let ear = Ear::new("pedro_bot");
        for (login, kind) in [
            ("nightbot", AuthorKind::Bot),
            ("StreamElements", AuthorKind::Bot),
            ("restreambot", AuthorKind::Bot),
            ("nightbot_fan", AuthorKind::Person),
            ("soy_llm_bot", AuthorKind::Person),
            ("", AuthorKind::Person),
        ] {
            assert_eq!(ear.kind_of(login), kind, "{login}");
        }
    }

    #[test]
    fn a_new_name_may_be_written_with_the_prefix() {
        let mut ear = Ear::new("x");
        ear.renamed.insert("links".to_owned(), "!Urls ".to_owned());
        assert_eq!(ear.name_of("links"), "Urls");
        assert_eq!(ear.name_of("title"), "title");
    }
}
