//! One interaction: who did what where, and the ways to respond.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use pedro_core::chat::{Author, Role};
use pedro_core::reply;
use pedro_core::speech::{Button, Interaction as Deferred};
use twilight_model::application::interaction::Interaction;
use twilight_model::application::interaction::application_command::{CommandDataOption, CommandOptionValue};
use twilight_model::channel::message::{AllowedMentions, MessageFlags};
use twilight_model::http::attachment::Attachment;
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType};
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

use crate::bot::Bot;
use crate::component::components;
use crate::rest::Trouble;
use crate::{convert, directory};

/// The life of a token. <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback>
const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

/// How long Discord waits for the acknowledgement: later it is refused.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(3);

/// One interaction.
pub(crate) struct Call {
    pub(crate) bot: Arc<Bot>,
    pub(crate) interaction: Interaction,
    pub(crate) channel: Id<ChannelMarker>,
    /// Who did it, with what they may do here.
    pub(crate) author: Author,
    /// What was given with a command.
    pub(crate) options: Vec<CommandDataOption>,
    pub(crate) began: Instant,
    /// Whether the person was told that it did not work.
    pub(crate) apologised: Arc<AtomicBool>,
}

impl Call {
    pub(crate) fn new(bot: Arc<Bot>, interaction: Interaction) -> Option<Self> {
        #[expect(deprecated, reason = "stand-ins and older versions send only this")]
        let channel = interaction.channel.as_ref().map(|channel| channel.id).or(interaction.channel_id)?;
        let author = author(&bot, &interaction)?;
        Some(Self {
            bot,
            interaction,
            channel,
            author,
            options: Vec::new(),
            began: Instant::now(),
            apologised: Arc::default(),
        })
    }

    /// Says that an answer will come; `ephemeral`: that only the person sees.
    pub(crate) async fn defer(&self, ephemeral: bool) -> Result<(), Trouble> {
        let flags = ephemeral.then_some(MessageFlags::EPHEMERAL);
        let data = InteractionResponseData { flags, ..Default::default() };
        self.respond(InteractionResponseType::DeferredChannelMessageWithSource, data).await
    }

    /// Puts a text where "thinking" stands, and returns the message's id. Nobody is pinged.
    pub(crate) async fn finish(&self, text: &str, buttons: &[Button]) -> Result<Id<MessageMarker>, Trouble> {
        if text == reply::command_failed() {
            self.apologised.store(true, Ordering::Relaxed);
        }
        let (client, nobody) = (self.bot.rest.http.interaction(self.bot.me.application_id), AllowedMentions::default());
        let text = pedro_core::prompt::split_markdown(text, pedro_core::prompt::DISCORD_LIMIT).into_iter().next();
        let components = components(&buttons.to_vec().into());
        let message = self
            .bot
            .rest
            .value(|| {
                client
                    .update_response(&self.interaction.token)
                    .content(text.as_deref())
                    .components(Some(&components))
                    .allowed_mentions(Some(&nobody))
            })
            .await?;
        convert::id_of(&message).map(Id::cast).ok_or(Trouble::Away)
    }

    /// Puts a text with a file where "thinking" stands.
    pub(crate) async fn finish_with_file(&self, text: &str, name: &str, file: Vec<u8>) -> Result<(), Trouble> {
        let client = self.bot.rest.http.interaction(self.bot.me.application_id);
        let attachments = [Attachment::from_bytes(name.to_owned(), file, 0)];
        self.bot
            .rest
            .call(|| client.update_response(&self.interaction.token).content(Some(text)).attachments(&attachments))
            .await
            .map(|_| ())
    }

    /// A short answer that only the person sees, without "thinking" before it.
    pub(crate) async fn answer_at_once(&self, text: &str) {
        let data = InteractionResponseData {
            content: Some(text.to_owned()),
            flags: Some(MessageFlags::EPHEMERAL),
            allowed_mentions: Some(AllowedMentions::default()),
            ..Default::default()
        };
        if let Err(error) = self.respond(InteractionResponseType::ChannelMessageWithSource, data).await {
            tracing::warn!(%error, "somebody got no answer to what they pressed");
        }
    }

