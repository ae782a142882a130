//! Reads what Twitch says, at once and without waiting for anything: lines go to the inbox, the rest to the state.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use pedro_core::chat::Heard;
use pedro_core::memory::Inbox;
use pedro_core::service::metrics::catalog::ReconnectReason;
use pedro_core::service::metrics::{TWITCH, record};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use twitch_irc::ClientConfig;
use twitch_irc::message::{IRCMessage, NoticeMessage, ServerMessage, UserStateMessage};

use crate::state::{Echo, State};
use crate::tokens::{ChatCredentials, Tokens};
use crate::transport::Client;
use crate::{careful, convert};

/// A client from which nothing was heard for so long is thrown away: its own pings come every 30 s.
const DEAD_AFTER: Duration = Duration::from_secs(120);

/// After so long without a word the client is asked whether it is still there, at each look.
const LISTEN_AFTER: Duration = Duration::from_secs(10);

/// How long handing the question over may take.
const ASK_WITHIN: Duration = Duration::from_millis(5);

/// How often connection figures are refreshed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Twitch allows 20 joins in 10 s: so many channels a connection, and a connection so seldom, keep it also when all
/// of them reconnect.
const CHANNELS_PER_CONNECTION: usize = 18;
const MANY_CONNECTIONS_EVERY: Duration = Duration::from_secs(11);

/// More than Pedro ever sends at once: the limiter and one message a channel see to that.
const WAITING_MESSAGES: usize = 200;

/// How long to wait before a client that ended is replaced.
const BEFORE_REPLACEMENT: Duration = Duration::from_secs(2);

/// What the reader needs.
pub(crate) struct Reader {
    pub(crate) bot_login: String,
    pub(crate) tokens: Arc<Tokens>,
    /// Twitch delivers what was sent through its API, but not what was sent over this connection.
    pub(crate) hears_itself: bool,
    pub(crate) channels: Vec<String>,
    /// `None` once nothing more is taken.
    pub(crate) inbox: Option<Inbox>,
    pub(crate) state: Arc<State>,
    /// Told what to send with whenever the client is made anew.
    pub(crate) client: tokio::sync::watch::Sender<Option<Client>>,
    /// Called once Pedro is in all its channels for the first time.
    pub(crate) ready: Option<Box<dyn FnOnce() + Send>>,
}

/// What the reader remembers between two messages.
#[derive(Default)]
struct Memory {
    /// Up to when was heard before the present connection.
    before_connection: Option<DateTime<Utc>>,
    /// Up to when everything was heard.
    last: Option<DateTime<Utc>>,
    joined_before: HashSet<String>,
}

impl Reader {
    /// Reads until told to stop; lines only until `last_lines`. A client that falls silent is replaced.
    pub(crate) async fn run(mut self, last_lines: CancellationToken, stop: CancellationToken) {
        let mut memory = Memory::default();
        while may_connect(&self.tokens, &last_lines, &stop).await {
            let (incoming, client) = Client::new(self.client_config());
            let wanted: HashSet<String> = self.channels.iter().cloned().collect();
            if let Err(error) = client.set_wanted_channels(wanted) {
                return tracing::error!(%error, "a channel has no valid name");
            }
            self.client.send_replace(Some(client.clone()));
            self.read(incoming, &client, &mut memory, &last_lines, &stop).await;
            self.state.left(None);
            if !stop.is_cancelled() {
                record::reconnecting(TWITCH, ReconnectReason::Silent);
                tracing::warn!("the chat client fell silent or ended: connecting anew");
                tokio::time::sleep(BEFORE_REPLACEMENT).await;
            }
        }
        record::connected(TWITCH, false);
    }

    fn client_config(&self) -> ClientConfig<ChatCredentials> {
        let credentials = ChatCredentials { login: self.bot_login.clone(), tokens: Arc::clone(&self.tokens) };
        let mut config = ClientConfig::new_simple(credentials);
        if self.channels.len() > CHANNELS_PER_CONNECTION {
            config.max_channels_per_connection = CHANNELS_PER_CONNECTION;
            config.new_connection_every = MANY_CONNECTIONS_EVERY;
        }
        // Sending shares the reading connection: a second one would not see the echo of what the first one sent.
        config.max_waiting_messages_per_connection = WAITING_MESSAGES;
        config
    }

