//! Makes plans by the model: asked for one, told what is wrong with it, and done without if it cannot.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Catalog, Origin, Plan, Problem, default_plan, read, schema};
use crate::chat::{MessageId, PlanId};
use crate::llm::{Generation, GenerationRequest, LanguageModel, LlmError, ModelServer, Priority, Purpose, Slots, keep};
use crate::memory::Retriever;
use crate::places::Place;
use crate::prompt::{self, PlanExample, PlanInput, PromptMessage, ResultNote};
use crate::question::Failure;
use crate::store::plan as plans;
use crate::store::question::{self as questions, Question};
use crate::store::{StoreError, generation, message};

/// Tokens of a plan: eight steps with their parameters, by a model that has lost its way.
const PLAN_TOKENS: u32 = 1_200;

/// Tokens of a verdict or of a search query.
const SHORT_TOKENS: u32 = 40;

/// Earlier plans that are shown as examples.
const EXAMPLES: i64 = 3;

/// Makes plans.
pub struct Planner {
    /// The database.
    pub pool: PgPool,
    /// The model.
    pub model: Arc<dyn LanguageModel>,
    /// Its slots.
    pub slots: Arc<Slots>,
    /// Memory.
    pub retriever: Arc<Retriever>,
    /// What plans are made of.
    pub catalog: Catalog,
    /// Whether the model judges which questions need a plan.
    pub judges: bool,
}

/// A plan before it has a row, with the call of the model that made it.
struct Drafted {
    plan: Plan,
    origin: Origin,
    generation: Option<Generation>,
    asked: Vec<PromptMessage>,
    sources: Vec<MessageId>,
}

/// One answer of the model.
struct Reply {
    text: String,
    generation: Generation,
}

impl Planner {
    /// Whether the model finds that a question needs several steps. A model that does not say so does not.
    ///
    /// # Errors
    /// [`Failure::Stopped`], [`Failure::ModelAway`].
    pub async fn judges_that_it_needs_one(
        &self,
        question: &Question,
        stop: &CancellationToken,
    ) -> Result<bool, Failure> {
        if !self.judges {
            return Ok(false);
        }
        let verdict = json!({
            "type": "object",
            "properties": { "steps": { "enum": ["one", "several"] } },
            "required": ["steps"],
            "additionalProperties": false,
        });
        let messages = prompt::judge_messages(&question.text);
        let reply = self.ask(&messages, SHORT_TOKENS, Some(verdict), Purpose::Judge, stop).await?;
        let says = |reply: Reply| serde_json::from_str::<Value>(&reply.text).ok();
        Ok(reply.and_then(says).is_some_and(|verdict| verdict["steps"] == "several"))
    }

    /// Makes a plan and keeps it; it is under way then. `known`: what an earlier plan brought. Whatever the model
    /// writes, there is a plan at the end.
    ///
    /// # Errors
    /// [`Failure::Stopped`], [`Failure::ModelAway`], or the database's.
    pub async fn plan(
        &self,
        question: &Question,
        place: &Place,
        known: &[ResultNote],
        origin: Option<Origin>,
        stop: &CancellationToken,
    ) -> Result<PlanId, Failure> {
        let mut drafted = self.draft(question, place, known, stop).await?;
        if let Some(origin) = origin {
            drafted.origin = origin;
        }
        tracing::info!(question.id = %question.id, steps = drafted.plan.steps.len(), origin = ?drafted.origin, "a plan was made");
        Ok(self.keep(question, &drafted).await?)
    }

    async fn draft(
        &self,
        question: &Question,
        place: &Place,
        known: &[ResultNote],
        stop: &CancellationToken,
    ) -> Result<Drafted, Failure> {
        let examples = self.retriever.earlier(question, place, true, EXAMPLES).await?;
        let asked_by = message::find(&self.pool, place.key.platform, &question.platform_message_id).await?;
        let sources = examples
            .iter()
            .map(|example| example.asked_by)
            .chain(asked_by)
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();
        let examples: Vec<PlanExample> = examples
            .into_iter()
            .map(|example| PlanExample { question: example.text, actions: example.actions })
            .collect();
        let asked = self.messages(question, place, known, &examples);
        let drafted = |plan, origin, generation| Drafted { plan, origin, generation, asked: asked.clone(), sources };
        let wanted = schema(&self.catalog);
        let first = self.ask(&asked, PLAN_TOKENS, Some(wanted.clone()), Purpose::Plan, stop).await?;
        let Some(first) = first else { return Ok(drafted(self.fallback(question), Origin::Default, None)) };
        let problems = match read(&first.text, &self.catalog) {
            Ok(plan) => return Ok(drafted(plan, Origin::Model, Some(first.generation))),
            Err(problems) => told(&problems),
        };
        tracing::info!(question.id = %question.id, problems = problems.len(), "a plan could not be used");
        // They quote what the model wrote, and that what people did.
        tracing::debug!(question.id = %question.id, ?problems, "what is wrong with the plan");
        let repair = prompt::repair_messages(&asked, &first.text, &problems);
        let second = self.ask(&repair, PLAN_TOKENS, Some(wanted), Purpose::Plan, stop).await?;
        let mended = second.and_then(|second| Some((read(&second.text, &self.catalog).ok()?, second.generation)));
        Ok(match mended {
            Some((plan, generation)) => drafted(plan, Origin::Repaired, Some(generation)),
            None => drafted(self.fallback(question), Origin::Default, None),
        })
    }

