//! The state of the stand-in Discord: one value behind one mutex.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::channel::{Channel, ChannelKind};
use super::commands::Commands;
use super::event::Event;
use super::file::File;
use super::guild::{Guild, Member};
use super::interaction::Interaction;
use super::limits::Limits;
use super::message::Message;
use super::misbehave::Misbehaviour;
use super::people::People;
use super::permission;
use super::sessions::Gateway;
use super::snowflake::Snowflake;

/// Messages kept; the oldest go first.
const MESSAGES_KEPT: usize = 50_000;
const FILES_KEPT: usize = 200;
const INTERACTIONS_KEPT: usize = 10_000;
/// Requests kept for looking at; the oldest go first.
const REQUESTS_KEPT: usize = 20_000;
/// Violations kept; the first ones are those that matter.
const VIOLATIONS_KEPT: usize = 1_000;
/// Events that a slow page may be behind; further behind it is told to read everything again.
const EVENTS_BEHIND: usize = 1_024;
/// How long Discord waits for the first answer to an interaction.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long an interaction's token is good for.
const TOKEN_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Everything there is. Functions that change it are spread over the files of this folder by what they are about.
#[derive(Debug)]
pub(super) struct World {
    /// Tells this run of the playground from another.
    pub(super) run: Uuid,
    /// Where files can be fetched: `http://127.0.0.1:6080`.
    pub(super) base: String,
    pub(super) bot: Bot,
    pub(super) people: People,
    pub(super) guilds: BTreeMap<Snowflake, Guild>,
    pub(super) channels: BTreeMap<Snowflake, Channel>,
    pub(super) messages: BTreeMap<Snowflake, Message>,
    files: BTreeMap<Snowflake, File>,
    /// Who does not take direct messages.
    pub(super) closed_dms: BTreeSet<Snowflake>,
    pub(super) commands: Commands,
    pub(super) interactions: BTreeMap<Snowflake, Interaction>,
    /// How long the first answer to an interaction may take.
    pub(super) answer_within: Duration,
    /// How long an interaction's token is good for.
    pub(super) token_lifetime: Duration,
    pub(super) gateway: Gateway,
    pub(super) limits: Limits,
    pub(super) misbehaviour: Misbehaviour,
    pub(super) requests: VecDeque<Request>,
    pub(super) violations: Vec<String>,
    last_id: Snowflake,
    events: broadcast::Sender<Event>,
}

/// The one bot there is.
#[derive(Debug)]
pub(super) struct Bot {
    pub(super) id: Snowflake,
    pub(super) application: Snowflake,
    pub(super) name: String,
    /// The only good token; `None` where any is good.
    pub(super) token: Option<String>,
}

/// A request that the bot made.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// From after `/api/v10` on, with the query.
    pub path: String,
    /// What it was answered with; 0 where the connection was broken off.
    pub status: u16,
}

impl World {
    pub(super) fn new(base: String) -> Self {
        let mut people = People::default();
        let name = "pedro".to_owned();
        people.change(&name, |user| user.bot = true);
        let id = people.meet(&name).id;
        Self {
            run: Uuid::new_v4(),
            base,
            // An application of today has the id of its bot.
            bot: Bot { id, application: id, name, token: None },
            people,
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: BTreeMap::new(),
            files: BTreeMap::new(),
            closed_dms: BTreeSet::new(),
            commands: Commands::default(),
            interactions: BTreeMap::new(),
            answer_within: ANSWER_WITHIN,
            token_lifetime: TOKEN_LIFETIME,
            gateway: Gateway::default(),
            limits: Limits::default(),
            misbehaviour: Misbehaviour::default(),
            requests: VecDeque::new(),
            violations: Vec::new(),
            last_id: Snowflake::default(),
            events: broadcast::channel(EVENTS_BEHIND).0,
        }
    }

    /// The id of what comes now.
    pub(super) fn next_id(&mut self) -> Snowflake {
        self.last_id = Snowflake::now(self.last_id);
        self.last_id
    }

    pub(super) fn member(&self, guild: Snowflake, user: Snowflake) -> Option<&Member> {
        self.guilds.get(&guild)?.members.get(&user)
    }