    async fn read(
        &mut self,
        mut incoming: UnboundedReceiver<ServerMessage>,
        client: &Client,
        memory: &mut Memory,
        last_lines: &CancellationToken,
        stop: &CancellationToken,
    ) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let began = tokio::time::Instant::now();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                // Twitch's word on the last answers is still heard.
                () = last_lines.cancelled(), if self.inbox.is_some() => self.inbox = None,
                message = incoming.recv() => match message {
                    Some(message) => self.hear(message, memory),
                    None => return,
                },
                _ = look.tick() => {
                    look_where(&self.state, &self.channels, client).await;
                    record::connected(TWITCH, self.state.is_alive() && !self.state.channels().is_empty());
                    record::last_event_age(TWITCH, self.state.clock.silence());
                    if self.state.clock.age().is_none_or(|age| age > LISTEN_AFTER) {
                        // Its connection's task may be gone without a word: asked to write, the client finds that out and
                        // ends. The answer to a PING is heard like anything else.
                        let _not_waited_for = timeout(ASK_WITHIN, careful::ask(client.ping())).await;
                    }
                    let silent = self.state.clock.age().map_or(began.elapsed(), |age| age.min(began.elapsed()));
                    if silent > DEAD_AFTER {
                        return;
                    }
                }
            }
        }
    }

    fn hear(&mut self, message: ServerMessage, memory: &mut Memory) {
        self.state.clock.touch();
        let now = Utc::now();
        let heard_to = heard_to(&message, now);
        match message {
            // Whoever sent it stores it, with what it was made from: that must not come second.
            ServerMessage::Privmsg(line)
                if self.hears_itself && line.sender.login.eq_ignore_ascii_case(&self.bot_login) => {}
            ServerMessage::Privmsg(line) => {
                record::message_received(TWITCH);
                self.put(convert::line(&line, &self.bot_login));
            }
            ServerMessage::UserNotice(notice) => {
                if let Some(line) = convert::notice_line(&notice, &self.bot_login) {
                    record::message_received(TWITCH);
                    self.put(line);
                }
            }
            ServerMessage::ClearMsg(deleted) => self.put(convert::deleted(&deleted)),
            ServerMessage::ClearChat(cleared) => self.put(convert::cleared(&cleared, now, &self.bot_login)),
            ServerMessage::Join(join) if join.user_login.eq_ignore_ascii_case(&self.bot_login) => {
                self.joined(&join.channel_login, memory, now);
            }
            ServerMessage::Part(part) if part.user_login.eq_ignore_ascii_case(&self.bot_login) => {
                self.state.left(Some(&part.channel_login));
            }
            ServerMessage::UserState(state) => self.user_state(&state),
            ServerMessage::Notice(notice) => self.notice(&notice),
            ServerMessage::Pong(_) => self.state.pong(),
            ServerMessage::Reconnect(_) => record::reconnecting(TWITCH, ReconnectReason::Requested),
            other => {
                if IRCMessage::from(other).command == "001" {
                    self.connected(memory);
                }
            }
        }
        memory.last = memory.last.max(heard_to);
    }

    fn put(&self, heard: Heard) {
        // The loss is counted by the inbox.
        if self.inbox.as_ref().is_some_and(|inbox| inbox.put(heard).is_err()) {
            tracing::error!("the inbox is full: a line is lost");
        }
    }

    /// A connection was established and signed in.
    fn connected(&self, memory: &mut Memory) {
        record::connection_established(TWITCH);
        // With several connections the others still speak: nothing is known to be lost then.
        if !memory.joined_before.is_empty() && self.channels.len() <= CHANNELS_PER_CONNECTION {
            self.state.left(None);
            record::reconnecting(TWITCH, ReconnectReason::Closed);
        }
        memory.before_connection = memory.last;
        tracing::info!("connected to Twitch chat");
    }

    /// Pedro is in a channel: what was said since it was last there was not heard.
    fn joined(&mut self, channel: &str, memory: &mut Memory, now: DateTime<Utc>) {
        let was_here = !memory.joined_before.insert(channel.to_owned());
        let from = memory.before_connection.filter(|_| was_here);
        self.put(Heard::Gap { channel: convert::channel(channel), from, until: now });
        self.state.expect_greeting(channel);
        self.state.joined(channel);
        self.tokens.accepted_by_chat();
        tracing::info!(channel, "joined {channel}");
        if self.state.channels().len() == self.channels.len()
            && let Some(ready) = self.ready.take()
        {
            ready();
        }
    }

    fn user_state(&self, state: &UserStateMessage) {
        let moderates = state.badges.iter().any(|badge| matches!(badge.name.as_str(), "moderator" | "broadcaster"));
        self.state.set_moderates(&state.channel_login, moderates);
        // The first one greets after the join; the others follow a message of Pedro's.
        if self.state.is_greeted(&state.channel_login) {
            return;
        }
        let id = state.source.tags.0.get("id").filter(|id| !id.is_empty());
        self.state.echo(&state.channel_login, Echo::Taken(id.cloned()));
    }

    fn notice(&self, notice: &NoticeMessage) {
        let words = &notice.message_text;
        match (&notice.channel_login, &notice.message_id) {
            (Some(channel), Some(id)) => {
                tracing::info!(channel, id, "Twitch says: {words}");
                // Others tell of the channel, such as `slow_on`, and not of a message.
                if id.starts_with("msg_") || matches!(id.as_str(), "no_permission" | "unrecognized_cmd") {
                    self.state.echo(channel, Echo::Rejected(id.clone(), words.clone()));
                }
            }
            _ if ["Login authentication failed", "Improperly formatted auth", "Login unsuccessful"]
                .contains(&words.as_str()) =>
            {
                if self.state.refusal().is_none() {
                    tracing::error!(
                        "Twitch refused the sign-in as {:?}: {words}. Another token is looked for; if none is found, give a valid TWITCH_TOKEN with the scopes chat:read and chat:edit, or sign in.",
                        self.bot_login
                    );
                }
                self.state.refused(words);
                self.tokens.refused_by_chat();
            }
            _ => tracing::info!("Twitch says: {words}"),
        }
    }
}

