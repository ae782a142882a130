//! The ways in which Discord and the network let bots down, as verbs on [`Discord`].

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Discord;
use super::snowflake::Snowflake;

/// What happens to a request instead of what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trouble {
    /// 429: come again after so many milliseconds.
    RateLimited {
        /// How long to wait.
        retry_after_ms: u64,
        /// Whether that concerns all requests, or only those to this bucket.
        global: bool,
    },
    /// This status, with a body that is not JSON, as a broken proxy in front of Discord gives it.
    Status {
        /// 500, 502, 503, ...
        status: u16,
    },
    /// The connection breaks off. What was asked for is not done.
    Reset,
    /// The connection breaks off, after what was asked for has been done.
    ResetAfter,
    /// No answer ever comes. What was asked for is not done.
    Hang,
    /// The answer comes so many milliseconds later.
    Slow {
        /// How much later.
        ms: u64,
    },
}

/// Trouble for some requests.
#[derive(Debug, Clone, Serialize)]
struct Rule {
    /// Empty: every method.
    method: String,
    /// What the path has to contain; `*` stands for anything.
    path: String,
    trouble: Trouble,
    /// How many requests it is still for.
    left: usize,
}

/// What goes wrong at the moment.
#[derive(Debug, Default, Serialize)]
pub(super) struct Misbehaviour {
    pub(super) gateway_down: bool,
    pub(super) no_acks: bool,
    pub(super) refuse_identify: bool,
    pub(super) refuse_resume: bool,
    /// Sign-ins that are answered with *invalid session*.
    pub(super) invalid_identifies: usize,
    rules: Vec<Rule>,
}

impl Misbehaviour {
    /// The trouble that this request gets into, if any.
    pub(super) fn trouble(&mut self, method: &str, path: &str) -> Option<Trouble> {
        let fits = |rule: &&mut Rule| (rule.method.is_empty() || rule.method == method) && matches(&rule.path, path);
        let rule = self.rules.iter_mut().find(fits)?;
        rule.left -= 1;
        let trouble = rule.trouble;
        self.rules.retain(|rule| rule.left > 0);
        Some(trouble)
    }
}

/// Whether the parts of the pattern stand in the path, in order.
fn matches(pattern: &str, path: &str) -> bool {
    let mut rest = path;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(place) => {
            rest = &rest[place + part.len()..];
            true
        }
        None => false,
    })
}

impl Discord {
    /// Breaks all gateway connections off, without a word. Their sessions can be resumed.
    pub fn drop_connections(&self) {
        self.update(|world| {
            for id in world.gateway.ids() {
                world.gateway.reset(id);
            }
            world.tell_connections();
        });
    }

    /// Closes all gateway connections with this code, as Discord does. Their sessions can be resumed.
    pub fn close_connections(&self, code: u16) {
        self.update(|world| {
            for id in world.gateway.ids() {
                world.gateway.close(id, code, "");
            }
            world.tell_connections();
        });
    }

    /// Half-open: the gateway accepts and reads, but answers nothing and delivers nothing. What happens meanwhile is kept
    /// for those who resume; who missed something is cut off when the silence ends.
    pub fn silence(&self, silent: bool) {
        self.update(|world| {
            world.gateway.silence(silent);
            world.tell_connections();
        });
    }

    /// Stops acknowledging heartbeats, and goes on with everything else.
    pub fn withhold_acks(&self, withhold: bool) {
        self.update(|world| world.misbehaviour.no_acks = withhold);
    }

    /// Asks every bot for a heartbeat at once (op 1).
    pub fn request_heartbeats(&self) {
        self.send_everywhere(&json!({ "op": 1, "d": null, "s": null, "t": null }));
    }

    /// Asks every bot to connect again and resume (op 7).
    pub fn send_reconnect(&self) {
        self.send_everywhere(&json!({ "op": 7, "d": null, "s": null, "t": null }));
    }

    /// Tells every bot that its session is invalid (op 9). Unless it can be resumed, it is gone.
    pub fn invalidate_sessions(&self, resumable: bool) {
        self.send_everywhere(&json!({ "op": 9, "d": resumable, "s": null, "t": null }));
        if !resumable {
            self.update(|world| world.gateway.sessions.clear());
        }
    }

    fn send_everywhere(&self, payload: &serde_json::Value) {
        self.update(|world| {
            for id in world.gateway.ids() {
                world.gateway.send(id, payload);
            }
        });
    }

