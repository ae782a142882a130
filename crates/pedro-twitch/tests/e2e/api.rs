//! The HTTP API, as an orchestrator drives it.

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::database;
use crate::tester::{Setup, TwitchTester};

const FACT: &str = "the meetup is in the old library on friday";

pub(crate) const API_TOKEN: &str = "apitokenthatnobodymaysee9876543210";

pub(crate) fn with_api() -> Setup {
    Setup {
        environment: vec![
            ("PEDRO_API_TOKEN", API_TOKEN.to_owned()),
            ("PEDRO_PUBLIC_URL", "https://pedro.example.org/bot".to_owned()),
            ("SEARCH_PROVIDERS", "none".to_owned()),
        ],
        ..Setup::default()
    }
}

impl TwitchTester {
    /// Asks the API: the status and the body.
    async fn api(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut request = http.request(method, format!("http://{}{path}", self.listen()?)).bearer_auth(API_TOKEN);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status().as_u16(), answer.text().await?);
        Ok((status, serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))?))
    }

    async fn post(&self, path: &str, body: Value) -> Result<(u16, Value)> {
        self.api(reqwest::Method::POST, path, Some(body)).await
    }

    async fn get(&self, path: &str) -> Result<(u16, Value)> {
        self.api(reqwest::Method::GET, path, None).await
    }

    /// Puts a question and waits for its end.
    async fn planned(&mut self, body: Value) -> Result<Value> {
        let (status, accepted) = self.post("/v1/plans", body).await?;
        ensure!(status == 202, "{status}: {accepted}");
        let path = format!("/v1/plans/{}", accepted["id"].as_str().context("no id")?);
        self.until("the plan is over", async |t| {
            let (status, view) = t.get(&path).await?;
            ensure!(status == 200, "{status}: {view}");
            Ok(matches!(view["state"].as_str(), Some("answered" | "failed" | "stopped")).then_some(view))
        })
        .await
    }
}