/// Up to when a message shows that all was heard: to when it was said, not to when it is read, for a process that was held up
/// reads late, from a connection that may be broken by then. The words of a sign-in show nothing: they come over a new
/// connection.
fn heard_to(message: &ServerMessage, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let said = match message {
        ServerMessage::Privmsg(line) => line.server_timestamp,
        ServerMessage::UserNotice(notice) => notice.server_timestamp,
        ServerMessage::ClearMsg(deleted) => deleted.server_timestamp,
        ServerMessage::ClearChat(cleared) => cleared.server_timestamp,
        ServerMessage::Join(_) => now,
        _ => return None,
    };
    Some(said.min(now))
}

/// Waits until Pedro is signed in; false when it is told to stop.
async fn may_connect(tokens: &Tokens, last_lines: &CancellationToken, stop: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => false,
        _ = tokens.until_there() => true,
        // Nothing was said yet: there is no word of Twitch's to wait for.
        () = last_lines.cancelled() => false,
    }
}

/// Asks the client where it really is: it notices a broken connection before anything is heard on the next one.
async fn look_where(state: &State, channels: &[String], client: &Client) {
    let known = state.channels();
    for channel in channels {
        let Some((_, is_joined)) = careful::ask(client.get_channel_status(channel.clone())).await else { return };
        match (is_joined, known.contains(channel)) {
            (true, false) => state.joined(channel),
            (false, true) => state.left(Some(channel)),
            _ => {}
        }
    }
}
