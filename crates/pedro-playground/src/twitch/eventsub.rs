//! EventSub over websocket: sessions, what they subscribe to, and what they are told.
//! <https://dev.twitch.tv/docs/eventsub/handling-websocket-events/>

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Twitch;
use super::world::World;

/// What a session may be told and has not read yet; who is further behind is cut off.
pub(super) const CAPACITY: usize = 256;
/// As on Twitch: a session that subscribes to nothing within this time is closed.
const SUBSCRIBE_WITHIN: Duration = Duration::from_secs(10);
/// As on Twitch: who was asked to reconnect and does not is closed. Twitch waits 30 s.
const RECONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Twitch allows three sessions to one user and application.
const SESSIONS: usize = 3;
/// As on Twitch, unless told otherwise.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// What happens to a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outgoing {
    Text(String),
    Close(u16, &'static str),
    /// Break off without a word.
    Reset,
}

/// A socket and what is known of it.
#[derive(Debug)]
struct Session {
    outgoing: mpsc::Sender<Outgoing>,
    opened: Instant,
    /// When anything was last said to it.
    told: Instant,
    /// Until when it has to have moved to another socket.
    leave_by: Option<Instant>,
}

/// What a session wants to hear of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) session: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) version: String,
    pub(super) broadcaster_id: String,
    /// The access token it was made with.
    #[serde(skip)]
    pub(super) token: String,
    created_at: String,
}

/// Everything about `EventSub`.
#[derive(Debug)]
pub(super) struct EventSub {
    sessions: BTreeMap<String, Session>,
    subscriptions: Vec<Subscription>,
    /// A session that moves: its new socket takes over what the old one subscribed to.
    moving: BTreeMap<String, String>,
    keepalive: Duration,
    /// Nothing is said any more, not even that there is nothing to say.
    pub(super) silent: bool,
    /// Every notification comes twice.
    pub(super) twice: bool,
    opened: u64,
}

impl Default for EventSub {
    fn default() -> Self {
        Self {
            sessions: BTreeMap::new(),
            subscriptions: Vec::new(),
            moving: BTreeMap::new(),
            keepalive: KEEPALIVE,
            silent: false,
            twice: false,
            opened: 0,
        }
    }
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true)
}

fn message(kind: &str, more: &Value, payload: Value) -> String {
    let mut metadata = json!({ "message_id": Uuid::new_v4(), "message_type": kind, "message_timestamp": now() });
    if let (Some(metadata), Some(more)) = (metadata.as_object_mut(), more.as_object()) {
        metadata.extend(more.clone());
    }
    json!({ "metadata": metadata, "payload": payload }).to_string()
}

impl Subscription {
    pub(super) fn describe(&self, status: &str) -> Value {
        json!({
            "id": self.id, "status": status, "type": self.kind, "version": self.version, "cost": 1,
            "condition": { "broadcaster_user_id": self.broadcaster_id },
            "transport": { "method": "websocket", "session_id": self.session }, "created_at": self.created_at,
        })
    }
}

impl EventSub {
    /// A socket is open. `moved` names the session that it continues, if it was asked to.
    pub(super) fn open(&mut self, moved: Option<&str>) -> (String, mpsc::Receiver<Outgoing>) {
        let (outgoing, receiver) = mpsc::channel(CAPACITY);
        let (id, now) = (Uuid::new_v4().simple().to_string(), Instant::now());
        self.opened += 1;
        let session = Session { outgoing, opened: now, told: now, leave_by: None };
        self.sessions.insert(id.clone(), session);
        let former = moved.and_then(|place| self.moving.remove(place));
        if let Some(former) = &former {
            for subscription in self.subscriptions.iter_mut().filter(|it| it.session == *former) {
                subscription.session.clone_from(&id);
            }
            // It has read all that it will be told.
            if let Some(session) = self.sessions.get_mut(former) {
                session.leave_by = Some(now + RECONNECT_WITHIN);
            }
        }
        let described = self.describe(&id, "connected", None);
        self.tell(&id, message("session_welcome", &json!({}), json!({ "session": described })));
        (id, receiver)
    }

