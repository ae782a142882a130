//! What every process of Pedro opens at its start: database, embedder, model. What is missing is told in a sentence
//! that says how to mend it.

mod database;
mod embedder;
mod model;

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};
use url::Url;

use self::database::watch_database;
pub use self::database::{close, connect_options, explain, open_database, patiently};
pub use self::embedder::{default_model_dir, open_embedder};
use self::model::{open_model, watch_model};
use crate::answer::{Answering, Sizes};
use crate::chat::Platform;
use crate::embedder::EmbedError;
use crate::game::Games;
use crate::knowledge::TrainedPrompts;
use crate::listener::Listener;
use crate::llm::{ServerClient, Slots};
use crate::memory::{EmbedWorker, PersonHasher, Retention, Retriever};
use crate::patience::Patience;
use crate::pedro::{Overheard, Pedro};
use crate::places::{Identity, Places};
use crate::plan::executor::Executor;
use crate::plan::planner::Planner;
use crate::plan::step::api_call::ApiTools;
use crate::plan::step::db_query::DbQuery;
use crate::plan::step::web_search::WebSearch;
use crate::plan::steps::{self, Steps};
use crate::question::Terms;
use crate::recap::Recaps;
use crate::service::config::{
    ApiSettings, CommunitySettings, DatabaseSettings, EmbeddingSettings, ModelSettings, SearchSettings,
};
use crate::service::secret::Secret;
use crate::service::{Readiness, Shutdown, Verdict};
use crate::speech::Speech;
use crate::store::StoreError;
use crate::voice::Voice;

/// Why Pedro cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The database is not there, or not as it must be.
    #[error("{0}")]
    Database(String),
    /// The embedder is not there.
    #[error(transparent)]
    Embedder(#[from] EmbedError),
    /// TLS cannot be set up on this machine.
    #[error("no HTTP client can be made: {0}")]
    Http(#[from] reqwest::Error),
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What [`boot`] starts from.
pub struct Parts<'a> {
    /// The platform that this process speaks on.
    pub platform: Platform,
    /// Who Pedro is there.
    pub identity: Identity,
    /// On what terms questions are accepted.
    pub terms: Terms,
    /// The way to the adapter.
    pub voice: mpsc::Sender<Speech>,
    /// Settings.
    pub database: DatabaseSettings,
    /// Settings.
    pub model: ModelSettings,
    /// Settings.
    pub embedding: EmbeddingSettings,
    /// Settings.
    pub community: &'a CommunitySettings,
    /// Settings.
    pub search: &'a SearchSettings,
    /// Settings.
    pub api: &'a ApiSettings,
    /// Where people reach this bot's pages, if they do.
    pub public_url: Option<Url>,
    /// Where the checks of what is opened are registered.
    pub readiness: &'a Readiness,
}

/// Opens everything and starts the background work. Places are opened, and [`Pedro::start`] is called, by the adapter.
///
/// # Errors
/// See [`BootError`]; the text is for the operator.
pub async fn boot(parts: Parts<'_>, shutdown: &Shutdown) -> Result<Arc<Pedro>, BootError> {
    parts.readiness.check("database", async || Verdict::red("PostgreSQL has not answered yet"));
    let pool = open_database(&parts.database).await?;
    watch_database(parts.readiness, pool.clone());
    let readiness = parts.readiness.clone();
    shutdown.excuse_loops_while(move || {
        let readiness = readiness.clone();
        async move { readiness.is_red("database").await }
    });
    let (embedder, space) = open_embedder(&pool, parts.embedding).await?;
    let worker = EmbedWorker::new(pool.clone(), Arc::clone(&embedder), space);
    let embed_wake = worker.waker();
    shutdown.spawn_essential("embed worker", worker.run(shutdown.token()));
    let communities = parts.community.communities.iter();
    let kept = communities.filter_map(|community| Some((community.name.clone(), community.retention_days?)));
    let retention = Retention::new(pool.clone(), kept);
    shutdown.spawn("retention", retention.run(shutdown.token()));
    let retriever = Arc::new(Retriever::new(pool.clone(), Arc::clone(&embedder), space));
    let prompts = Arc::new(TrainedPrompts::new(pool.clone(), Arc::clone(&embedder), space));

    let sizes = Sizes { context: parts.model.context, max_tokens: parts.model.max_tokens };
    let client = ServerClient::new(parts.model.api_key.clone().map(Into::into))?;
    watch_model(parts.readiness, &client, &parts.model);
    let slots = Arc::new(Slots::new(pool.clone(), parts.model.servers.clone(), client));
    let model = open_model(&parts.model)?;
    let apis = ApiTools::new(parts.api.clone(), parts.community.api_tools.clone(), pool.clone())?;
    let secret = parts.community.secret_key.as_ref().map(Secret::expose);
    let hasher = patiently(async || PersonHasher::new(&pool, secret).await).await?;
    let planner = Arc::new(Planner {
        pool: pool.clone(),
        model: Arc::clone(&model),
        slots: Arc::clone(&slots),
        retriever: Arc::clone(&retriever),
        catalog: steps::catalog(&apis),
        judges: parts.model.judges,
    });
    let steps = Steps {
        pool: pool.clone(),
        retriever: Arc::clone(&retriever),
        web: WebSearch::new(pool.clone(), parts.search)?,
        apis,
        tables: DbQuery::new(pool.clone(), Arc::clone(&retriever), hasher.clone()),
        planner: Arc::clone(&planner),
    };
    let places = Arc::new(Places::new(pool.clone(), parts.identity));
    let voice = Arc::new(Voice::new(pool.clone(), parts.voice));
    let games = Games {
        pool: pool.clone(),
        platform: parts.platform,
        everywhere: parts.terms.everywhere,
        places: Arc::clone(&places),
        voice: Arc::clone(&voice),
        model: Arc::clone(&model),
        slots: Arc::clone(&slots),
        embedder,
        hasher: hasher.clone(),
        wake: Notify::new(),
        held: Default::default(),
    };
    Ok(Arc::new(Pedro {
        platform: parts.platform,
        places,
        listener: Listener::new(pool.clone(), parts.platform, parts.terms),
        terms: parts.terms,
        patience: Patience::default(),
        recaps: Recaps::new(pool.clone(), Arc::clone(&model), Arc::clone(&slots), sizes),
        answering: Answering::new(
            pool.clone(),
            retriever,
            Arc::clone(&prompts),
            model,
            slots,
            sizes,
            parts.community.events.clone(),
        ),
        planner,
        executor: Executor { pool: pool.clone(), steps },
        public_url: parts.public_url,
        games: Arc::new(games),
        prompts,
        overheard: Overheard::default(),
        voice,
        hasher,
        embed_wake,
        question_wake: Arc::new(Notify::new()),
        shutdown: shutdown.clone(),
        errands: Pedro::errands(),
        pool,
    }))
}
