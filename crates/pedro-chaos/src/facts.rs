//! Collects what is left of a run, at the stand-ins and in the database.

use anyhow::Result;
use chrono::{DateTime, Utc};
use pedro_playground::Line;
use pedro_playground::discord::{Message, Snowflake};

use crate::ledger::{Asked, Facts, Said, Spell};
use crate::oracle::{last_token, mark};
use crate::record::{self, Question};
use crate::town::{CHANNELS, Town};

/// What Pedro says besides answers, while a question is open.
const NOTICES: [&str; 4] = ["on it, ", "still on it, ", "🤔", "my thinking cap"];

/// Everything that the ledger looks at.
pub(crate) async fn collect(town: &Town, spells: Vec<Spell>) -> Result<Facts> {
    let stored = record::lines(&town.pool).await?;
    let people = stored.into_iter().filter(|line| line.kind == "person");
    let mut said = Vec::new();
    for channel in CHANNELS {
        said.extend(town.twitch.lines(channel).into_iter().filter(|line| !line.by_bot).map(said_on_twitch));
    }
    let seen = Seen::of(town);
    said.extend(
        seen.messages.iter().filter(|message| !message.by_bot && message.kind != THREAD_BEGAN).map(said_on_discord),
    );
    // What was put by a command is stored as the asker's line, and is no message of theirs.
    let commands: Vec<String> = town.discord.interactions().iter().map(|one| one.id.to_string()).collect();
    let questions = record::questions(&town.pool).await?;
    Ok(Facts {
        said,
        stored: people
            .filter(|line| !commands.contains(&line.platform_message_id))
            .map(|line| (line.platform_message_id, line.text))
            .collect(),
        gaps: record::gaps(&town.pool).await?,
        spells,
        asked: questions.iter().map(|question| seen.asked(town, question)).collect(),
    })
}

/// Discord's number for the message that says that a thread began.
const THREAD_BEGAN: u8 = 18;

/// All messages of Discord.
struct Seen {
    messages: Vec<Message>,
}

impl Seen {
    fn of(town: &Town) -> Self {
        let everywhere: Vec<Snowflake> = town.discord.channels("pedro").into_iter().map(|channel| channel.id).collect();
        let threads: Vec<Snowflake> =
            town.channels.iter().flat_map(|id| town.discord.threads(*id)).map(|thread| thread.id).collect();
        let mut all: Vec<Snowflake> = [everywhere, threads].concat();
        all.sort();
        all.dedup();
        Self { messages: all.into_iter().flat_map(|channel| town.discord.messages(channel)).collect() }
    }

    fn asked(&self, town: &Town, question: &Question) -> Asked {
        let on_twitch = question.platform == "twitch";
        let told = if on_twitch { told_on_twitch(town, question) } else { self.told_on_discord(town, question) };
        let what = format!(
            "{} {} ({}), plan: {}, attempts: {}, answer: {:?}",
            question.id,
            question.text,
            question.platform_message_id,
            question.wants_plan,
            question.attempts,
            question.answer
        );
        Asked { what, on_twitch, status: question.status.clone(), told }
    }

    /// Messages with the answer's mark; for what has none, whatever is said where the answer would be.
    fn told_on_discord(&self, town: &Town, question: &Question) -> Vec<DateTime<Utc>> {
        let said = || {
            let of_bot = self.messages.iter().filter(|message| message.by_bot && !message.deleted);
            of_bot.filter(|message| !is_notice(&message.content) && !message.content.ends_with(" …"))
        };
        if let Some(mark) = mark_of(question) {
            return said().filter(|message| message.content.contains(&mark)).map(|message| message.sent_at).collect();
        }
        let asked: Option<Snowflake> = question.platform_message_id.parse().ok();
        let response = asked.and_then(|id| town.discord.interaction(id)).and_then(|one| one.response);
        let shown: Option<Snowflake> = question.shown_message_id.as_ref().and_then(|id| id.parse().ok());
        let belongs = |message: &&Message| {
            (asked.is_some() && message.reply_to == asked)
                || shown == Some(message.id)
                || (response.is_some() && (response == Some(message.channel) || response == Some(message.id)))
        };
        // However many they are, one word that it did not work is one.
        said().filter(belongs).map(|message| message.sent_at).take(1).collect()
    }
}

fn told_on_twitch(town: &Town, question: &Question) -> Vec<DateTime<Utc>> {
    let lines: Vec<Line> = CHANNELS.iter().flat_map(|channel| town.twitch.bot_lines(channel)).collect();
    let to_it = lines.iter().filter(|line| line.reply_to.as_deref() == Some(question.platform_message_id.as_str()));
    let mark = mark_of(question);
    let told = to_it.filter(|line| match &mark {
        Some(mark) => line.text.contains(mark),
        None => !is_notice(&line.text),
    });
    told.map(|line| moment(line.sent_at)).collect()
}

/// What marks a question's answer, if its answer is a usual one.
fn mark_of(question: &Question) -> Option<String> {
    let mark = last_token(&question.text).map(mark)?;
    question.answer.as_ref().is_some_and(|answer| answer.contains(&mark)).then_some(mark)
}

fn is_notice(text: &str) -> bool {
    text.is_empty() || NOTICES.iter().any(|notice| text.starts_with(notice))
}

fn said_on_twitch(line: Line) -> Said {
    Said {
        on_twitch: true,
        at: moment(line.sent_at),
        heard: line.heard_by > 0,
        channel: line.channel,
        id: line.id,
        text: line.text,
        deleted: line.deleted,
    }
}

fn said_on_discord(message: &Message) -> Said {
    Said {
        on_twitch: false,
        channel: message.channel.to_string(),
        id: message.id.to_string(),
        text: message.content.clone(),
        at: message.sent_at,
        heard: true,
        deleted: message.deleted,
    }
}

fn moment(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