    /// A member as Discord writes it, with its user.
    pub(super) fn member_json(&self, guild: Snowflake, user: Snowflake) -> Option<Value> {
        let mut json = self.member(guild, user)?.json();
        json["user"] = self.people.by_id(user)?.json();
        Some(json)
    }

    /// The channel that says who may do what: a thread's parent, or the channel itself.
    pub(super) fn ruling<'a>(&'a self, channel: &'a Channel) -> Option<&'a Channel> {
        if channel.kind.is_thread() { self.channels.get(&channel.parent?) } else { Some(channel) }
    }

    /// What somebody may do in a channel; nothing where they cannot see it.
    pub(super) fn permissions(&self, user: Snowflake, channel: Snowflake) -> u64 {
        let Some(channel) = self.channels.get(&channel) else { return 0 };
        if channel.kind == ChannelKind::Dm {
            let concerned = channel.recipient == Some(user) || user == self.bot.id;
            return if concerned { permission::DIRECT } else { 0 };
        }
        let guild = channel.guild.and_then(|guild| self.guilds.get(&guild));
        let (Some(guild), Some(ruling)) = (guild, self.ruling(channel)) else { return 0 };
        let granted = permission::in_channel(guild, &ruling.overwrites, user);
        let inside = channel.thread.as_ref().is_none_or(|thread| thread.members.contains_key(&user));
        let hidden = channel.kind == ChannelKind::PrivateThread && !inside;
        if hidden && granted & permission::MANAGE_THREADS == 0 { 0 } else { granted }
    }

    pub(super) fn can_see(&self, user: Snowflake, channel: Snowflake) -> bool {
        self.permissions(user, channel) & permission::VIEW_CHANNEL != 0
    }

    /// Whether somebody may write in a channel or thread.
    pub(super) fn can_send(&self, user: Snowflake, channel: Snowflake) -> bool {
        let thread = self.channels.get(&channel).is_some_and(|channel| channel.kind.is_thread());
        let needed = if thread { permission::SEND_MESSAGES_IN_THREADS } else { permission::SEND_MESSAGES };
        self.permissions(user, channel) & needed != 0
    }

    /// A channel as Discord writes it.
    pub(super) fn channel_json(&self, channel: &Channel) -> Value {
        let recipient = channel.recipient.and_then(|user| self.people.by_id(user)).map(|user| user.json());
        let mut json = channel.json(recipient);
        if let Some(member) = channel.thread_member(self.bot.id) {
            json["member"] = member;
        }
        json
    }

    /// Who has installed the application where this happens.
    pub(super) fn owners(&self, guild: Option<Snowflake>) -> Value {
        // A direct message has no guild: Discord writes a zero.
        json!({ "0": guild.unwrap_or_default() })
    }

    pub(super) fn keep_message(&mut self, message: Message) {
        if self.messages.len() == MESSAGES_KEPT {
            self.messages.pop_first();
        }
        self.messages.insert(message.id, message);
    }

    pub(super) fn store_file(&mut self, id: Snowflake, file: File) {
        if self.files.len() == FILES_KEPT {
            self.files.pop_first();
        }
        self.files.insert(id, file);
    }

    pub(super) fn file(&self, id: Snowflake) -> Option<&File> {
        self.files.get(&id)
    }

    pub(super) fn keep_interaction(&mut self, interaction: Interaction) {
        if self.interactions.len() == INTERACTIONS_KEPT {
            self.interactions.pop_first();
        }
        self.interactions.insert(interaction.id, interaction);
    }

    pub(super) fn keep_request(&mut self, request: Request) {
        if self.requests.len() == REQUESTS_KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    /// Notes what Discord would have punished, or people would have been annoyed by.
    pub(super) fn violation(&mut self, text: String) {
        tracing::warn!(violation = %text, "a bot did what Discord punishes");
        if self.violations.len() < VIOLATIONS_KEPT {
            self.violations.push(text.clone());
        }
        self.tell(Event::Violation { text });
    }

    pub(super) fn tell_connections(&self) {
        self.tell(Event::Connection { connections: self.gateway.connections() });
    }

    /// Tells the pages; nobody looking is no error.
    pub(super) fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    pub(super) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}
