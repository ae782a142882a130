//! A memory in a database of its own, beside the one of `DATABASE_URL`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono_tz::Tz;
use pedro_core::boot::open_database;
use pedro_core::chat::{ChatMessage, MessageId, Platform};
use pedro_core::embedder::Embedder;
use pedro_core::listener::{Line, Listener};
use pedro_core::memory::PersonHasher;
use pedro_core::places::{Identity, Place, Places};
use pedro_core::question::TWITCH_TERMS;
use pedro_core::service::config::{Community, DatabaseSettings};
use pedro_core::service::secret::Secret;
use pedro_core::store::channel::Seen;
use pedro_core::store::embedding::{self, EmbeddingSpace, Unembedded};
use pedro_core::store::scratch;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::data;

/// The bot's login.
pub(crate) const BOT: &str = "pedro_bot";

/// Lines heard at once, as the inbox hands them out.
const BATCH: usize = 256;

/// What building an index may take: the graph of a million vectors fits, and a build that spills is ten times slower.
pub(crate) const GRAPH_MEMORY: &str = "1500MB";

/// A database with a channel and its lines.
pub(crate) struct Memory {
    /// Its address.
    pub(crate) url: Url,
    /// Connections to it.
    pub(crate) pool: PgPool,
    /// The channel.
    pub(crate) place: Arc<Place>,
    /// Where its vectors live.
    pub(crate) space: EmbeddingSpace,
    beside: PgConnectOptions,
    name: String,
    listener: Listener,
    hasher: PersonHasher,
}

impl Memory {
    /// An empty memory. What a killed run left behind under its name goes first.
    pub(crate) async fn create(name: &str, embedder: &Arc<dyn Embedder>) -> Result<Self> {
        let mut url = Url::parse(&crate::setting("DATABASE_URL")?).context("DATABASE_URL cannot be read")?;
        let beside: PgConnectOptions = url.as_str().parse()?;
        let name = format!("pedro_bench_{name}");
        scratch::drop(&beside, &name).await?;
        scratch::create(&beside, &name).await?;
        url.set_path(&name);
        let pool = open_database(&DatabaseSettings { url: Secret::new(url.as_str()), pool_size: 10 }).await?;
        let model = embedder.model();
        let space = embedding::ensure_space(&pool, &model.name, model.dimension).await?;
        let places = Places::new(pool.clone(), Identity { login: BOT.to_owned(), user_ids: vec![BOT.to_owned()] });
        // The community and the channel that the bot opens too.
        let community = Community::new("default", Tz::UTC);
        Ok(Self {
            place: places.open(&community, &Seen::public(data::channel(), data::CHANNEL)).await?,
            listener: Listener::new(pool.clone(), Platform::Twitch, TWITCH_TERMS),
            hasher: PersonHasher::new(&pool, None).await?,
            beside,
            name,
            space,
            pool,
            url,
        })
    }

    /// Hears lines as the bot does, batch after batch, the first that this memory hears; `then` is called after each.
    /// How long each batch took.
    pub(crate) async fn hear(&self, lines: &[ChatMessage], then: impl Fn()) -> Result<Vec<Duration>> {
        let mut took = Vec::new();
        for batch in lines.chunks(BATCH) {
            let messages = batch.to_vec();
            let began = Instant::now();
            let lines: Vec<Line> =
                messages.into_iter().map(|message| Line::new(message, Arc::clone(&self.place), &self.hasher)).collect();
            self.listener.hear(&lines).await;
            took.push(began.elapsed());
            then();
        }
        // A line that the database refuses is lost with no more than a word in the log.
        let stored: i64 = sqlx::query_scalar("select count(*) from pedro.message").fetch_one(&self.pool).await?;
        ensure!(usize::try_from(stored)? == lines.len(), "{stored} of {} lines were stored", lines.len());
        Ok(took)
    }

    /// Gives lines their vectors, and tells how long the index took. It is made anew afterwards: one by one, 200,000 vectors
    /// take many minutes.
    pub(crate) async fn put(
        &self,
        lines: &[ChatMessage],
        mut vectors: impl Iterator<Item = Vec<f32>>,
    ) -> Result<Duration> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("select platform_message_id, id from pedro.message").fetch_all(&self.pool).await?;
        let rows: HashMap<String, i64> = rows.into_iter().collect();
        let lines: Vec<Unembedded> = lines
            .iter()
            .map(|line| {
                let id = rows.get(&line.platform_message_id).copied().context("a line was not stored")?;
                Ok(Unembedded { id: MessageId(id), text: line.text.clone() })
            })
            .collect::<Result<_>>()?;
        let index = self.index();
        let mut connection = self.pool.acquire().await?;
        let definition: String = sqlx::query_scalar("select pg_get_indexdef(('pedro.' || $1)::regclass)")
            .bind(&index)
            .fetch_one(&mut *connection)
            .await?;
        run(&mut connection, &format!("drop index pedro.{index}")).await?;
        for lines in lines.chunks(2_000) {
            let vectors: Vec<Vec<f32>> = vectors.by_ref().take(lines.len()).collect();
            embedding::put(&self.pool, self.space, lines, &vectors).await?;
        }
        let began = Instant::now();
        run(&mut connection, &format!("set maintenance_work_mem = '{GRAPH_MEMORY}'")).await?;
        run(&mut connection, &definition).await?;
        let took = began.elapsed();
        // What autovacuum does in the life of a memory that grows slowly.
        run(&mut connection, "vacuum analyze").await?;
        connection.close().await?;
        Ok(took)
    }

    /// The name of the index of its vectors.
    pub(crate) fn index(&self) -> String {
        format!("message_embedding_{}", self.space.model_id)
    }

    /// Ends it.
    pub(crate) async fn drop(self) -> Result<()> {
        self.pool.close().await;
        if std::env::var_os("BENCH_KEEP").is_none() {
            scratch::drop(&self.beside, &self.name).await?;
        }
        Ok(())
    }
}

/// Carries out a statement of the benchmark's own.
pub(crate) async fn run(connection: &mut sqlx::PgConnection, statement: &str) -> Result<()> {
    sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(connection).await?;
    Ok(())
}
