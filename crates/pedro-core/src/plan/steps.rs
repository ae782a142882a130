//! The steps of a plan as they are carried out: each by its own file under `step/`, within its time.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt;
use serde_json::{Map, Value};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::planner::Planner;
use super::step::api_call::{ApiTools, Payer};
use super::step::db_query::{DbQuery, Scope};
use super::step::reference_check;
use super::step::web_search::WebSearch;
use super::{Action, Catalog, StepError, StepOutput};
use crate::chat::MessageId;
use crate::memory::Retriever;
use crate::places::Place;
use crate::store::question::Question;
use crate::store::web_search::Provenance;

/// The steps, and what they need.
pub struct Steps {
    /// The database.
    pub pool: PgPool,
    /// Memory.
    pub retriever: Arc<Retriever>,
    /// The web.
    pub web: WebSearch,
    /// The operator's APIs.
    pub apis: ApiTools,
    /// Pedro's own tables.
    pub tables: DbQuery,
    /// Writes better queries.
    pub planner: Arc<Planner>,
}

/// A step that is carried out.
pub struct Task<'a> {
    /// What it does.
    pub action: Action,
    /// What it does it with, earlier results filled in.
    pub params: Map<String, Value>,
    /// The messages that the parameters were made from.
    pub sources: Vec<MessageId>,
    /// The question that it belongs to.
    pub question: &'a Question,
    /// Where the answer goes: nothing is read that not everybody there can read.
    pub place: &'a Place,
}

/// What plans are made of.
pub fn catalog(apis: &ApiTools) -> Catalog {
    Catalog { tools: apis.catalog(), queries: DbQuery::catalog() }
}

impl Steps {
    /// Carries out a step.
    ///
    /// # Errors
    /// See [`StepError`]; its text is for people.
    pub async fn run(&self, task: &Task<'_>, stop: &CancellationToken) -> Result<StepOutput, StepError> {
        let work = async {
            tokio::select! {
                biased;
                () = stop.cancelled() => Err(StepError::Stopped),
                done = self.carry_out(task, stop) => done,
            }
        };
        tokio::time::timeout(limit(task.action), work).await.unwrap_or(Err(StepError::TooSlow))
    }

    async fn carry_out(&self, task: &Task<'_>, stop: &CancellationToken) -> Result<StepOutput, StepError> {
        match task.action {
            Action::WebSearch => self.search(task, stop).await,
            Action::ApiCall => {
                let home = &task.place.home;
                let day = Utc::now().with_timezone(&home.settings.time_zone).date_naive();
                let mut output = self.apis.run(&task.params, Payer { community: home.id, day }).await?;
                output.sources.extend_from_slice(&task.sources);
                Ok(output)
            }
            Action::DbQuery => {
                let (home, place) = (&task.place.home, Some(task.place.id));
                let scope = Scope { community: home.id, place, zone: home.settings.time_zone, now: Utc::now() };
                self.tables.run(&task.params, &scope).await
            }
            Action::ReferenceCheck => {
                let query = query_of(task);
                reference_check::run(&self.pool, &self.retriever, task.question, task.place, query).await
            }
            // The answer is made where answers are made.
            Action::ReturnResponse => Err(StepError::Refused("the answer is no step of its own".to_owned())),
        }
    }

    async fn search(&self, task: &Task<'_>, stop: &CancellationToken) -> Result<StepOutput, StepError> {
        let query = query_of(task);
        let asked = &task.question.text;
        let rewrite = |_first: String, tried: Vec<String>| {
            async move { self.planner.better_query(asked, &tried, stop).await }.boxed()
        };
        // A step that is asked for by itself, over HTTP, belongs to no question.
        let question = Some(task.question.id).filter(|id| id.0 != 0);
        self.web.run(query, Provenance { question, messages: &task.sources }, &rewrite).await
    }
}

/// How long a step may take. What a model is in may take as long as the model does.
pub const fn limit(action: Action) -> Duration {
    match action {
        Action::DbQuery => Duration::from_secs(10),
        Action::ReferenceCheck => Duration::from_secs(30),
        // An API may be a model; each has a limit of its own.
        Action::ApiCall => Duration::from_secs(5 * 60),
        // Up to five searches, with a slow model's better queries between them.
        Action::WebSearch | Action::ReturnResponse => Duration::from_secs(10 * 60),
    }
}

/// What is searched for: the question itself where the plan has no word. Small models copy the dots of the example.
fn query_of<'a>(task: &'a Task<'_>) -> &'a str {
    let query = task.params.get("query").and_then(Value::as_str).map(str::trim);
    query.filter(|query| query.contains(char::is_alphanumeric)).unwrap_or(&task.question.text)
}
