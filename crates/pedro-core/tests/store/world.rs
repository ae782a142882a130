//! A small world to test in: one community, one public channel, people who say things.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use pedro_core::chat::{
    Author, AuthorKind, ChannelId, ChannelKey, ChatMessage, Chattiness, CommunityId, GenerationId, MessageId, Platform,
    ReplyTo, Role,
};
use pedro_core::embedder::{DeterministicEmbedder, Embedder};
use pedro_core::memory::fuse::Weights;
use pedro_core::memory::{Recall, Retriever, embed_waiting};
use pedro_core::store::channel::{self, Seen};
use pedro_core::store::embedding;
use pedro_core::store::message::{self, NewLine};
use sqlx::PgPool;

pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) community: CommunityId,
    pub(crate) channel: ChannelId,
    pub(crate) now: DateTime<Utc>,
    said: std::sync::atomic::AtomicI64,
}

impl World {
    pub(crate) async fn new(pool: PgPool) -> Self {
        let (community, channel) = open(&pool, "home", "room").await;
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        Self { pool, community, channel, now, said: 0.into() }
    }

    /// Says a line in the room, a minute after the one before; the last ones are the newest.
    pub(crate) async fn say(&self, who: &str, text: &str) -> MessageId {
        let minute = self.said.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let at = self.now - Duration::hours(3) + Duration::minutes(minute);
        self.say_in(self.channel, "room", who, text, at).await
    }

    pub(crate) async fn say_in(
        &self,
        channel: ChannelId,
        name: &str,
        who: &str,
        text: &str,
        at: DateTime<Utc>,
    ) -> MessageId {
        self.write(channel, &line(name, who, text, at), None).await
    }

    pub(crate) async fn write(
        &self,
        channel: ChannelId,
        line: &ChatMessage,
        generation: Option<GenerationId>,
    ) -> MessageId {
        let mut connection = self.pool.acquire().await.unwrap();
        let new = NewLine { channel, message: line, generation };
        let ids = message::insert_lines(&mut connection, &[new]).await.unwrap();
        ids[&line.platform_message_id]
    }

    pub(crate) async fn retriever(&self) -> Retriever {
        let embedder: Arc<dyn Embedder> = Arc::new(DeterministicEmbedder::new(128));
        let space = embedding::ensure_space(&self.pool, &embedder.model().name, 128).await.unwrap();
        while embed_waiting(&self.pool, embedder.as_ref(), space, 64).await.unwrap() > 0 {}
        Retriever::new(self.pool.clone(), embedder, space)
    }

    pub(crate) fn recall<'a>(&self, question: &'a str) -> Recall<'a> {
        Recall {
            community: self.community,
            place: Some(self.channel),
            question,
            now: self.now,
            zone: chrono_tz::UTC,
            exclude: None,
            count: 5,
            weights: Weights::HYBRID,
        }
    }

    /// The best hit for a question.
    pub(crate) async fn best(&self, retriever: &Retriever, question: &str) -> Option<MessageId> {
        let found = retriever.recall(&self.recall(question)).await.unwrap();
        found.hits.first().map(|hit| hit.id)
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from pedro.{table}")))
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}

pub(crate) async fn open(pool: &PgPool, community: &str, name: &str) -> (CommunityId, ChannelId) {
    let community = channel::ensure_community(pool, community, None).await.unwrap();
    let row = channel::ensure(pool, community, &Seen::public(key(name), name), Chattiness::Questions).await.unwrap();
    (community, row.id)
}

pub(crate) fn key(name: &str) -> ChannelKey {
    ChannelKey { platform: Platform::Twitch, platform_channel_id: name.to_owned() }
}

/// A line; its id is made of all that it is.
pub(crate) fn line(channel: &str, who: &str, text: &str, at: DateTime<Utc>) -> ChatMessage {
    let kind = match who {
        "pedro_bot" => AuthorKind::Pedro,
        "nightbot" => AuthorKind::Bot,
        _ => AuthorKind::Person,
    };
    ChatMessage {
        channel: key(channel),
        platform_message_id: format!("{channel}/{who}/{}/{text}", at.timestamp()),
        author: Author {
            platform_user_id: format!("id-of-{who}"),
            login: who.to_lowercase(),
            display_name: who.to_owned(),
            kind,
            role: Role::Viewer,
        },
        text: text.to_owned(),
        sent_at: at,
        reply_to: None,
    }
}

pub(crate) fn reply_to(line: &ChatMessage) -> Option<ReplyTo> {
    Some(ReplyTo {
        platform_message_id: line.platform_message_id.clone(),
        platform_user_id: line.author.platform_user_id.clone(),
    })
}