    /// Says that a press was taken; what follows from it will be seen.
    pub(crate) async fn acknowledge_press(&self) {
        let data = InteractionResponseData::default();
        if let Err(error) = self.respond(InteractionResponseType::DeferredUpdateMessage, data).await {
            tracing::warn!(%error, "a press was not acknowledged");
        }
    }

    /// A further message that only the person sees.
    async fn whisper_once(&self, text: &str) -> Result<(), Trouble> {
        let (client, nobody) = (self.bot.rest.http.interaction(self.bot.me.application_id), AllowedMentions::default());
        let token = self.interaction.token.as_str();
        let whisper = || {
            client.create_followup(token).content(text).flags(MessageFlags::EPHEMERAL).allowed_mentions(Some(&nobody))
        };
        self.bot.rest.call(whisper).await.map(|_| ())
    }

    /// The same, as well as it can be done.
    pub(crate) async fn whisper(&self, text: &str) {
        if let Err(error) = self.whisper_once(text).await {
            tracing::warn!(%error, "somebody was not told what is wrong with what they pressed");
        }
    }

    pub(crate) async fn respond(
        &self,
        kind: InteractionResponseType,
        data: InteractionResponseData,
    ) -> Result<(), Trouble> {
        let response = InteractionResponse { kind, data: Some(data) };
        let client = self.bot.rest.http.interaction(self.bot.me.application_id);
        let left = ACKNOWLEDGE_WITHIN.saturating_sub(self.began.elapsed());
        let sent = self
            .bot
            .rest
            .call_within(left, || client.create_response(self.interaction.id, &self.interaction.token, &response))
            .await;
        match sent {
            // It was taken, and only the word of that was lost.
            Err(Trouble::Refused { code: 40060, .. }) => Ok(()),
            sent => sent.map(|_| ()),
        }
    }

    /// What is kept with a question, so that it is answered where it was put.
    pub(crate) fn deferred(&self) -> Deferred {
        let life = chrono::Duration::from_std(TOKEN_LIFE.saturating_sub(self.began.elapsed())).unwrap_or_default();
        Deferred { token: self.interaction.token.clone(), expires_at: Utc::now() + life }
    }

    /// The text given for an option, tidied; `None` if there is none.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.options.iter().find(|option| option.name == name).and_then(|option| match &option.value {
            CommandOptionValue::String(text) | CommandOptionValue::Focused(text, _) => Some(text.trim().to_owned()),
            _ => None,
        })
    }

    /// The number given for an option.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.options.iter().find(|option| option.name == name).and_then(|option| match option.value {
            CommandOptionValue::Integer(number) => Some(number),
            _ => None,
        })
    }

    /// Whether an option was given and is true.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        let given = self.options.iter().find(|option| option.name == name);
        given.is_some_and(|option| matches!(option.value, CommandOptionValue::Boolean(true)))
    }

    /// Whether the person may command Pedro. Discord asks too, but a server's owner may have given the command away.
    pub(crate) fn may_command(&self) -> bool {
        self.author.role >= Role::Moderator
    }
}

fn author(bot: &Bot, interaction: &Interaction) -> Option<Author> {
    let user = interaction.author()?;
    let member = interaction.member.as_ref();
    let role = match (member, interaction.guild_id) {
        (Some(member), Some(guild)) => {
            let known = bot.directory.role(guild, user.id, &member.roles);
            member.permissions.map_or(known, |permissions| known.max(directory::of_permissions(permissions)))
        }
        _ => Role::Viewer,
    };
    let nick = member.and_then(|member| member.nick.as_deref());
    Some(Author { role, ..convert::of_user(user, nick) })
}