    /// Sends a text as it is to every connected bot: broken JSON, an event that Discord invents next year.
    pub fn send_raw(&self, text: &str) {
        self.update(|world| {
            for id in world.gateway.ids() {
                world.gateway.send_raw(id, text.to_owned());
            }
        });
    }

    /// Tells every session of an event with this name and content, numbered in order.
    pub fn dispatch_raw(&self, name: &'static str, guild: Option<Snowflake>, data: serde_json::Value) {
        self.update(|world| {
            world.dispatch(super::dispatch::Dispatch { name, guild, intents: 0, data, otherwise: None });
        });
    }

    /// Refuses to resume sessions: whoever tries is told that its session is invalid.
    pub fn refuse_resume(&self, refuse: bool) {
        self.update(|world| world.misbehaviour.refuse_resume = refuse);
    }

    /// Refuses every sign-in to the gateway (4004). Who is in stays in.
    pub fn refuse_identify(&self, refuse: bool) {
        self.update(|world| {
            world.misbehaviour.refuse_identify = refuse;
            world.tell_connections();
        });
    }

    /// Answers the next `count` sign-ins with *invalid session*, as Discord does to bots that sign in too often.
    pub fn invalid_identifies(&self, count: usize) {
        self.update(|world| world.misbehaviour.invalid_identifies = count);
    }

    /// Turns new gateway connections away: each is reset. Open ones stay; see [`Discord::drop_connections`].
    pub fn set_gateway_down(&self, down: bool) {
        self.update(|world| {
            world.misbehaviour.gateway_down = down;
            world.tell_connections();
        });
    }

    /// Gets the next `count` requests into trouble that have this method (empty: any) and whose path, from after
    /// `/api/v10` on, contains `path` (`*` stands for anything: `/channels/*/messages`). Several rules add up; the first
    /// that fits counts.
    pub fn trouble(&self, method: &str, path: &str, count: usize, trouble: Trouble) {
        if count > 0 {
            let (method, path) = (method.to_uppercase(), path.to_owned());
            self.update(|world| world.misbehaviour.rules.push(Rule { method, path, trouble, left: count }));
        }
    }

    /// Ends all trouble with requests.
    pub fn no_trouble(&self) {
        self.update(|world| world.misbehaviour.rules.clear());
    }

    /// Tells of a message once more, as new. False where there is none.
    pub fn redeliver(&self, message: Snowflake) -> bool {
        self.update(|world| {
            let Some(message) = world.messages.get(&message).cloned() else { return false };
            world.dispatch_message("MESSAGE_CREATE", &message);
            true
        })
    }

    /// A guild is out of order at Discord's end, or no longer.
    pub fn set_guild_unavailable(&self, guild: Snowflake, unavailable: bool) {
        self.update(|world| {
            let Some(found) = world.guilds.get_mut(&guild) else { return };
            found.unavailable = unavailable;
            if unavailable {
                let data = json!({ "id": guild, "unavailable": true });
                world.dispatch_guild(guild, "GUILD_DELETE", super::dispatch::intent::GUILDS, data);
            } else if let Some(create) = world.guild_create(guild) {
                world.dispatch(create);
            }
        });
    }

    /// How long a bot has for its first answer to an interaction (3 s, as on Discord, unless told otherwise).
    pub fn set_answer_within(&self, time: Duration) {
        self.update(|world| world.answer_within = time);
    }

    /// How long the token of an interaction is good for (15 minutes, as on Discord, unless told otherwise). Those that
    /// are out are cut short too.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.update(|world| {
            world.token_lifetime = lifetime;
            for interaction in world.interactions.values_mut() {
                interaction.expires = interaction.expires.min(interaction.created + lifetime);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_for_so_many_requests_of_its_kind() {
        let mut misbehaviour = Misbehaviour::default();
        let rule = |method: &str, path: &str, left| Rule {
            method: method.to_owned(),
            path: path.to_owned(),
            trouble: Trouble::Reset,
            left,
        };
        misbehaviour.rules.push(rule("POST", "/channels/*/messages", 2));
        assert_eq!(misbehaviour.trouble("GET", "/channels/5/messages"), None);
        assert_eq!(misbehaviour.trouble("POST", "/channels/5/typing"), None);
        assert!(misbehaviour.trouble("POST", "/channels/5/messages").is_some());
        assert!(misbehaviour.trouble("POST", "/channels/6/messages").is_some());
        assert_eq!(misbehaviour.trouble("POST", "/channels/5/messages"), None);
        misbehaviour.rules.push(rule("", "", 1));
        assert!(misbehaviour.trouble("GET", "/users/@me").is_some());
    }
}
