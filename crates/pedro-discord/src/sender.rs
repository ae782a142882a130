//! Says what Pedro wants said: one message a channel at a time, in order. The client waits for Discord's limits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use pedro_core::service::Shutdown;
use pedro_core::service::metrics::{DISCORD, record};
use pedro_core::speech::{File, Form, Interaction, Message, NotSpoken, Speech, Spoken};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tracing::Instrument;
use twilight_model::channel::message::AllowedMentions;
use twilight_model::http::attachment::Attachment;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

use crate::bot::{Bot, Me};
use crate::component::components;
use crate::convert;
use crate::rest::{Rest, Trouble};

/// Texts that may wait for one channel; more wait in the core's own bounded queue.
const CHANNEL_CAPACITY: usize = 64;

/// The task of a channel in which nothing is said for so long ends.
const IDLE: Duration = Duration::from_secs(60);

/// A token that ends sooner than this is not used any more.
const MARGIN: Duration = Duration::from_secs(5);

/// What the senders of all channels share.
pub(crate) struct Sender {
    rest: Arc<Rest>,
    me: Me,
}

impl Sender {
    pub(crate) fn new(bot: &Bot) -> Self {
        Self { rest: Arc::clone(&bot.rest), me: bot.me.clone() }
    }

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
            match speech {
                None => return,
                Some(Speech::Typing(channel)) => self.type_in(&channel.platform_channel_id, &shutdown),
                Some(Speech::Say(message)) => {
                    self.hand_over(*message, &mut channels, &shutdown).await;
                    channels.retain(|_, queue| !queue.is_closed());
                }
            }
        }
    }

    async fn hand_over(
        self: &Arc<Self>,
        message: Message,
        channels: &mut HashMap<String, mpsc::Sender<Message>>,
        shutdown: &Shutdown,
    ) {
        let name = message.channel.platform_channel_id.clone();
        let mut waiting = Some(message);
        // A task that ends just now gives the message back: the next one takes it.
        while let Some(message) = waiting.take() {
            let queue = channels.entry(name.clone()).or_insert_with(|| self.serve(&name, shutdown));
            if let Err(returned) = queue.send(message).await {
                channels.remove(&name);
                waiting = Some(returned.0);
            }
        }
    }

    fn serve(self: &Arc<Self>, name: &str, shutdown: &Shutdown) -> mpsc::Sender<Message> {
        let (queue, mut texts) = mpsc::channel::<Message>(CHANNEL_CAPACITY);
        let (sender, stop) = (Arc::clone(self), shutdown.work_token());
        let channel = name.parse().ok().and_then(Id::new_checked);
        shutdown.spawn_passing_carrier("channel sender", async move {
            loop {
                let message = tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    message = tokio::time::timeout(IDLE, texts.recv()) => message,
                };
                let message = match message {
                    Ok(message) => message,
                    Err(_) => {
                        texts.close();
                        texts.recv().await
                    }
                };
                let Some(message) = message else { return };
                let outcome = match channel {
                    Some(channel) => sender.say(channel, &message).instrument(message.span.clone()).await,
                    None => Err(NotSpoken::Refused("no channel".to_owned())),
                };
                // Whoever asked may have gone.
                let _gone = message.outcome.send(outcome);
            }
        });
        queue
    }

    fn type_in(&self, channel: &str, shutdown: &Shutdown) {
        let Some(channel) = channel.parse().ok().and_then(Id::<ChannelMarker>::new_checked) else { return };
        let rest = Arc::clone(&self.rest);
        shutdown.spawn("typing", async move {
            // Best effort: late it would be a lie.
            let _missed = rest.call_within(Duration::ZERO, || rest.http.create_typing_trigger(channel)).await;
        });
    }

    async fn say(&self, channel: Id<ChannelMarker>, message: &Message) -> Result<Spoken, NotSpoken> {
        let sent = match living_token(message) {
            // A further message is a plain one where that can be: the nonce keeps it from being doubled.
            Some(interaction) if message.form == Form::New => match self.post(channel, message).await {
                Err(Trouble::Refused { .. }) => self.respond(interaction, message).await,
                posted => posted,
            },
            Some(interaction) => match self.respond(interaction, message).await {
                // The token ended after all.
                Err(Trouble::Refused { .. } | Trouble::Token) => self.say_plainly(channel, message).await,
                responded => responded,
            },
            None => self.say_plainly(channel, message).await,
        };
        match sent {
            Ok(sent) => {
                record::message_sent(DISCORD);
                let sent_id = sent.id;
                match message.form {
                    Form::Opening | Form::New => tracing::info!(%channel, sent.id = %sent_id, "a message was sent"),
                    // A draft about once a second.
                    Form::Edit(_) | Form::Name => {
                        tracing::debug!(%channel, sent.id = %sent_id, "a message was changed")
                    }
                }
                Ok(Spoken {
                    platform_message_id: sent.id.to_string(),
                    own_user_id: self.me.user_id.to_string(),
                    own_login: self.me.login.clone(),
                    at: sent.at,
                })
            }
            Err(error @ (Trouble::Refused { .. } | Trouble::Wrong(_))) => {
                tracing::warn!(%channel, %error, "a message was not sent");
                Err(NotSpoken::Refused(error.to_string()))
            }
            Err(error) => {
                tracing::warn!(%channel, %error, "a message could not be sent now");
                Err(NotSpoken::Unavailable)
            }
        }
    }

    /// Without an interaction: as any message of a bot.
    async fn say_plainly(&self, channel: Id<ChannelMarker>, message: &Message) -> Result<Sent, Trouble> {
        match &message.form {
            Form::Edit(id) => self.edit(channel, id, message).await,
            Form::Opening | Form::New => self.post(channel, message).await,
            Form::Name => self.name(channel, &message.text).await,
        }
    }

    async fn name(&self, thread: Id<ChannelMarker>, name: &str) -> Result<Sent, Trouble> {
        let named = || self.rest.http.update_thread(thread).name(name).archived(false);
        self.rest.value(named).await.and_then(Sent::read)
    }

    async fn respond(&self, interaction: &Interaction, message: &Message) -> Result<Sent, Trouble> {
        let (client, token) = (self.rest.http.interaction(self.me.application_id), interaction.token.as_str());
        let (nobody, components) = (AllowedMentions::default(), components(&message.controls));
        match &message.form {
            // A name is nothing to respond with.
            Form::Opening | Form::Name => self
                .rest
                .value(|| {
                    client
                        .update_response(token)
                        .content(Some(&message.text))
                        .components(Some(&components))
                        .allowed_mentions(Some(&nobody))
                })
                .await
                .and_then(Sent::read),
            Form::New => self
                .rest
                .value(|| {
                    client
                        .create_followup(token)
                        .content(&message.text)
                        .components(&components)
                        .allowed_mentions(Some(&nobody))
                })
                .await
                .and_then(Sent::read),
            Form::Edit(id) => {
                let Some(id) = id.parse().ok().and_then(Id::<MessageMarker>::new_checked) else {
                    return Err(Trouble::Refused { status: 404, code: 10008 });
                };
                self.rest
                    .value(|| {
                        client
                            .update_followup(token, id)
                            .content(Some(&message.text))
                            .components(Some(&components))
                            .allowed_mentions(Some(&nobody))
                    })
                    .await
                    .and_then(Sent::read)
            }
        }
    }

    /// A message of its own. The nonce has Discord take it once, however often it is sent.
    async fn post(&self, channel: Id<ChannelMarker>, message: &Message) -> Result<Sent, Trouble> {
        let mut body = json!({
            "content": message.text,
            "allowed_mentions": { "parse": [] },
            "components": components(&message.controls),
        });
        if let Some(nonce) = &message.nonce {
            body["nonce"] = Value::from(nonce.as_str());
            body["enforce_nonce"] = Value::from(true);
        }
        let line = message.reply_to.as_ref().filter(|target| target.is_line);
        if let (Form::Opening, Some(line)) = (&message.form, line) {
            body["message_reference"] = json!({ "message_id": line.platform_message_id, "fail_if_not_exists": false });
        }
        let body = body.to_string().into_bytes();
        let sent = self.rest.value(|| self.rest.http.create_message(channel).payload_json(&body)).await?;
        let sent = Sent::read(sent)?;
        if message.nonce.is_some() && sent.content.trim() != message.text.trim() {
            // Discord took it before a crash, with what was to be said then.
            return self.change(channel, sent.id, message).await;
        }
        Ok(sent)
    }

    /// New text for a message; if it is gone, a message of its own.
    async fn edit(&self, channel: Id<ChannelMarker>, id: &str, message: &Message) -> Result<Sent, Trouble> {
        let Some(id) = id.parse().ok().and_then(Id::<MessageMarker>::new_checked) else {
            return self.post(channel, message).await;
        };
        match self.change(channel, id, message).await {
            Err(Trouble::Refused { status: 403 | 404, .. }) => self.post(channel, message).await,
            edited => edited,
        }
    }

    async fn change(
        &self,
        channel: Id<ChannelMarker>,
        id: Id<MessageMarker>,
        message: &Message,
    ) -> Result<Sent, Trouble> {
        let (nobody, components) = (AllowedMentions::default(), components(&message.controls));
        let files = files(message);
        self.rest
            .value(|| {
                let update = self.rest.http.update_message(channel, id).content(Some(&message.text));
                let update = update.components(Some(&components)).allowed_mentions(Some(&nobody));
                // Each change says which files stay: with none of its own it leaves them as they are.
                if files.is_empty() { update } else { update.attachments(&files).keep_attachment_ids(&[]) }
            })
            .await
            .and_then(Sent::read)
    }
}

