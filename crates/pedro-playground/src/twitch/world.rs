//! The state of the stand-in Twitch: one value behind one mutex.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Instant;

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::connection::Connections;
use super::event::Event;
use super::eventsub::EventSub;
use super::limits::Limits;
use super::line::Line;
use super::misbehave::Misbehaviour;
use super::people::{People, User, normal_login};
use super::tokens::Tokens;

/// Lines kept; the oldest go first. Far more than an afternoon of trying things out, and no leak if it is forgotten.
const LINES_KEPT: usize = 50_000;
/// Violations kept; the first ones are those that matter.
const VIOLATIONS_KEPT: usize = 1_000;
/// Events that a slow page may be behind; further behind it is told to read everything again.
const EVENTS_BEHIND: usize = 1_024;

/// Everything there is. Functions that change it are spread over the files of this folder by what they are about.
#[derive(Debug)]
pub(super) struct World {
    /// Tells this run of the playground from another: numbers begin anew in each.
    pub(super) run: Uuid,
    pub(super) people: People,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) lines: VecDeque<Line>,
    next_seq: u64,
    pub(super) connections: Connections,
    pub(super) limits: Limits,
    pub(super) misbehaviour: Misbehaviour,
    pub(super) tokens: Tokens,
    pub(super) eventsub: EventSub,
    /// Where `EventSub` sockets are.
    pub(super) eventsub_address: String,
    pub(super) violations: Vec<String>,
    events: broadcast::Sender<Event>,
}

/// A channel: its settings and who may do what in it.
#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) title: String,
    pub(super) category: String,
    /// When the stream began; `None` while it is offline.
    pub(super) live_since: Option<DateTime<Utc>>,
    pub(super) moderators: BTreeSet<String>,
    /// Who has spoken here, for the mark on a person's first line.
    pub(super) speakers: HashSet<String>,
    /// Who may not speak, and until when (`None`: for good).
    pub(super) silenced: HashMap<String, Option<Instant>>,
    /// The last bot line that `next_bot_line` has handed out.
    pub(super) handed_out: u64,
}

impl World {
    pub(super) fn new(eventsub_address: String) -> Self {
        Self {
            run: Uuid::new_v4(),
            people: People::default(),
            channels: BTreeMap::new(),
            lines: VecDeque::new(),
            next_seq: 1,
            connections: Connections::default(),
            limits: Limits::default(),
            misbehaviour: Misbehaviour::default(),
            tokens: Tokens::default(),
            eventsub: EventSub::default(),
            eventsub_address,
            violations: Vec::new(),
            events: broadcast::channel(EVENTS_BEHIND).0,
        }
    }

    /// The channel with this name, made now if there is none: its streamer and its (offline) stream come with it.
    pub(super) fn channel(&mut self, name: &str) -> &mut Channel {
        let login = normal_login(name);
        self.people.meet(&login);
        self.channels.entry(login).or_insert_with(|| Channel {
            title: "A stream about nothing yet".to_owned(),
            category: "Software and Game Development".to_owned(),
            ..Channel::default()
        })
    }

    pub(super) fn has_channel(&self, name: &str) -> bool {
        self.channels.contains_key(&normal_login(name))
    }

    /// The channel's streamer, whose id is the room's id.
    pub(super) fn streamer(&mut self, channel: &str) -> User {
        self.people.meet(channel)
    }

    /// Broadcaster or moderator.
    pub(super) fn is_moderator(&self, channel: &str, login: &str) -> bool {
        channel == login || self.channels.get(channel).is_some_and(|channel| channel.moderators.contains(login))
    }

    /// The badges that follow from who somebody is in a channel.
    pub(super) fn badges(&self, channel: &str, login: &str) -> Vec<(String, String)> {
        let badge = if channel == login {
            "broadcaster"
        } else if self.is_moderator(channel, login) {
            "moderator"
        } else {
            return Vec::new();
        };
        vec![(badge.to_owned(), "1".to_owned())]
    }

    pub(super) fn line(&self, id: &str) -> Option<&Line> {
        // From the newest: what people answer or remove is rarely old.
        self.lines.iter().rev().find(|line| line.id == id)
    }

    /// The number of the next line.
    pub(super) fn take_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    pub(super) fn keep(&mut self, line: Line) {
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Notes what Twitch would have punished.
    pub(super) fn violation(&mut self, text: String) {
        tracing::warn!(violation = %text, "a bot did what Twitch punishes");
        if self.violations.len() < VIOLATIONS_KEPT {
            self.violations.push(text.clone());
        }
        self.tell(Event::Violation { text });
    }

    pub(super) fn set_title(&mut self, name: &str, title: &str, category: &str) {
        let channel = self.channel(name);
        title.clone_into(&mut channel.title);
        category.clone_into(&mut channel.category);
        self.tell_title(name);
        self.tell_of_update(name);
    }

    /// Starts or ends the stream; a stream that is live already keeps its beginning.
    pub(super) fn set_live(&mut self, name: &str, live: bool) {
        let channel = self.channel(name);
        let was_live = channel.live_since.is_some();
        channel.live_since = live.then(|| channel.live_since.unwrap_or_else(Utc::now));
        self.tell_title(name);
        if live != was_live {
            self.tell_of_stream(name, live);
        }
    }

    fn tell_title(&mut self, name: &str) {
        let login = normal_login(name);
        let channel = self.channel(name);
        let (title, category) = (channel.title.clone(), channel.category.clone());
        let live = channel.live_since.is_some();
        self.tell(Event::Title { channel: login, title, category, live });
    }

    pub(super) fn tell_connections(&self) {
        self.tell(Event::Connection { connections: self.connections.count() });
    }

    /// Tells the pages; nobody looking is no error.
    pub(super) fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    pub(super) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}