    fn describe(&self, id: &str, status: &str, reconnect_url: Option<String>) -> Value {
        let keepalive = reconnect_url.is_none().then_some(self.keepalive.as_secs().max(1));
        json!({
            "id": id, "status": status, "connected_at": now(), "keepalive_timeout_seconds": keepalive,
            "reconnect_url": reconnect_url,
        })
    }

    pub(super) fn closed(&mut self, id: &str) {
        self.sessions.remove(id);
        self.subscriptions.retain(|subscription| subscription.session != id);
    }

    fn tell(&mut self, id: &str, text: String) {
        if self.silent {
            return;
        }
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.told = Instant::now();
        if session.outgoing.try_send(Outgoing::Text(text)).is_err() {
            self.closed(id);
        }
    }

    /// What falls due with time: signs of life, and the end of sessions that do not do what they should.
    pub(super) fn keep_time(&mut self) {
        let now = Instant::now();
        for id in self.sessions.keys().cloned().collect::<Vec<_>>() {
            let Some(session) = self.sessions.get(&id) else { continue };
            let subscribed = self.subscriptions.iter().any(|it| it.session == id);
            let idle = session.leave_by.is_none() && now > session.opened + SUBSCRIBE_WITHIN && !subscribed;
            if idle || session.leave_by.is_some_and(|by| now > by) {
                let (code, reason) =
                    if idle { (4003, "connection unused") } else { (4004, "reconnect grace time expired") };
                let _ = session.outgoing.try_send(Outgoing::Close(code, reason));
                self.closed(&id);
            } else if now > session.told + self.keepalive.mul_f64(0.8) {
                self.tell(&id, message("session_keepalive", &json!({}), json!({})));
            }
        }
    }

    /// Adds a subscription; `Err` says why not, as Twitch would.
    pub(super) fn subscribe(&mut self, wanted: Subscription) -> Result<Value, (u16, &'static str)> {
        if !self.sessions.contains_key(&wanted.session) {
            return Err((400, "websocket transport session does not exist or has already disconnected"));
        }
        let same = |it: &&Subscription| {
            (&it.session, &it.kind, &it.broadcaster_id) == (&wanted.session, &wanted.kind, &wanted.broadcaster_id)
        };
        if self.subscriptions.iter().any(|it| same(&it)) {
            return Err((409, "subscription already exists"));
        }
        let described = wanted.describe("enabled");
        self.subscriptions.push(wanted);
        Ok(described)
    }

    /// Open sockets.
    pub(super) fn count(&self) -> usize {
        self.sessions.len()
    }

    /// Ends a subscription; false where there is none.
    pub(super) fn unsubscribe(&mut self, id: &str) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|subscription| subscription.id != id);
        self.subscriptions.len() < before
    }

    pub(super) fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// Tells everybody who wants to hear of it.
    fn notify(&mut self, kind: &str, broadcaster_id: &str, event: &Value) {
        let wanting = |it: &&Subscription| it.kind == kind && it.broadcaster_id == broadcaster_id;
        for subscription in self.subscriptions.iter().filter(wanting).cloned().collect::<Vec<_>>() {
            let more = json!({ "subscription_type": kind, "subscription_version": subscription.version });
            let payload = json!({ "subscription": subscription.describe("enabled"), "event": event });
            let text = message("notification", &more, payload);
            if self.twice {
                self.tell(&subscription.session, text.clone());
            }
            self.tell(&subscription.session, text);
        }
    }

    fn revoke(&mut self, which: impl Fn(&Subscription) -> bool, status: &str) {
        for subscription in self.subscriptions.iter().filter(|it| which(it)).cloned().collect::<Vec<_>>() {
            let more = json!({ "subscription_type": subscription.kind, "subscription_version": subscription.version });
            let payload = json!({ "subscription": subscription.describe(status) });
            self.tell(&subscription.session, message("revocation", &more, payload));
        }
        self.subscriptions.retain(|subscription| !which(subscription));
    }
}

impl World {
    /// Whether another socket may be opened.
    pub(super) fn has_room_for_session(&self) -> bool {
        self.eventsub.sessions.values().filter(|session| session.leave_by.is_none()).count() < SESSIONS
    }

