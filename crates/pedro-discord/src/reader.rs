//! Reads what the gateway says, at once and without waiting for anything: what is heard goes to the recorder, what
//! people press and command to tasks of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pedro_core::chat::{Heard, Platform, Removal};
use pedro_core::service::metrics::catalog::ReconnectReason;
use pedro_core::service::metrics::{DISCORD, record};
use pedro_core::service::shutdown;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use twilight_gateway::error::{ReceiveMessageError, ReceiveMessageErrorType};
use twilight_gateway::queue::InMemoryQueue;
use twilight_gateway::{
    CloseFrame, ConfigBuilder, Event, EventTypeFlags, Intents, Session, Shard, ShardId, ShardState, StreamExt,
};
use twilight_model::channel::Message;
use twilight_model::gateway::payload::incoming::GuildCreate;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

use crate::bot::Bot;
use crate::config::{DiscordSettings, Shards};
use crate::directory::key;
use crate::note::Note;
use crate::{convert, interaction, lenient, withdraw};

/// What Pedro wants to be told. Message content is what it remembers: it must be switched on in the developer portal.
const INTENTS: Intents = Intents::GUILDS
    .union(Intents::GUILD_MESSAGES)
    .union(Intents::GUILD_MESSAGE_REACTIONS)
    .union(Intents::DIRECT_MESSAGES)
    .union(Intents::DIRECT_MESSAGE_REACTIONS)
    .union(Intents::MESSAGE_CONTENT);

/// How often it is looked whether a shard still has its session: nothing is heard of a connection that died.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where the gateway is if nobody says otherwise, and how often a bot may sign in a day.
const GATEWAY: &str = "wss://gateway.discord.gg";
const STARTS_A_DAY: u32 = 1_000;

/// How long to wait before the gateway is tried again after Discord closed it for good, or does not answer.
const AFTER_REFUSAL: Duration = Duration::from_secs(15);

/// How often a shard tries to connect by itself: its pauses grow up to minutes, in which Discord may be back. Then it is
/// made anew.
const CONNECTS: u32 = 5;

/// A shard without a session that hears nothing for longer, not even a greeting, waits in vain. (One that has a session
/// misses the answers to its heartbeats.)
const SILENCE: Duration = Duration::from_secs(90);

/// Runs all shards of this process until told to stop.
pub(crate) async fn run(bot: Arc<Bot>, settings: DiscordSettings) {
    let stop = bot.shutdown.token();
    let Some(Plan { gateway, shards, queue }) = plan(&bot, &settings, &stop).await else { return };
    for number in shards.numbers.clone() {
        bot.state.shard(number, false);
        let (bot, stop, gateway, queue) = (Arc::clone(&bot), stop.clone(), gateway.clone(), queue.clone());
        let token = settings.token.expose().to_owned();
        let id = ShardId::new(number, shards.total);
        bot.shutdown.clone().spawn_carrier("shard", async move {
            let mut session = None;
            while !stop.is_cancelled() {
                let config = ConfigBuilder::new(token.clone(), INTENTS).proxy_url(gateway.clone());
                let config = match session.take() {
                    Some(session) => config.session(session),
                    None => config,
                };
                let config = config.queue(queue.clone()).build();
                session = read(Shard::with_config(id, config), &bot, &stop).await;
                bot.state.shard(id.number(), false);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(AFTER_REFUSAL) => {}
                }
            }
        });
    }
    stop.cancelled().await;
}

/// Where the gateway is, which shards run here, and the turns in which they may sign in.
struct Plan {
    gateway: String,
    shards: Shards,
    queue: InMemoryQueue,
}

async fn plan(bot: &Bot, settings: &DiscordSettings, stop: &CancellationToken) -> Option<Plan> {
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return None,
            asked = bot.rest.value(|| bot.rest.http.gateway().authed()) => asked,
        };
        match asked {
            Ok(info) => return Some(planned(&info, settings)),
            Err(error) => {
                tracing::warn!(%error, "Discord does not tell where its gateway is; trying again");
                tokio::select! {
                    () = stop.cancelled() => return None,
                    () = tokio::time::sleep(AFTER_REFUSAL) => {}
                }
            }
        }
    }
}

