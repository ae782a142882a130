//! A labelled file: lines of chat, and queries that say which of the lines answer them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use pedro_core::chat::{
    Author, AuthorKind, ChannelId, ChannelKey, ChatMessage, Chattiness, CommunityId, MessageId, Platform, Role,
};
use pedro_core::store::channel;
use pedro_core::store::message::{self, NewLine};
use serde::Deserialize;
use sqlx::PgPool;

/// Lines written in one statement.
const BATCH: usize = 256;

const SHAPE: &str = "expected {\"kind\":\"message\",\"id\",\"author\",\"ts\",\"text\"} or {\"kind\":\"query\",\"id\",\"text\",\"relevant\":[ids],\"category\"}";

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Record {
    Message(Message),
    Query(Query),
}

/// A line of chat.
#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) id: String,
    author: String,
    ts: DateTime<Utc>,
    pub(super) text: String,
    #[serde(default = "one_channel")]
    channel: String,
}

fn one_channel() -> String {
    "eval".to_owned()
}

/// A question, and the lines that answer it.
#[derive(Deserialize)]
pub(super) struct Query {
    pub(super) id: String,
    pub(super) text: String,
    #[serde(default)]
    pub(super) relevant: Vec<String>,
    #[serde(default)]
    pub(super) category: String,
}

/// The whole file.
pub(super) struct Dataset {
    pub(super) messages: Vec<Message>,
    /// Those that name a relevant line.
    pub(super) queries: Vec<Query>,
    /// How many name none, and are not asked.
    pub(super) without_relevant: usize,
    /// Relevant lines that are no messages of the file: the rest of their query counts.
    pub(super) unknown: usize,
    /// When the last line was written.
    pub(super) now: DateTime<Utc>,
}

/// The rows of the file's lines.
pub(super) struct Loaded {
    pub(super) community: CommunityId,
    pub(super) rows: HashMap<String, MessageId>,
}

impl Dataset {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
        let (mut messages, mut queries) = (Vec::<Message>::new(), Vec::<Query>::new());
        for (at, line) in BufReader::new(file).lines().enumerate() {
            let line = line.with_context(|| format!("{} cannot be read", path.display()))?;
            if line.trim().is_empty() {
                continue;
            }
            let record = serde_json::from_str(&line)
                .with_context(|| format!("line {} of {} cannot be read; {SHAPE}", at + 1, path.display()))?;
            match record {
                Record::Message(message) => messages.push(message),
                Record::Query(query) => queries.push(query),
            }
        }
        let all = queries.len();
        let known: HashSet<&str> = messages.iter().map(|message| message.id.as_str()).collect();
        let named: usize = queries.iter().map(|query| query.relevant.len()).sum();
        for query in &mut queries {
            query.relevant.retain(|id| known.contains(id.as_str()));
        }
        let unknown = named - queries.iter().map(|query| query.relevant.len()).sum::<usize>();
        queries.retain(|query| !query.relevant.is_empty());
        let Some(now) = messages.iter().map(|message| message.ts).max() else {
            bail!("{} holds no message; {SHAPE}", path.display());
        };
        ensure!(!queries.is_empty(), "{} holds no query that names a relevant line; {SHAPE}", path.display());
        Ok(Self { without_relevant: all - queries.len(), unknown, messages, queries, now })
    }

    /// Writes the lines into a database, in the order of the file.
    pub(super) async fn load(&self, pool: &PgPool) -> anyhow::Result<Loaded> {
        let community = channel::ensure_community(pool, "eval", None).await?;
        let mut channels: HashMap<&str, ChannelId> = HashMap::new();
        for message in &self.messages {
            if !channels.contains_key(message.channel.as_str()) {
                let row = channel::ensure(
                    pool,
                    community,
                    &channel::Seen::public(key(message), &message.channel),
                    Chattiness::Quiet,
                )
                .await?;
                channels.insert(&message.channel, row.id);
            }
        }
        let mut rows = HashMap::with_capacity(self.messages.len());
        let mut connection = pool.acquire().await?;
        for batch in self.messages.chunks(BATCH) {
            let lines: Vec<ChatMessage> = batch.iter().map(chat_message).collect();
            let lines: Vec<NewLine<'_>> = batch
                .iter()
                .zip(&lines)
                .map(|(message, line)| NewLine {
                    channel: channels[message.channel.as_str()],
                    message: line,
                    generation: None,
                })
                .collect();
            rows.extend(message::insert_lines(&mut connection, &lines).await?);
        }
        ensure!(rows.len() == self.messages.len(), "two messages of the file have the same id");
        Ok(Loaded { community, rows })
    }
}

fn key(message: &Message) -> ChannelKey {
    ChannelKey { platform: Platform::Import, platform_channel_id: message.channel.clone() }
}

fn chat_message(message: &Message) -> ChatMessage {
    ChatMessage {
        channel: key(message),
        platform_message_id: message.id.clone(),
        author: Author {
            platform_user_id: message.author.clone(),
            login: message.author.to_lowercase(),
            display_name: message.author.clone(),
            kind: AuthorKind::Person,
            role: Role::Viewer,
        },
        text: message.text.clone(),
        sent_at: message.ts,
        reply_to: None,
    }
}