    /// What depends on no model: memory and the links, side by side.
    fn fallback(&self, question: &Question) -> Plan {
        let lookup = json!({ "query": "links", "word": question.text.chars().take(100).collect::<String>() });
        default_plan(&question.text, lookup.as_object().cloned().unwrap_or_default())
    }

    fn messages(
        &self,
        question: &Question,
        place: &Place,
        known: &[ResultNote],
        examples: &[PlanExample],
    ) -> Vec<PromptMessage> {
        let line = |name: &str, params: &[String], description: &str| {
            let params: Vec<String> = params.iter().map(|param| format!("{param:?}")).collect();
            format!("{name} {{{}}}: {description}", params.join(", "))
        };
        let queries = self.catalog.queries.iter();
        let tables: Vec<String> = queries.map(|query| line(&query.name, &query.params, &query.description)).collect();
        let tools = self.catalog.tools.iter();
        let tools: Vec<String> = tools.map(|tool| line(&tool.name, &tool.params, &tool.description)).collect();
        prompt::plan_messages(&PlanInput {
            tables: &tables,
            tools: &tools,
            examples,
            known,
            now: Utc::now(),
            zone: place.home.settings.time_zone,
            asker: &question.asker_name,
            question: &question.text,
        })
    }

    /// A search query that may find more than those that were tried; `None` if the model has none.
    pub async fn better_query(&self, question: &str, tried: &[String], stop: &CancellationToken) -> Option<String> {
        let messages = prompt::search_messages(question, tried);
        let reply = self.ask(&messages, SHORT_TOKENS, None, Purpose::Step, stop).await.ok()??;
        let query = reply.text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(query.trim_matches(['"', '\'', '`', '*']).chars().take(200).collect())
    }

    /// One generation; `None` if the model did not do it, and would not do it better another time.
    async fn ask(
        &self,
        messages: &[PromptMessage],
        max_tokens: u32,
        json_schema: Option<Value>,
        purpose: Purpose,
        stop: &CancellationToken,
    ) -> Result<Option<Reply>, Failure> {
        let request =
            GenerationRequest { messages: messages.to_vec(), max_tokens, temperature: 0.2, json_schema, purpose };
        let work = async |server: ModelServer| {
            let began = Instant::now();
            match self.model.generate(&server, &request, None).await {
                Ok(generation) => Ok(Some(Reply { text: generation.text.clone(), generation })),
                Err(LlmError::Unavailable { .. } | LlmError::Loading) => {
                    self.slots.avoid(&server.url);
                    Err(Failure::ModelAway)
                }
                Err(error) => {
                    tracing::info!(%error, purpose = purpose.as_str(), took = ?began.elapsed(), "the model did not do it");
                    Ok(None)
                }
            }
        };
        self.slots.with(Priority::Interactive, stop, work).await.map_err(|_| Failure::Stopped)?
    }

    /// Generation, provenance and plan, all or nothing.
    async fn keep(&self, question: &Question, drafted: &Drafted) -> Result<PlanId, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ephemeral = questions::is_ephemeral(&mut transaction, question.id).await?;
        let generation = match &drafted.generation {
            None => None,
            Some(generation) => {
                let (asked, sources) = (&drafted.asked, &drafted.sources);
                let row = keep::row(question, Purpose::Plan, generation, asked, sources, ephemeral);
                Some(generation::insert(&mut transaction, &row).await?)
            }
        };
        let Drafted { plan, origin, .. } = drafted;
        let owner = question.lease_owner;
        let id = plans::insert(&mut transaction, question.id, owner, *origin, generation, plan).await?;
        transaction.commit().await?;
        Ok(id)
    }
}

fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}