fn planned(info: &Value, settings: &DiscordSettings) -> Plan {
    let named = info["url"].as_str().unwrap_or(GATEWAY);
    let gateway = settings.gateway_url.as_ref().map_or(named, |url| url.as_str()).trim_end_matches('/').to_owned();
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let total = number(&info["shards"]).unwrap_or(1).max(1);
    let shards = settings.shards.clone().unwrap_or(Shards { numbers: 0..=total - 1, total });
    let limit = &info["session_start_limit"];
    let starts = number(&limit["total"]).unwrap_or(STARTS_A_DAY);
    let queue = InMemoryQueue::new(
        number(&limit["max_concurrency"]).and_then(|number| u16::try_from(number).ok()).unwrap_or(1),
        number(&limit["remaining"]).unwrap_or(starts).min(starts),
        Duration::from_millis(limit["reset_after"].as_u64().unwrap_or(0)),
        starts,
    );
    Plan { gateway, shards, queue }
}

/// Reads one shard until it is told to stop, Discord closes it for good, or it is to be made anew: with the session that
/// is returned.
async fn read(mut shard: Shard, bot: &Arc<Bot>, stop: &CancellationToken) -> Option<Session> {
    let number = shard.id().number();
    let (mut heard, mut failed) = (Instant::now(), 0);
    loop {
        let next = tokio::select! {
            biased;
            () = stop.cancelled() => {
                shard.close(CloseFrame::NORMAL);
                return None;
            }
            next = tokio::time::timeout(LOOK_EVERY, shard.next_event(EventTypeFlags::all())) => next,
        };
        match next {
            Err(_) if shard.state() != ShardState::Active && heard.elapsed() > SILENCE => {
                tracing::warn!(number, "nothing is heard of the gateway");
                record::reconnecting(DISCORD, ReconnectReason::Silent);
                return shard.session().cloned();
            }
            Err(_) => {}
            Ok(None) => return None,
            Ok(Some(Ok(event))) => {
                (heard, failed) = (Instant::now(), 0);
                bot.state.heard();
                look(event, number, bot);
            }
            Ok(Some(Err(error))) => {
                misunderstood(&error, number, bot);
                failed += u32::from(matches!(error.kind(), ReceiveMessageErrorType::Reconnect));
                if failed >= CONNECTS {
                    return shard.session().cloned();
                }
            }
        }
        bot.state.shard(number, shard.state() == ShardState::Active);
    }
}

/// Discord changes: what the model does not understand may still be understood well enough.
fn misunderstood(error: &ReceiveMessageError, number: u32, bot: &Arc<Bot>) {
    let understood = match error.kind() {
        ReceiveMessageErrorType::Deserializing { event } => lenient::event(event),
        _ => None,
    };
    match understood {
        Some(event) => look(event, number, bot),
        None => tracing::warn!(%error, number, "trouble with the gateway"),
    }
}

fn look(event: Event, number: u32, bot: &Arc<Bot>) {
    bot.directory.note(&event);
    match event {
        Event::Ready(_) => {
            record::connection_established(DISCORD);
            tracing::info!(number, "connected to Discord as {}", bot.me.login);
            shutdown::notify_ready();
            // Direct messages are the first shard's. <https://docs.discord.com/developers/events/gateway#sharding>
            if number == 0 {
                bot.recorder.put(Note::MissedDirectly);
            }
        }
        Event::Resumed => tracing::info!(number, "the session goes on where it was"),
        Event::GatewayClose(frame) => {
            record::reconnecting(DISCORD, ReconnectReason::Closed);
            if let Some(why) = frame.as_ref().and_then(|frame| refusal(frame.code)) {
                tracing::error!(number, "{why}");
                bot.state.refused(why);
            }
        }
        Event::GatewayReconnect => record::reconnecting(DISCORD, ReconnectReason::Requested),
        Event::GatewayInvalidateSession(_) => record::reconnecting(DISCORD, ReconnectReason::Session),
        Event::InteractionCreate(created) => interaction::take(bot, created.0),
        Event::ReactionAdd(reaction) => withdraw::reaction(bot, &reaction.0),
        event => hear(event, bot),
    }
}

