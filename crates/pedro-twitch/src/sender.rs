//! Says what Pedro wants said: within the send limits, varied where Twitch would refuse a duplicate, one message a
//! channel at a time, and waits for Twitch's word on each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use pedro_core::prompt::TWITCH_LIMIT;
use pedro_core::service::Shutdown;
use pedro_core::service::metrics::{TWITCH, record};
use pedro_core::speech::{Message, NotSpoken, Speech, Spoken};
use pedro_core::store::twitch_sent;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tracing::Instrument;
use twitch_irc::message::{IRCMessage, IRCTags};
use uuid::Uuid;

use crate::attention::Sign;
use crate::careful;
use crate::helix_sender::HelixSender;
use crate::limiter::{Limiter, digest};
use crate::state::{Echo, State};
use crate::transport::Client;

/// Texts that may wait for one channel; more wait in the core's own bounded queue.
const CHANNEL_CAPACITY: usize = 64;

/// How long Twitch's word on a message is waited for, before it is asked for a sign of life.
const ECHO_WITHIN: Duration = Duration::from_secs(3);

/// How long that sign is waited for: longer than the client takes to notice that a connection is dead.
const PONG_WITHIN: Duration = Duration::from_secs(40);

/// How often it is looked whether a connection that broke is there again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// How long a message waits for a connection before it is given back.
const CONNECTED_WITHIN: Duration = Duration::from_secs(60);

/// How long the API is left alone when it failed, longer each time.
const API_AGAIN: Duration = Duration::from_secs(1);

/// How long a message that was swallowed waits before it is sent again, longer each time.
const SWALLOWED_AGAIN: Duration = Duration::from_secs(2);

/// How long a message waits for Twitch to listen again before it is given back: nobody wants to know the title in half an
/// hour, and answers have their queue.
const LISTENED_TO_WITHIN: Duration = Duration::from_secs(5);

/// How long noting a message may take before it is sent without a note.
const NOTED_WITHIN: Duration = Duration::from_secs(2);

/// What is noted later than that goes out late.
const LATE: Duration = Duration::from_millis(500);

/// How often a message that Twitch rejected for a passing reason is sent again.
const TRIES: u32 = 4;

/// What senders of all channels share.
pub(crate) struct Sender {
    pub(crate) bot_login: String,
    /// Where what is sent is noted: the limits outlast this process.
    pub(crate) pool: PgPool,
    /// Sends instead of the chat connection.
    pub(crate) api: Option<HelixSender>,
    pub(crate) state: Arc<State>,
    pub(crate) client: watch::Receiver<Option<Client>>,
    /// The account's limits. Held for look-ups only, never over an await.
    pub(crate) limiter: Mutex<Limiter>,
}

