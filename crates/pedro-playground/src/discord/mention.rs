//! Who a text mentions, and which of them hear a ping. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::failure::Problems;
use super::snowflake::Snowflake;

/// Ids of one kind that `allowed_mentions` may list.
const LISTED: usize = 100;

/// Whom a text mentions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mentions {
    /// People, by id.
    pub users: Vec<Snowflake>,
    /// Roles, by id.
    pub roles: Vec<Snowflake>,
    /// `@everyone` or `@here`.
    pub everyone: bool,
}

impl Mentions {
    /// Nobody is mentioned.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.roles.is_empty() && !self.everyone
    }

    /// Everybody whom this text names the way Discord understands.
    pub(super) fn in_text(text: &str) -> Self {
        let mut found = Self { everyone: text.contains("@everyone") || text.contains("@here"), ..Self::default() };
        for piece in text.split("<@").skip(1) {
            let Some((inside, _)) = piece.split_once('>') else { continue };
            let (list, digits) = match inside.strip_prefix('&') {
                Some(digits) => (&mut found.roles, digits),
                None => (&mut found.users, inside.strip_prefix('!').unwrap_or(inside)),
            };
            if let Ok(id) = digits.parse::<Snowflake>()
                && !list.contains(&id)
            {
                list.push(id);
            }
        }
        found
    }
}

/// What a sender allows of the mentions in its text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AllowedMentions {
    parse: Vec<String>,
    users: Vec<Snowflake>,
    roles: Vec<Snowflake>,
    pub(super) replied_user: bool,
}

impl AllowedMentions {
    /// Reads the field of a request; `None` where it is missing, which allows everything.
    pub(super) fn read(value: Option<&Value>, problems: &mut Problems) -> Option<Self> {
        let value = value.filter(|value| !value.is_null())?;
        let allowed: Self = match serde_json::from_value(value.clone()) {
            Ok(allowed) => allowed,
            Err(error) => {
                problems.add("allowed_mentions", "DICT_TYPE_CONVERT", &error.to_string());
                return Some(Self::default());
            }
        };
        for (kind, list) in [("users", &allowed.users), ("roles", &allowed.roles)] {
            if allowed.parses(kind) && !list.is_empty() {
                let message = format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive.");
                problems.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", &message);
            }
            if list.len() > LISTED {
                problems.too_long(&format!("allowed_mentions.{kind}"), LISTED);
            }
        }
        for (place, kind) in allowed.parse.iter().enumerate() {
            if !["users", "roles", "everyone"].contains(&kind.as_str()) {
                let message = "Value must be one of {'users', 'roles', 'everyone'}.";
                problems.add(&format!("allowed_mentions.parse.{place}"), "BASE_TYPE_CHOICES", message);
            }
        }
        Some(allowed)
    }

    fn parses(&self, kind: &str) -> bool {
        self.parse.iter().any(|parsed| parsed == kind)
    }

    /// Those of the mentioned who are pinged.
    pub(super) fn apply(allowed: Option<&Self>, mentioned: Mentions) -> Mentions {
        let Some(allowed) = allowed else { return mentioned };
        let keep = |ids: Vec<Snowflake>, kind: &str, listed: &[Snowflake]| -> Vec<Snowflake> {
            ids.into_iter().filter(|id| allowed.parses(kind) || listed.contains(id)).collect()
        };
        Mentions {
            users: keep(mentioned.users, "users", &allowed.users),
            roles: keep(mentioned.roles, "roles", &allowed.roles),
            everyone: mentioned.everyone && allowed.parses("everyone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pinged(text: &str, allowed: &Value) -> (Mentions, bool) {
        let mut problems = Problems::default();
        let allowed = AllowedMentions::read(Some(allowed), &mut problems);
        (AllowedMentions::apply(allowed.as_ref(), Mentions::in_text(text)), problems.is_empty())
    }

    #[test]
    fn a_text_mentions_people_roles_and_everyone() {
        let found = Mentions::in_text("hi <@1> <@!2> <@&3> <@1> <@x> <@4 @here");
        assert_eq!((found.users, found.roles), (vec![Snowflake::new(1), Snowflake::new(2)], vec![Snowflake::new(3)]));
        assert!(found.everyone);
        assert!(Mentions::in_text("alice@example.org <#5>").is_empty());
    }

    #[test]
    fn nothing_allowed_pings_nobody_and_nothing_said_pings_all() {
        let text = "<@1> <@&3> @everyone";
        assert!(pinged(text, &json!({ "parse": [] })).0.is_empty());
        assert!(pinged(text, &json!({})).0.is_empty());
        assert_eq!(pinged(text, &Value::Null).0, Mentions::in_text(text));
        assert_eq!(pinged(text, &json!({ "users": ["1"] })).0.users, vec![Snowflake::new(1)]);
    }

    #[test]
    fn a_contradiction_is_refused() {
        assert!(!pinged("", &json!({ "parse": ["users"], "users": ["1"] })).1);
        assert!(!pinged("", &json!({ "parse": ["nobody"] })).1);
        assert!(pinged("", &json!({ "parse": ["users"], "roles": ["1"] })).1);
    }
}
