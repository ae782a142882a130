//! `/v1/steps`: one step, now. Whoever drives the steps keeps what they bring.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Api, LONGEST_QUESTION, Refusal, STEPS_AT_ONCE, read, text};
use crate::answer::Found;
use crate::chat::QuestionId;
use crate::pedro::Pedro;
use crate::places::Place;
use crate::plan::steps::{Task, limit};
use crate::plan::{self, Action, Catalog, Citation, MOST_STEPS, StepError, StepOutput, StepStatus};
use crate::prompt::ResultNote;
use crate::question::Failure;
use crate::reply::api as say;
use crate::service::metrics::record;
use crate::store::question::{Origin, Question};

/// Characters of one result; the prompt has room for less.
const LONGEST_RESULT: usize = 20_000;

/// A step by itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStep {
    /// What it does: `web_search`, `reference_check`, `api_call`, `db_query` or `return_response`.
    #[schema(value_type = Action)]
    action: String,
    /// What it does it with, as in a plan: `query`; for `api_call` `tool`, for `db_query` `query`, each with what it must
    /// be given. `return_response` is given `question`, and `results`: the texts that the answer is made from.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"query": "GopherCon 2026"}))]
    params: Map<String, Value>,
    /// Whose memory is read; the first of the configured communities if none is named.
    community: Option<String>,
}

/// What came of a step.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DoneStep {
    /// `succeeded` or `failed`.
    status: StepStatus,
    /// What it brought: what people wrote and pages say is in it as it came.
    result: Option<String>,
    /// Why it failed, or something else that people should know of it.
    note: Option<String>,
    /// Its sources.
    citations: Vec<Citation>,
}

/// A step whose parameters are right.
#[derive(Debug, PartialEq)]
enum Work {
    Step { action: Action, params: Map<String, Value> },
    Answer { question: String, results: Vec<String> },
}

/// Carries out one step, with the same limits as in a plan, and answers when it has ended.
#[utoipa::path(
    post, path = "/v1/steps", tag = "steps", request_body = NewStep, security(("token" = [])),
    responses(
        (status = 200, description = "It was carried out; a step that failed says why", body = DoneStep),
        (status = 400, description = "The action or its parameters are wrong", body = super::refusal::ErrorBody),
        (status = 401, description = "The token is missing or wrong", body = super::refusal::ErrorBody),
        (status = 429, description = "Too many are under way", body = super::refusal::ErrorBody),
        (status = 503, description = "Not now", body = super::refusal::ErrorBody),
    )
)]
pub(super) async fn run(
    State(api): State<Arc<Api>>,
    body: Result<Json<NewStep>, JsonRejection>,
) -> Result<Json<DoneStep>, Refusal> {
    let (pedro, step) = (api.pedro()?, read(body)?);
    let place = api.place(pedro, step.community.as_deref())?;
    let work = work(&step, &pedro.planner.catalog)?;
    let permit = Arc::clone(&api.steps).try_acquire_owned();
    let permit = permit.map_err(|_| Refusal::too_many(say::too_many_steps(STEPS_AT_ONCE)))?;
    // A caller who hangs up drops this future: the step, which may hold a slot of the model, is told and gives it back.
    let stop = pedro.shutdown.work_token().child_token();
    let _gone = stop.clone().drop_guard();
    let (tell, told) = oneshot::channel();
    let doing = Arc::clone(pedro);
    pedro.shutdown.spawn("step", async move {
        // Nobody hears it if the caller is gone.
        let _gone = tell.send(carry_out(&doing, &place, &work, &stop).await);
        drop(permit);
    });
    match told.await {
        Ok(Ok(output)) => Ok(Json(DoneStep::succeeded(output))),
        Ok(Err(StepError::Stopped)) | Err(_) => Err(Refusal::unavailable(say::stopping())),
        Ok(Err(error)) => Ok(Json(DoneStep::failed(&error))),
    }
}

/// Reads a step as strictly as in a plan.
fn work(step: &NewStep, catalog: &Catalog) -> Result<Work, Refusal> {
    if step.action.trim().eq_ignore_ascii_case(Action::ReturnResponse.as_str()) {
        return answer_work(&step.params);
    }
    let steps = json!({ "steps": [{ "id": "s1", "action": step.action, "params": step.params }] });
    let plan = plan::read(&steps.to_string(), catalog);
    let plan = plan.map_err(|problems| Refusal::broken(say::no_step(), &problems))?;
    let first = plan.steps.into_iter().next().map(|step| Work::Step { action: step.action, params: step.params });
    first.ok_or_else(|| Refusal::bad(say::no_step()))
}

fn answer_work(params: &Map<String, Value>) -> Result<Work, Refusal> {
    let question = params.get("question").and_then(Value::as_str).unwrap_or_default();
    let question = text("question", question, LONGEST_QUESTION)?;
    let bad = || Refusal::bad(say::no_results(MOST_STEPS));
    let given = match params.get("results") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(given)) if given.len() <= MOST_STEPS => given.as_slice(),
        Some(_) => return Err(bad()),
    };
    let mut results = Vec::with_capacity(given.len());
    for result in given {
        results.push(text("results", result.as_str().ok_or_else(bad)?, LONGEST_RESULT)?);
    }
    Ok(Work::Answer { question, results })
}