#[sqlx::test(migrations = false)]
async fn a_plan_that_comes_over_http_is_carried_out_and_answered_and_nobody_in_chat_hears_of_it(
    pool: PgPool,
) -> Result<()> {
    with_api()
        .run(pool, async |t| {
            t.chat("alice", FACT);
            t.small_talk();
            t.until_embedded().await?;
            t.model.reply_with(|_| "It is in the old library.".to_owned());
            let steps = json!([
                {"id": "memory", "action": "reference_check", "params": {"query": "where is the meetup?"}, "depends_on": []},
                {"id": "web", "action": "web_search", "params": {"query": "meetup"}, "depends_on": []},
                {"id": "answer", "action": "return_response", "depends_on": ["memory", "web"]},
            ]);
            let (status, accepted) = t.post("/v1/plans", json!({"question": "where is the meetup?", "steps": steps})).await?;
            ensure!(status == 202 && accepted["status"] == "running", "{status}: {accepted}");
            let id = accepted["id"].as_str().context("no id")?.to_owned();
            ensure!(accepted["url"] == format!("https://pedro.example.org/bot/workflows/{id}"), "{accepted}");
            let view = t
                .until("the plan is over", async |t| {
                    let (_, view) = t.get(&format!("/v1/plans/{id}")).await?;
                    Ok((view["state"] == "answered").then_some(view))
                })
                .await?;
            let answer = view["answer"].as_str().unwrap_or_default();
            ensure!(answer.starts_with("It is in the old library."), "{view}");
            ensure!(answer.contains("could not search the web") && answer.contains("Sources: alice"), "{view}");
            let attempt = &view["attempts"][0];
            ensure!(attempt["origin"] == "api" && attempt["status"] == "succeeded", "{view}");
            let statuses: Vec<&str> = attempt["steps"].as_array().context("no steps")?.iter()
                .filter_map(|step| step["status"].as_str()).collect();
            ensure!(statuses == ["succeeded", "failed", "succeeded"], "{view}");
            ensure!(attempt["steps"][0]["result"].as_str().is_some_and(|result| result.contains(FACT)), "{view}");
            ensure!(view["asker"].is_null() && view["channel"] == "http", "{view}");
            let (status, page) = t.page(&format!("/workflows/{id}")).await?;
            ensure!(status == 200 && page.contains("It is in the old library."), "{status}");
            // Nothing of it is a line of anybody's; the tester looks itself that nothing was said in chat.
            ensure!(t.lines().await?.iter().all(|line| !line.text.contains("It is in the old")), "it was said");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn without_steps_pedro_plans_by_itself_and_a_restart_loses_nothing(pool: PgPool) -> Result<()> {
    with_api()
        .run(pool, async |t| {
            let plan = json!({"steps": [{"action": "reference_check", "params": {"query": "meetup"}}]}).to_string();
            t.model.push(Turn::say(plan));
            t.model.push(Turn::Hang);
            let (status, accepted) = t.post("/v1/plans", json!({"question": "what about the meetup?"})).await?;
            ensure!(status == 202 && accepted["status"] == "planning", "{status}: {accepted}");
            t.until("the answer is being written", async |t| Ok((t.model.requests().len() == 2).then_some(()))).await?;
            t.kill().await?;
            t.model.reply_with(|_| "Nobody said a word about it.".to_owned());
            t.start().await?;
            let path = format!("/v1/plans/{}", accepted["id"].as_str().context("no id")?);
            let view = t
                .until("the plan is answered", async |t| {
                    let (_, view) = t.get(&path).await?;
                    Ok((view["state"] == "answered").then_some(view))
                })
                .await?;
            ensure!(
                view["answer"] == "Nobody said a word about it." && view["attempts"][0]["origin"] == "model",
                "{view}"
            );
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn what_is_wrong_with_a_request_is_said_in_a_sentence(pool: PgPool) -> Result<()> {
    with_api()
        .run(pool, async |t| {
            let long = "x".repeat(2_001);
            for (path, body, words) in [
                ("/v1/plans", json!({}), "missing field `question`"),
                ("/v1/plans", json!({"question": "a", "step": []}), "unknown field `step`"),
                ("/v1/plans", json!({"question": " "}), "`question` must be a text"),
                ("/v1/plans", json!({"question": long}), "longer than 2000 characters"),
                ("/v1/plans", json!({"question": "a", "community": "elsewhere"}), "no such community"),
                ("/v1/plans", json!({"question": "a", "steps": {}}), "must be a list of steps"),
                ("/v1/plans", json!({"question": "a", "steps": []}), "The plan has no step"),
                ("/v1/plans", json!({"question": "a", "steps": [{"action": "rm"}]}), "unknown action `rm`"),
                ("/v1/steps", json!({"action": "rm"}), "unknown action `rm`"),
                ("/v1/steps", json!({"action": "web_search"}), "needs `query`"),
                ("/v1/steps", json!({"action": "db_query", "params": {"query": "pg_user"}}), "as `query`"),
                ("/v1/steps", json!({"action": "return_response"}), "`question` must be a text"),
                (
                    "/v1/steps",
                    json!({"action": "return_response", "params": {"question": "a", "results": [1]}}),
                    "list",
                ),
            ] {
                let (status, told) = t.post(path, body.clone()).await?;
                ensure!(status == 400 && told.to_string().contains(words), "{body}: {status} {told}");
                ensure!(told["error"]["message"].is_string(), "{told}");
            }
            for id in ["nonsense", "6f9619ff-8b86-d011-b42d-00c04fc964ff", "%00"] {
                let (status, told) = t.get(&format!("/v1/plans/{id}")).await?;
                ensure!(status == 404 && told["error"]["message"] == "There is no plan with that id.", "{id}: {told}");
            }
            let huge = json!({"question": "x".repeat(300 * 1024)});
            let (status, told) = t.post("/v1/plans", huge).await?;
            ensure!(status == 413 && told["error"]["message"].is_string(), "{status} {told}");
            ensure!(database::count(t.db(), "select count(*) from pedro.question").await? == 0);
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn open_questions_are_limited(pool: PgPool) -> Result<()> {
    with_api()
        .run(pool, async |t| {
            t.model.set_loading(true);
            for _ in 0..10 {
                let (status, told) = t.post("/v1/plans", json!({"question": "still there?"})).await?;
                ensure!(status == 202, "{status} {told}");
            }
            let (status, told) = t.post("/v1/plans", json!({"question": "one more?"})).await?;
            ensure!(status == 429 && told["error"]["message"].is_string(), "{status} {told}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn steps_are_carried_out_one_by_one(pool: PgPool) -> Result<()> {
    with_api()
        .run(pool, async |t| {
            t.chat("alice", FACT);
            t.small_talk();
            t.until_embedded().await?;
            let step = json!({"action": "reference_check", "params": {"query": "where is the meetup?"}});
            let (status, memory) = t.post("/v1/steps", step).await?;
            ensure!(status == 200 && memory["status"] == "succeeded", "{status} {memory}");
            let found = memory["result"].as_str().context("no result")?.to_owned();
            ensure!(found.contains(FACT) && !memory["citations"].as_array().context("none")?.is_empty(), "{memory}");

            let (status, web) = t.post("/v1/steps", json!({"action": "web_search", "params": {"query": "x"}})).await?;
            ensure!(status == 200 && web["status"] == "failed" && web["result"].is_null(), "{status} {web}");
            ensure!(web["note"] == "no web search is set up here", "{web}");

            t.model.push(Turn::say("In the old library."));
            let params = json!({"question": "where is the meetup?", "results": [found]});
            let (status, answer) = t.post("/v1/steps", json!({"action": "return_response", "params": params})).await?;
            ensure!(status == 200 && answer["result"] == "In the old library.", "{status} {answer}");
            let prompt = t.prompts().remove(0);
            ensure!(prompt.contains(FACT) && prompt.contains("where is the meetup?"), "{prompt}");

            t.model.stop();
            let params = json!({"question": "and now?", "results": []});
            let (status, failed) = t.post("/v1/steps", json!({"action": "return_response", "params": params})).await?;
            ensure!(status == 200 && failed["status"] == "failed", "{status} {failed}");
            ensure!(failed["note"] == "the language model does not answer at the moment", "{failed}");
            // Whoever drives the steps keeps what they bring.
            for rows in [
                "select count(*) from pedro.question",
                "select count(*) from pedro.plan",
                "select count(*) from pedro.generation",
            ] {
                ensure!(database::count(t.db(), rows).await? == 0, "{rows}");
            }
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_caller_who_hangs_up_gives_the_models_slot_back(pool: PgPool) -> Result<()> {
    with_api()
        .run(pool, async |t| {
            t.model.push(Turn::Hang);
            let params = json!({"question": "for ever?", "results": []});
            let hanging = t.post("/v1/steps", json!({"action": "return_response", "params": params}));
            ensure!(tokio::time::timeout(std::time::Duration::from_secs(3), hanging).await.is_err());
            t.until_generating(0).await?;
            t.model.push(Turn::say("No."));
            let view = t.planned(json!({"question": "and now?", "steps": [{"action": "return_response"}]})).await?;
            ensure!(view["answer"] == "No.", "{view}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn without_the_token_nothing_is_done_and_the_token_is_never_logged(pool: PgPool) -> Result<()> {
    with_api()
        .run(pool, async |t| {
            let (status, told) = t.page("/v1/plans/1").await?;
            ensure!(status == 401 && told.contains("Authorization: Bearer"), "{status} {told}");
            ensure!(t.page("/v1/openapi.json").await?.0 == 200);
            ensure!(!t.log().contains(API_TOKEN) && !t.page("/metrics").await?.1.contains(API_TOKEN));
            Ok(())
        })
        .await
}