    /// The streamer changed title or category.
    pub(super) fn tell_of_update(&mut self, login: &str) {
        let user = self.streamer(login);
        let channel = self.channel(login);
        let event = json!({
            "broadcaster_user_id": user.id, "broadcaster_user_login": user.login,
            "broadcaster_user_name": user.display_name, "title": channel.title, "language": "en",
            "category_id": "1", "category_name": channel.category, "content_classification_labels": [],
        });
        self.eventsub.notify("channel.update", &user.id.to_string(), &event);
    }

    /// The stream began or ended.
    pub(super) fn tell_of_stream(&mut self, login: &str, live: bool) {
        let user = self.streamer(login);
        let mut event = json!({
            "broadcaster_user_id": user.id, "broadcaster_user_login": user.login,
            "broadcaster_user_name": user.display_name,
        });
        if live {
            event["id"] = json!(Uuid::new_v4());
            event["type"] = json!("live");
            event["started_at"] = json!(now());
        }
        self.eventsub.notify(if live { "stream.online" } else { "stream.offline" }, &user.id.to_string(), &event);
    }

    /// Subscriptions end with the token that made them.
    pub(super) fn revoke_subscriptions_of(&mut self, token: &str) {
        self.eventsub.revoke(|it| it.token == token, "authorization_revoked");
    }
}

/// A new subscription as a request describes it.
pub(super) fn wanted(session: &str, kind: &str, version: &str, broadcaster_id: &str, token: &str) -> Subscription {
    Subscription {
        id: Uuid::new_v4().to_string(),
        session: session.to_owned(),
        kind: kind.to_owned(),
        version: version.to_owned(),
        broadcaster_id: broadcaster_id.to_owned(),
        token: token.to_owned(),
        created_at: now(),
    }
}

impl Twitch {
    /// Open EventSub sockets, those that are to be left included.
    pub fn event_sessions(&self) -> usize {
        self.read(|world| world.eventsub.count())
    }

    /// EventSub sockets opened so far.
    pub fn event_sessions_total(&self) -> u64 {
        self.read(|world| world.eventsub.opened)
    }

    /// What is subscribed to at the moment: type and the channel's id.
    pub fn event_subscriptions(&self) -> Vec<(String, String)> {
        self.read(|world| {
            let all = world.eventsub.subscriptions.iter();
            all.map(|it| (it.kind.clone(), it.broadcaster_id.clone())).collect()
        })
    }

    /// How often EventSub says that there is nothing to say; counts for sockets opened from now on.
    pub fn set_event_keepalive(&self, keepalive: Duration) {
        self.update(|world| world.eventsub.keepalive = keepalive);
    }

    /// EventSub falls silent: sockets stay open, and nothing comes any more.
    pub fn silence_events(&self, silent: bool) {
        self.update(|world| {
            world.eventsub.silent = silent;
            world.tell_connections();
        });
    }

    /// Everything that EventSub tells comes twice, with the same id.
    pub fn repeat_events(&self, twice: bool) {
        self.update(|world| {
            world.eventsub.twice = twice;
            world.tell_connections();
        });
    }

    /// Breaks all EventSub sockets off without a word.
    pub fn drop_event_sessions(&self) {
        self.update(|world| {
            for session in world.eventsub.sessions.values() {
                let _ = session.outgoing.try_send(Outgoing::Reset);
            }
            world.tell_connections();
        });
    }

    /// Asks all EventSub sessions to move to another socket (`session_reconnect`).
    pub fn reconnect_events(&self) {
        self.update(|world| {
            let events = &mut world.eventsub;
            for id in events.sessions.keys().cloned().collect::<Vec<_>>() {
                let place = Uuid::new_v4().simple().to_string();
                let Some(session) = events.sessions.get_mut(&id).filter(|session| session.leave_by.is_none()) else {
                    continue;
                };
                session.leave_by = Some(Instant::now() + RECONNECT_WITHIN);
                let address = world.eventsub_address.clone();
                let described = events.describe(&id, "reconnecting", Some(format!("{address}?move={place}")));
                events.moving.insert(place, id.clone());
                events.tell(&id, message("session_reconnect", &json!({}), json!({ "session": described })));
            }
        });
    }

    /// Twitch takes subscriptions back, with this status (`authorization_revoked`, `user_removed`, ...).
    pub fn revoke_events(&self, status: &str) {
        self.update(|world| world.eventsub.revoke(|_| true, status));
    }
}