async fn carry_out(
    pedro: &Pedro,
    place: &Place,
    work: &Work,
    stop: &CancellationToken,
) -> Result<StepOutput, StepError> {
    let began = Instant::now();
    let (action, done) = match work {
        Work::Step { action, params } => {
            let asked = params.get("query").and_then(Value::as_str).unwrap_or_default();
            let question = asking(place, asked);
            let (params, sources) = (params.clone(), Vec::new());
            let task = Task { action: *action, params, sources, question: &question, place };
            (*action, pedro.executor.steps.run(&task, stop).await)
        }
        Work::Answer { question, results } => {
            let answering = answer(pedro, place, question, results, stop);
            let done = tokio::time::timeout(limit(Action::ReturnResponse), answering).await;
            (Action::ReturnResponse, done.unwrap_or(Err(StepError::TooSlow)))
        }
    };
    record::plan_step(action, done.is_ok(), began.elapsed());
    done
}

async fn answer(
    pedro: &Pedro,
    place: &Place,
    question: &str,
    results: &[String],
    stop: &CancellationToken,
) -> Result<StepOutput, StepError> {
    let note = |(number, result): (usize, &String)| ResultNote {
        what: format!("result {number}"),
        about: String::new(),
        result: Some(result.clone()),
    };
    let results = (1..).zip(results).map(note).collect();
    let found = Found { plan: None, results, sources: Vec::new(), citations: Vec::new(), unsearched: false };
    let made = pedro.answering.make_unkept(&asking(place, question), place, &found, stop).await;
    match made {
        Ok(text) => Ok(StepOutput { text, ..StepOutput::default() }),
        Err(Failure::Stopped) => Err(StepError::Stopped),
        Err(Failure::ModelAway) => Err(StepError::Failed(say::model_away())),
        Err(failure) => {
            tracing::warn!(%failure, "no answer was made for the API");
            Err(StepError::Failed(say::no_answer()))
        }
    }
}

/// What a step takes for the question that it belongs to: there is none in the table.
fn asking(place: &Place, text: &str) -> Question {
    Question {
        id: QuestionId(0),
        community_id: place.home.id,
        channel_id: place.id,
        platform_message_id: Uuid::new_v4().to_string(),
        ephemeral: true,
        asker_name: say::asker(),
        text: text.to_owned(),
        reply_target: Value::Null,
        attempts: 1,
        asked_at: Utc::now(),
        answer: None,
        pieces_sent: 0,
        wants_plan: false,
        round: 0,
        workflow_id: Uuid::nil(),
        origin: Origin::Addressed,
        trained_prompt: None,
        lease_owner: Uuid::nil(),
    }
}

impl DoneStep {
    fn succeeded(output: StepOutput) -> Self {
        let StepOutput { text, citations, note, .. } = output;
        Self { status: StepStatus::Succeeded, result: Some(text), note, citations }
    }

    fn failed(error: &StepError) -> Self {
        Self { status: StepStatus::Failed, result: None, note: Some(error.to_string()), citations: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::CatalogEntry;

    fn read(action: &str, params: Value) -> Result<Work, Refusal> {
        let links =
            CatalogEntry { name: "links".to_owned(), description: String::new(), params: vec!["word".to_owned()] };
        let Value::Object(params) = params else { unreachable!() };
        let step = NewStep { action: action.to_owned(), params, community: None };
        work(&step, &Catalog { tools: Vec::new(), queries: vec![links] })
    }

    #[test]
    fn a_step_is_read_as_strictly_as_in_a_plan() {
        let params = json!({"query": "links", "word": "go"});
        let Value::Object(expected) = params.clone() else { unreachable!() };
        // What the action does not know is left out.
        let more = json!({"query": "links", "word": "go", "sql": "drop table"});
        for params in [params, more] {
            let expected = Work::Step { action: Action::DbQuery, params: expected.clone() };
            assert_eq!(read("db_query", params).unwrap(), expected);
        }
        for (action, params) in [
            ("db_query", json!({"query": "select 1"})),
            ("api_call", json!({"tool": "openai", "query": "x"})),
            ("web_search", json!({})),
            ("web_search", json!({"query": "x".repeat(401)})),
            ("reference_check", json!({"query": " "})),
            // There is no earlier step that could be quoted.
            ("web_search", json!({"query": "${s1}"})),
            ("", json!({})),
        ] {
            assert!(read(action, params.clone()).is_err(), "{action} {params}");
        }
    }

    #[test]
    fn an_answer_is_made_from_texts() {
        let read = |params| read(" Return_Response ", params);
        let results = json!({"question": " what? ", "results": ["a", " b "]});
        let expected = Work::Answer { question: "what?".to_owned(), results: vec!["a".to_owned(), "b".to_owned()] };
        assert_eq!(read(results).unwrap(), expected);
        assert!(read(json!({"question": "what?"})).is_ok());
        for params in [
            json!({"results": []}),
            json!({"question": "what?", "results": "a"}),
            json!({"question": "what?", "results": [null]}),
            json!({"question": "what?", "results": [" "]}),
            json!({"question": "what?", "results": vec!["a"; MOST_STEPS + 1]}),
            json!({"question": "what?", "results": ["a".repeat(LONGEST_RESULT + 1)]}),
        ] {
            assert!(read(params).is_err());
        }
    }
}