impl Sender {
    /// Hands texts to their channels until the core stops speaking. Each channel has a task of its own, so that a slow
    /// one holds up nobody.
    pub(crate) async fn run(self: Arc<Self>, mut speeches: mpsc::Receiver<Speech>, shutdown: Shutdown) {
        let mut channels: HashMap<String, mpsc::Sender<Message>> = HashMap::new();
        let stop = shutdown.work_token();
        loop {
            let speech = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                speech = speeches.recv() => speech,
            };
            let message = match speech {
                Some(Speech::Say(message)) => *message,
                // Twitch has no sign for it.
                Some(Speech::Typing(_)) => continue,
                None => return,
            };
            let name = message.channel.platform_channel_id.clone();
            let queue = channels.entry(name.clone()).or_insert_with(|| {
                let (queue, texts) = mpsc::channel(CHANNEL_CAPACITY);
                let (sender, stop) = (Arc::clone(&self), shutdown.work_token());
                shutdown.spawn_carrier("channel sender", async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = sender.serve(name, texts) => {}
                    }
                });
                queue
            });
            if queue.send(message).await.is_err() {
                return;
            }
        }
    }

    async fn serve(&self, channel: String, mut texts: mpsc::Receiver<Message>) {
        while let Some(message) = texts.recv().await {
            let reply_to = message.reply_to.as_ref().map(|target| target.platform_message_id.as_str());
            let outcome = self.say(&channel, &message.text, reply_to).instrument(message.span.clone()).await;
            message.span.in_scope(|| match &outcome {
                Ok(spoken) => {
                    tracing::info!(channel, sent.id = spoken.platform_message_id, "a message to {channel} was sent");
                }
                Err(error) => tracing::warn!(channel, %error, "a message to {channel} was not sent"),
            });
            // Whoever asked may have gone.
            let _gone = message.outcome.send(outcome);
        }
    }

    async fn say(&self, channel: &str, text: &str, reply_to: Option<&str>) -> Result<Spoken, NotSpoken> {
        // What was sent last, if it is not known what became of it.
        let mut perhaps_taken: Option<String> = None;
        let mut duplicates = 0;
        for attempt in 1..=TRIES {
            // Through the API too: who is not in the channel does not hear what becomes of it.
            timeout(CONNECTED_WITHIN, self.until_in(channel)).await.map_err(|_| NotSpoken::Unavailable)?;
            self.until_listened_to().await?;
            let sent = match &perhaps_taken {
                // As it was, with whatever makes it different from what was said before: that Twitch takes it for a duplicate
                // tells that it arrived.
                Some(sent) => self.within_limits(channel, sent, None).await,
                None => self.within_limits(channel, text, Some(duplicates)).await,
            };
            match self.send(channel, &sent, reply_to).await {
                Echo::Rejected(id, _) if perhaps_taken.is_some() && id == "msg_duplicate" => {
                    self.listened_to(text);
                    return Ok(self.spoken(None));
                }
                Echo::Taken(id) => {
                    self.listened_to(text);
                    return Ok(self.spoken(id));
                }
                Echo::Swallowed => {
                    self.swallowed(text)?;
                    tracing::warn!(channel, "Twitch said nothing of a message: sending it again");
                    perhaps_taken = Some(sent);
                    tokio::time::sleep(SWALLOWED_AGAIN * attempt).await;
                }
                Echo::Rejected(id, words) => {
                    self.listened_to(text);
                    record::message_rejected();
                    duplicates += usize::from(id == "msg_duplicate");
                    let Some(wait) = wait_after(&id) else { return Err(NotSpoken::Refused(words)) };
                    tracing::warn!(channel, id, "Twitch rejected a message: {words}");
                    tokio::time::sleep(wait * attempt).await;
                }
                Echo::Lost => {
                    tracing::warn!(channel, "it is not known what became of a message: sending it again");
                    perhaps_taken = Some(sent);
                    if self.api.is_some() {
                        tokio::time::sleep(API_AGAIN * attempt).await;
                    }
                }
            }
        }
        Err(NotSpoken::Unavailable)
    }

    /// Waits a moment for Twitch to listen again, if it ignores Pedro.
    async fn until_listened_to(&self) -> Result<(), NotSpoken> {
        let wait = self.state.attention().wait(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        tokio::time::sleep(wait.min(LISTENED_TO_WITHIN)).await;
        let listens = self.state.attention().wait(Instant::now()).is_zero();
        listens.then_some(()).ok_or(NotSpoken::Unavailable)
    }

    fn listened_to(&self, text: &str) {
        if let Some(time) = self.state.attention().taken(digest(text), Instant::now()) {
            tracing::info!("Twitch listens to {:?} again, after {} s", self.bot_login, time.as_secs());
        }
    }

    /// Twitch read a message and showed it to nobody. Ok if it is worth another try now.
    fn swallowed(&self, text: &str) -> Result<(), NotSpoken> {
        record::message_rejected();
        match self.state.attention().swallowed(digest(text), Instant::now()) {
            Sign::Unclear => Ok(()),
            Sign::Disliked => Err(NotSpoken::Refused("Twitch shows it to nobody and does not say why".to_owned())),
            Sign::Ignored { is_new } => {
                if is_new {
                    tracing::error!(
                        "Twitch ignores {:?}: it shows nobody what the account says, as it does for half an hour when one sent too much. Does another program use the account? Answers wait, and Pedro tries now and then.",
                        self.bot_login
                    );
                }
                Err(NotSpoken::Unavailable)
            }
        }
    }

    fn spoken(&self, id: Option<String>) -> Spoken {
        record::message_sent(TWITCH);
        Spoken {
            platform_message_id: id.unwrap_or_else(|| format!("sent:{}", Uuid::new_v4())),
            own_user_id: self.bot_login.clone(),
            own_login: self.bot_login.clone(),
            at: Utc::now(),
        }
    }

    /// Waits for the limits, and books the message before it is sent; unless it has to stay as it is, made different from
    /// what was just said, the more the more often it was refused as a duplicate.
    async fn within_limits(&self, channel: &str, text: &str, refused: Option<usize>) -> String {
        let moderates = self.state.moderates(channel);
        loop {
            // No await while the limiter is held.
            let (wait, booked) = {
                let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
                let now = Instant::now();
                let wait = limiter.wait(channel, moderates, now);
                let booked = wait.is_zero().then(|| {
                    let text = match refused {
                        Some(refused) => limiter.varied(channel, text, TWITCH_LIMIT, refused, now),
                        None => text.to_owned(),
                    };
                    limiter.note(channel, digest(&text), now);
                    text
                });
                (wait, booked)
            };
            if let Some(text) = booked {
                self.note_down(channel, &text).await;
                return text;
            }
            record::rate_limit_wait(TWITCH);
            tokio::time::sleep(wait).await;
        }
    }

    /// Notes a message where the next process finds it, before it is sent: a kill must not make us forget how much we said.
    /// While the database is away it is sent all the same.
    async fn note_down(&self, channel: &str, text: &str) {
        let began = Instant::now();
        let note = twitch_sent::note(&self.pool, &self.bot_login, channel, digest(text));
        match timeout(NOTED_WITHIN, note).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a restart would not know of a message"),
            Err(_) => tracing::debug!("a restart would not know of a message: the database does not answer"),
        }
        if began.elapsed() > LATE {
            self.limiter.lock().unwrap_or_else(PoisonError::into_inner).note_delay(Instant::now());
        }
    }

    async fn send(&self, channel: &str, text: &str, reply_to: Option<&str>) -> Echo {
        if let Some(api) = &self.api {
            return api.send(channel, &text.replace(['\r', '\n', '\0'], " "), reply_to).await;
        }
        let Some(client) = self.client.borrow().clone() else { return Echo::Lost };
        let mut echo = self.state.await_echo(channel);
        // Not the client's own `say`: it puts ". " before the text, which counts and shows.
        match careful::ask(client.send_message(privmsg(channel, text, reply_to))).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(channel, %error, "a message could not be written to the connection");
                return Echo::Lost;
            }
            None => return Echo::Lost,
        }
        match timeout(ECHO_WITHIN, &mut echo).await {
            Ok(word) => word.unwrap_or(Echo::Lost),
            Err(_) => self.sign_of_life(&client, echo).await,
        }
    }

    /// Waits until Pedro is in the channel on the connection that there is now: what is written to one that is only
    /// being made may be lost with it.
    async fn until_in(&self, channel: &str) {
        loop {
            self.state.until_joined(channel).await;
            let client = self.client.borrow().clone();
            if let Some(client) = client
                && careful::ask(client.get_channel_status(channel.to_owned())).await.is_some_and(|status| status.1)
            {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Twitch answers in order. A PONG without a word on the message before it: Twitch swallowed the message. No PONG: the
    /// connection is dead, and the message most likely lost.
    async fn sign_of_life(&self, client: &Client, mut echo: oneshot::Receiver<Echo>) -> Echo {
        let mut pongs = self.state.pongs();
        if !matches!(careful::ask(client.ping()).await, Some(Ok(()))) {
            return Echo::Lost;
        }
        tokio::select! {
            biased;
            word = &mut echo => word.unwrap_or(Echo::Lost),
            Ok(()) = pongs.changed() => Echo::Swallowed,
            () = tokio::time::sleep(PONG_WITHIN) => Echo::Lost,
        }
    }
}

fn privmsg(channel: &str, text: &str, reply_to: Option<&str>) -> IRCMessage {
    let mut tags = IRCTags::default();
    tags.0.insert("client-nonce".to_owned(), Uuid::new_v4().simple().to_string());
    if let Some(id) = reply_to {
        tags.0.insert("reply-parent-msg-id".to_owned(), id.to_owned());
    }
    // A line break would begin another IRC command.
    let text = text.replace(['\r', '\n', '\0'], " ");
    IRCMessage::new(tags, None, "PRIVMSG".to_owned(), vec![format!("#{channel}"), text])
}

/// How long to wait before a rejected message is sent again; `None`: it never will be taken.
/// <https://dev.twitch.tv/docs/chat/irc/#notice-reference>
fn wait_after(id: &str) -> Option<Duration> {
    match id {
        "msg_ratelimit" => Some(Duration::from_secs(5)),
        "msg_slowmode" | "msg_timedout" => Some(Duration::from_secs(10)),
        // The next try is varied: the text was booked as said.
        "msg_duplicate" => Some(Duration::from_millis(100)),
        _ => None,
    }
}