fn hear(event: Event, bot: &Arc<Bot>) {
    match event {
        Event::GuildCreate(created) => {
            if let GuildCreate::Available(guild) = *created {
                bot.recorder.put(Note::Missed(bot.directory.channels_of(guild.id)));
            }
        }
        Event::ChannelCreate(channel) => bot.recorder.put(Note::Channel(channel.id)),
        Event::ChannelUpdate(channel) => {
            // Its threads have the same readers.
            let guild = channel.guild_id;
            again(guild.map_or_else(Vec::new, |guild| bot.directory.channels_of(guild)), bot);
        }
        Event::ThreadCreate(thread) => bot.recorder.put(Note::Channel(thread.id)),
        Event::ThreadUpdate(thread) => bot.recorder.put(Note::Channel(thread.id)),
        Event::RoleUpdate(role) => again(bot.directory.channels_of(role.guild_id), bot),
        Event::ChannelDelete(channel) => gone(channel.id, bot),
        Event::ThreadDelete(thread) => gone(thread.id, bot),
        Event::MessageCreate(message) => heard(&message, bot),
        Event::MessageUpdate(message) if message.author.id != bot.me.user_id => {
            let text = convert::text(&message, &bot.directory);
            let platform_message_id = message.id.to_string();
            let platform_user_id = message.author.id.to_string();
            let heard = Heard::Edited { platform: Platform::Discord, platform_user_id, platform_message_id, text };
            bot.recorder.put(Note::Changed(heard));
        }
        Event::MessageDelete(deleted) => removed(deleted.channel_id, deleted.id, bot),
        Event::MessageDeleteBulk(deleted) => {
            for id in &deleted.ids {
                removed(deleted.channel_id, *id, bot);
            }
        }
        _ => {}
    }
}

fn heard(message: &Message, bot: &Arc<Bot>) {
    record::message_received(DISCORD);
    let Some(line) = convert::line(message, bot.me.user_id, &bot.directory) else { return };
    let is_in_guild = message.guild_id.is_some() || bot.directory.kind(message.channel_id).is_some();
    let note = match is_in_guild {
        true => Note::Heard(message.channel_id, Heard::Line(line)),
        false => Note::Direct(message.channel_id, message.author.id, Heard::Line(line)),
    };
    bot.recorder.put(note);
}

fn removed(channel: Id<ChannelMarker>, message: Id<MessageMarker>, bot: &Arc<Bot>) {
    let removal = Removal::Line { platform_message_id: message.to_string() };
    bot.recorder.put(Note::Changed(Heard::Removed { channel: key(channel), removal }));
}

/// With a channel everything that was said in it is gone, and in its threads, of which Discord does not tell.
fn gone(channel: Id<ChannelMarker>, bot: &Arc<Bot>) {
    for channel in bot.directory.threads_of(channel).into_iter().chain([channel]) {
        let removal = Removal::Everything { since: chrono::DateTime::UNIX_EPOCH };
        bot.recorder.put(Note::Changed(Heard::Removed { channel: key(channel), removal }));
    }
}

fn again(channels: Vec<Id<ChannelMarker>>, bot: &Arc<Bot>) {
    for channel in channels {
        bot.recorder.put(Note::Channel(channel));
    }
}

/// What a close code means that trying again does not mend, and what does.
/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
fn refusal(code: u16) -> Option<&'static str> {
    match code {
        4004 => {
            Some("Discord refuses DISCORD_TOKEN: give the bot's token from the developer portal (Bot, Reset Token)")
        }
        4010 | 4011 => Some("Discord wants other shards: correct DISCORD_SHARDS, or leave it unset"),
        4012..=4013 => Some("Discord does not understand how I sign in: use a newer Pedro"),
        4014 => Some(
            "switch on MESSAGE CONTENT INTENT for the bot in Discord's developer portal (Bot, Privileged Gateway Intents)",
        ),
        _ => None,
    }
}
