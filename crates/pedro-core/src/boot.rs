//! What every process of Pedro opens at its start: database, embedder, model. What is missing is told in a sentence
//! that says how to mend it.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, mpsc};
use url::Url;

use crate::answer::{Answering, Sizes};
use crate::chat::Platform;
use crate::embedder::{CandleEmbedder, EmbedError, Embedder, OpenAiEmbedder};
use crate::game::Games;
use crate::knowledge::TrainedPrompts;
use crate::listener::Listener;
use crate::llm::{LangchainModel, LanguageModel, ModelLimits, ModelServer, ServerClient, ServerHealth, Slots};
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
use crate::service::secret::{Secret, shown_url};
use crate::service::{Readiness, Shutdown, Verdict};
use crate::speech::Speech;
use crate::store::embedding::{self, EmbeddingSpace};
use crate::store::{StoreError, database};
use crate::voice::Voice;

/// How long a start waits for the database.
const DATABASE_WITHIN: Duration = Duration::from_secs(30);

/// How often a start looks whether the database is there.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How long an embedding server may take for one request.
const EMBEDDING_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a generation looks for a model server that does not answer, before people are told.
const MODEL_GIVE_UP: Duration = Duration::from_secs(5);

/// How long closing the pool may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

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

/// Opens the database and brings its tables up to date. Waits a while for a server that is starting; what waiting does
/// not mend is told at once.
///
/// # Errors
/// [`BootError::Database`].
pub async fn open_database(settings: &DatabaseSettings) -> Result<PgPool, BootError> {
    let options = connect_options(settings)?;
    let began = Instant::now();
    let mut told = false;
    loop {
        match database::migrate(&options).await {
            Ok(()) => return Ok(database::pool(options, settings.pool_size)),
            Err(error) if error.is_transient() && began.elapsed() < DATABASE_WITHIN => {
                if !told {
                    tracing::warn!("{}; trying again for {} s", explain(&error, &options), DATABASE_WITHIN.as_secs());
                    told = true;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(error) => return Err(BootError::Database(explain(&error, &options))),
        }
    }
}

/// Tries a part of the start again while the database is away, for as long as a start waits for it: it may go away again
/// while the start is under way.
///
/// # Errors
/// When it fails for another reason, or the time is over.
pub async fn patiently<T>(part: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let began = Instant::now();
    loop {
        match part().await {
            Err(error) if error.is_transient() && began.elapsed() < DATABASE_WITHIN => {
                tracing::warn!(%error, "the start waits for the database");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            done => return done,
        }
    }
}

/// How to connect, by the settings.
///
/// # Errors
/// [`BootError::Database`] if the URL cannot be read; it is not quoted, for it holds a password.
pub fn connect_options(settings: &DatabaseSettings) -> Result<PgConnectOptions, BootError> {
    PgConnectOptions::from_str(settings.url.expose()).map_err(|_| {
        BootError::Database(
            "DATABASE_URL cannot be read: it is written postgres://user:password@host:5432/database".to_owned(),
        )
    })
}

/// What is wrong with the database, in a sentence that says how to mend it. Never holds the password.
pub fn explain(error: &StoreError, options: &PgConnectOptions) -> String {
    let place = format!("{}:{}", options.get_host(), options.get_port());
    match error {
        StoreError::Database(sqlx::Error::Database(error)) => match error.code().as_deref() {
            Some("28P01" | "28000") => format!(
                "PostgreSQL at {place} refuses user {:?}: check the user and the password in DATABASE_URL",
                options.get_username()
            ),
            Some("3D000") => format!(
                "PostgreSQL at {place} has no database {:?}: create it (createdb) or correct DATABASE_URL",
                options.get_database().unwrap_or_default()
            ),
            Some("42501") => format!(
                "the user {:?} may not create schema, tables or extensions: grant create on the database to it ({error})",
                options.get_username()
            ),
            _ => format!("PostgreSQL at {place} says: {error}"),
        },
        StoreError::Database(sqlx::Error::PoolTimedOut) => {
            format!(
                "PostgreSQL at {place} takes the connection and then says nothing: see to it, or correct DATABASE_URL"
            )
        }
        StoreError::Database(sqlx::Error::Io(error)) => {
            format!("PostgreSQL does not answer at {place} ({error}): start it, or correct DATABASE_URL")
        }
        // What answers there does not speak PostgreSQL, or the two do not agree on TLS: sqlx's words tell which.
        StoreError::Database(error) => {
            format!(
                "what answers at {place} is no PostgreSQL that can be used ({error}): start it, or correct DATABASE_URL"
            )
        }
        StoreError::Migrate(error) => format!("the tables could not be brought up to date: {error}"),
        other => other.to_string(),
    }
}

/// Opens the embedder and its space.
///
/// # Errors
/// [`BootError::Embedder`] says what is missing.
pub async fn open_embedder(
    pool: &PgPool,
    settings: EmbeddingSettings,
) -> Result<(Arc<dyn Embedder>, EmbeddingSpace), BootError> {
    let embedder: Arc<dyn Embedder> = match settings {
        EmbeddingSettings::Server { url, model, api_key } => {
            Arc::new(OpenAiEmbedder::connect(&url, &model, api_key.map(Into::into), EMBEDDING_TIMEOUT).await?)
        }
        EmbeddingSettings::InProcess { model_dir } => Arc::new(load_model(model_dir).await?),
        EmbeddingSettings::Unset => Arc::new(load_model(default_model_dir()).await?),
    };
    let model = embedder.model();
    let space = patiently(async || embedding::ensure_space(pool, &model.name, model.dimension).await).await?;
    Ok((embedder, space))
}

async fn load_model(dir: PathBuf) -> Result<CandleEmbedder, EmbedError> {
    tokio::task::spawn_blocking(move || CandleEmbedder::load(&dir))
        .await
        .unwrap_or_else(|_| Err(EmbedError::Invalid("loading it was interrupted".to_owned())))
}

/// Where `pedro model fetch` puts the embedding model, and where it is looked for without `EMBEDDINGS_MODEL_DIR`:
/// the data directory of the XDG base directory specification.
pub fn default_model_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    data.unwrap_or_else(|| PathBuf::from("/var/lib")).join("pedro/all-minilm-l6-v2")
}

fn open_model(settings: &ModelSettings) -> Result<Arc<dyn LanguageModel>, BootError> {
    let limits = ModelLimits { deadline: settings.timeout, stall: settings.stall_timeout, give_up: MODEL_GIVE_UP };
    let name = settings.model.clone().unwrap_or_else(|| "default".to_owned());
    Ok(Arc::new(LangchainModel::new(name, settings.api_key.clone().map(Into::into), limits)?))
}

fn watch_database(readiness: &Readiness, pool: PgPool) {
    readiness.check("database", move || {
        let pool = pool.clone();
        async move {
            match database::ask(&pool).await {
                Ok(()) => Verdict::ok("answers"),
                Err(_) => Verdict::red("PostgreSQL does not answer"),
            }
        }
    });
}

fn watch_model(readiness: &Readiness, client: &ServerClient, settings: &ModelSettings) {
    let (client, servers) = (client.clone(), settings.servers.clone());
    readiness.check("model", move || {
        let (client, servers) = (client.clone(), servers.clone());
        async move {
            let asked = servers.iter().map(|url| {
                let (client, server) = (&client, ModelServer::new(url.clone()));
                async move { client.health(&server).await }
            });
            let health = futures_util::future::join_all(asked).await;
            let names: Vec<String> = servers.iter().map(shown_url).collect();
            let names = names.join(", ");
            if health.contains(&ServerHealth::Ready) {
                Verdict::ok("answers")
            } else if health.contains(&ServerHealth::Loading) {
                Verdict::red(format!("the model is loading at {names}"))
            } else {
                Verdict::red(format!("no model server answers at {names} (LLAMA_CPP_PATH)"))
            }
        }
    });
}

/// Closes the pool; connections that hang are left behind.
pub async fn close(pool: &PgPool) {
    if tokio::time::timeout(CLOSE_WITHIN, pool.close()).await.is_err() {
        tracing::warn!("some database connections did not close in time");
    }
}