/// What hangs on a message. Only a change brings one: the last look of a plan.
fn files(message: &Message) -> Vec<Attachment> {
    let file = |file: &File| Attachment::from_bytes(file.name.clone(), file.text.clone().into_bytes(), 0);
    message.file.iter().map(file).collect()
}

/// What is needed of a message that was sent. Not held against twilight's model, which knows all of it: a message that
/// was sent and not understood would be sent again.
struct Sent {
    id: Id<MessageMarker>,
    content: String,
    /// By the clock that tells when others said something.
    at: DateTime<Utc>,
}

impl Sent {
    fn read(message: Value) -> Result<Self, Trouble> {
        let moment = |key: &str| DateTime::parse_from_rfc3339(message[key].as_str()?).ok();
        let at = moment("edited_timestamp").or(moment("timestamp")).map_or_else(Utc::now, |at| at.to_utc());
        // Nothing can be done with a message without an id; to send it again would only double it.
        let id = convert::id_of(&message).ok_or(Trouble::Refused { status: 200, code: 0 })?;
        Ok(Self { id: id.cast(), content: message["content"].as_str().unwrap_or_default().to_owned(), at })
    }
}

/// The token to respond with, as long as it lives.
fn living_token(message: &Message) -> Option<&Interaction> {
    let interaction = message.reply_to.as_ref()?.interaction.as_ref()?;
    (interaction.expires_at - Utc::now()).to_std().is_ok_and(|left| left > MARGIN).then_some(interaction)
}
