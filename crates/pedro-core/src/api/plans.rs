//! `/v1/plans`: a question with its plan, durable like any other.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Api, LONGEST_QUESTION, Refusal, read, text};
use crate::chat::Platform;
use crate::page::view::{QuestionState, WorkflowView};
use crate::pedro::Pedro;
use crate::places::Place;
use crate::plan::{self, Catalog, Origin, Plan};
use crate::reply::api as say;
use crate::store::question::{self, Accepted, Limits, NewQuestion};
use crate::store::{StoreError, plan as plans, workflow as rows};
use crate::workflow;

/// How much may be asked over HTTP. Chat comes first all the same: the queue goes in turns.
const LIMITS: Limits = Limits { open_per_person: 10, hourly_per_person: 300, queue: 50 };

/// Whoever holds the token is one person.
const ASKER: &str = "api";

/// A question, and a plan for it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlan {
    /// What is asked: at most 2,000 characters.
    #[schema(example = "what did we say about GopherCon?")]
    question: String,
    /// Whose memory answers; the first of the configured communities if none is named.
    community: Option<String>,
    /// The plan: at most eight steps, `return_response` the last. Without it Pedro makes one. `id`, `depends_on` and
    /// `on_failure` may be missing: then the steps are numbered `s1`, `s2`, ..., go one after the other, and a failed one
    /// is gone on without. `${s1}` in a parameter stands for that step's result.
    #[schema(
        value_type = Option<Vec<Object>>,
        example = json!([
            {"id": "web", "action": "web_search", "params": {"query": "GopherCon 2026"}, "depends_on": []},
            {"id": "memory", "action": "reference_check", "params": {"query": "GopherCon"}, "depends_on": []},
            {"id": "answer", "action": "return_response", "params": {}, "depends_on": ["web", "memory"]}
        ])
    )]
    steps: Option<Value>,
}

/// A question that was accepted: it will be answered, whatever happens meanwhile.
#[derive(Serialize, ToSchema)]
pub(super) struct AcceptedPlan {
    /// For `GET /v1/plans/{id}`.
    id: Uuid,
    /// The page on which people see the same, if the operator set PEDRO_PUBLIC_URL.
    url: Option<String>,
    /// Where it stands.
    status: QuestionState,
}

/// Asks a question: a plan is made for it, or the one given is taken, and carried out.
#[utoipa::path(
    post, path = "/v1/plans", tag = "plans", request_body = NewPlan, security(("token" = [])),
    responses(
        (status = 202, description = "Accepted: look at it with GET /v1/plans/{id}", body = AcceptedPlan),
        (status = 400, description = "The question or the steps are wrong", body = super::refusal::ErrorBody),
        (status = 401, description = "The token is missing or wrong", body = super::refusal::ErrorBody),
        (status = 429, description = "Too many are open", body = super::refusal::ErrorBody),
        (status = 503, description = "Not now", body = super::refusal::ErrorBody),
    )
)]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    body: Result<Json<NewPlan>, JsonRejection>,
) -> Result<Response, Refusal> {
    let (pedro, asked) = (api.pedro()?, read(body)?);
    let place = api.place(pedro, asked.community.as_deref())?;
    let question = text("question", &asked.question, LONGEST_QUESTION)?;
    let plan = asked.steps.map(|steps| planned(&steps, &pedro.planner.catalog)).transpose()?;
    let id = accept(pedro, &place, &question, plan.as_ref()).await?;
    pedro.question_wake.notify_one();
    let status = if plan.is_some() { QuestionState::Running } else { QuestionState::Planning };
    let accepted = AcceptedPlan { id, url: pedro.workflow_link(id), status };
    let location = [(header::LOCATION, format!("/v1/plans/{id}"))];
    Ok((StatusCode::ACCEPTED, location, Json(accepted)).into_response())
}

/// Shows a question with its plans, and how each step went.
#[utoipa::path(
    get, path = "/v1/plans/{id}", tag = "plans", security(("token" = [])),
    params(("id" = String, Path, description = "As POST /v1/plans gave it")),
    responses(
        (status = 200, description = "As it stands", body = WorkflowView),
        (status = 401, description = "The token is missing or wrong", body = super::refusal::ErrorBody),
        (status = 404, description = "There is none", body = super::refusal::ErrorBody),
        (status = 503, description = "Not now", body = super::refusal::ErrorBody),
    )
)]
pub(super) async fn show(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<Json<WorkflowView>, Refusal> {
    let pedro = api.pedro()?;
    let view = match id.parse() {
        Ok(id) => workflow::find(&pedro.pool, id).await?,
        Err(_) => None,
    };
    view.map(Json).ok_or_else(|| Refusal::not_found(say::no_such_plan()))
}

/// The steps as a plan that keeps every rule.
fn planned(steps: &Value, catalog: &Catalog) -> Result<Plan, Refusal> {
    plan::read(&json!({ "steps": steps }).to_string(), catalog)
        .map_err(|problems| Refusal::broken(say::no_plan(), &problems))
}

/// Writes the question, and its plan if it has one. The id is that of its workflow page.
async fn accept(pedro: &Pedro, place: &Place, text: &str, plan: Option<&Plan>) -> Result<Uuid, Refusal> {
    let new = NewQuestion {
        community: place.home.id,
        channel: place.id,
        platform: Platform::Http,
        platform_message_id: &Uuid::new_v4().to_string(),
        ephemeral: false,
        asker_hash: &pedro.hasher.hash(Platform::Http, ASKER),
        asker_name: &say::asker(),
        text,
        // Nobody is spoken to: the answer is read from the row.
        reply_target: Value::Null,
        asked_at: Utc::now(),
        hold: Duration::ZERO,
        wants_plan: true,
    };
    let mut transaction = pedro.pool.begin().await?;
    let id = match question::accept(&mut transaction, &new, &LIMITS).await? {
        Accepted::Queued { id, .. } => id,
        Accepted::StillOpen => return Err(Refusal::too_many(say::too_many_open(LIMITS.open_per_person))),
        Accepted::HourlyLimit => return Err(Refusal::too_many(say::too_many_an_hour(LIMITS.hourly_per_person))),
        Accepted::QueueFull => return Err(Refusal::too_many(say::queue_full())),
        // The id is new: this does not happen.
        Accepted::Known => return Err(Refusal::unavailable(say::did_not_work())),
    };
    if let Some(plan) = plan {
        plans::insert_unfenced(&mut transaction, id, Origin::Api, None, plan).await?;
    }
    let row = rows::by_question(&mut *transaction, id).await?.ok_or(StoreError::LeaseLost)?;
    transaction.commit().await?;
    Ok(row.workflow_id)
}
