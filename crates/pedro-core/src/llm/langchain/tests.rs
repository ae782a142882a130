use std::sync::Arc;

use serde_json::json;
use url::Url;

use super::*;
use crate::llm::Purpose;
use crate::testing::{ScriptedModelServer, Turn};

/// Limits no test waits for, unless it sets one.
fn limits() -> ModelLimits {
    let long = Duration::from_secs(30);
    ModelLimits { deadline: long, stall: long, give_up: long }
}

fn model(limits: ModelLimits) -> LangchainModel {
    LangchainModel::new("pedro-model", Some("s3cret".into()), limits).unwrap()
}

fn request() -> GenerationRequest {
    let message = |role, content: &str| PromptMessage { role, content: content.to_owned() };
    GenerationRequest {
        messages: vec![
            message(PromptRole::System, "You are Pedro."),
            message(PromptRole::User, "What is {secret}?"),
            message(PromptRole::Assistant, "A word in braces."),
            message(PromptRole::User, "And now?"),
        ],
        max_tokens: 64,
        temperature: 0.5,
        json_schema: None,
        purpose: Purpose::Answer,
    }
}

async fn ask(server: &ScriptedModelServer, limits: ModelLimits) -> Result<Generation, LlmError> {
    model(limits).generate(&server.server(), &request(), None).await
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for {what}");
}

#[tokio::test]
async fn a_text_comes_whole_with_its_tokens() {
    let server = ScriptedModelServer::start().unwrap();
    server.push(Turn::say("Howdy, this is Pedro 🤠"));
    let generation = ask(&server, limits()).await.unwrap();
    assert_eq!(generation.text, "Howdy, this is Pedro 🤠");
    assert_eq!((generation.prompt_tokens, generation.completion_tokens), (Some(7), Some(5)));
    assert!(generation.first_token.unwrap() <= generation.took);
    assert_eq!(generation.model, "pedro-model");
}

#[tokio::test]
async fn the_request_says_what_was_asked_and_nothing_else() {
    let server = ScriptedModelServer::start().unwrap();
    let schema = json!({"type": "object", "properties": {"steps": {"type": "array"}}, "required": ["steps"]});
    let request = GenerationRequest { json_schema: Some(schema.clone()), purpose: Purpose::Plan, ..request() };
    model(limits()).generate(&server.server(), &request, None).await.unwrap();
    let body = &server.requests()[0];
    assert_eq!(body["model"], "pedro-model");
    assert_eq!((&body["max_tokens"], &body["temperature"]), (&json!(64), &json!(0.5)));
    assert_eq!(body["stream"], true);
    assert_eq!(body["response_format"]["type"], "json_schema");
    assert_eq!(body["response_format"]["json_schema"]["name"], "plan");
    assert_eq!(body["response_format"]["json_schema"]["schema"], schema);
    let messages: Vec<(&str, &str)> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (message["role"].as_str().unwrap(), message["content"].as_str().unwrap()))
        .collect();
    assert_eq!(
        messages,
        [
            ("system", "You are Pedro."),
            ("user", "What is {secret}?"),
            ("assistant", "A word in braces."),
            ("user", "And now?"),
        ]
    );
}

#[tokio::test]
async fn drafts_grow_and_a_full_channel_holds_nothing_up() {
    let server = ScriptedModelServer::start().unwrap();
    let chunks: Vec<String> = (0..8).map(|i| format!("word{i} ")).collect();
    server.push(Turn::Trickle { chunks: chunks.clone(), every: Duration::from_millis(100) });
    let (drafts, mut received) = mpsc::channel(1);
    let generation = model(limits()).generate(&server.server(), &request(), Some(&drafts)).await.unwrap();
    assert_eq!(generation.text, chunks.concat());
    assert_eq!(received.recv().await.unwrap(), "word0 ");

    server.push(Turn::Trickle { chunks: chunks.clone(), every: Duration::from_millis(100) });
    let (drafts, mut received) = mpsc::channel(64);
    model(limits()).generate(&server.server(), &request(), Some(&drafts)).await.unwrap();
    drop(drafts);
    let mut seen = Vec::new();
    while let Some(draft) = received.recv().await {
        seen.push(draft);
    }
    assert!((2..8).contains(&seen.len()), "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[1].starts_with(&pair[0])), "{seen:?}");
}

#[tokio::test]
async fn a_server_that_hangs_is_left_at_the_deadline() {
    let server = ScriptedModelServer::start().unwrap();
    server.push(Turn::Hang);
    let limits = ModelLimits { deadline: Duration::from_millis(200), ..limits() };
    assert_eq!(ask(&server, limits).await, Err(LlmError::Timeout));
    until("the slot", || server.in_flight() == 0).await;
}

#[tokio::test]
async fn a_text_that_stops_in_the_middle_is_stalled() {
    let server = ScriptedModelServer::start().unwrap();
    server.push(Turn::Stall(vec!["Once upon".into()]));
    let limits = ModelLimits { stall: Duration::from_millis(200), ..limits() };
    assert_eq!(ask(&server, limits).await, Err(LlmError::Stalled));
}

#[tokio::test]
async fn a_long_wait_before_the_first_word_is_not_a_stall() {
    let server = ScriptedModelServer::start().unwrap();
    server.push(Turn::SayAfter(Duration::from_millis(600), "slow but sure".into()));
    let limits = ModelLimits { stall: Duration::from_millis(200), ..limits() };
    assert_eq!(ask(&server, limits).await.unwrap().text, "slow but sure");
}

#[tokio::test]
async fn a_server_that_loads_its_model_is_waited_for_beyond_giving_up() {
    let server = Arc::new(ScriptedModelServer::start().unwrap());
    server.set_loading(true);
    let starting = Arc::clone(&server);
    tokio::spawn(async move {
        sleep(Duration::from_millis(1500)).await;
        starting.set_loading(false);
    });
    let limits = ModelLimits { give_up: Duration::from_millis(100), ..limits() };
    assert_eq!(ask(&server, limits).await.unwrap().text, "scripted answer");
}

#[tokio::test]
async fn a_server_that_never_finishes_loading_is_told_as_such() {
    let server = ScriptedModelServer::start().unwrap();
    server.set_loading(true);
    let limits = ModelLimits { deadline: Duration::from_millis(2500), ..limits() };
    assert_eq!(ask(&server, limits).await, Err(LlmError::Loading));
}

#[tokio::test]
async fn a_server_that_comes_up_late_still_answers() {
    let mut server = ScriptedModelServer::start().unwrap();
    server.stop();
    let address = server.server();
    let asking = tokio::spawn(async move { model(limits()).generate(&address, &request(), None).await });
    sleep(Duration::from_millis(300)).await;
    server.restart().unwrap();
    assert_eq!(asking.await.unwrap().unwrap().text, "scripted answer");
}

#[tokio::test]
async fn nobody_there_is_given_up() {
    let server = ModelServer::new(Url::parse("http://127.0.0.1:1").unwrap());
    let limits = ModelLimits { give_up: Duration::from_millis(100), ..limits() };
    let err = model(limits).generate(&server, &request(), None).await.unwrap_err();
    assert_eq!(err, LlmError::Unavailable { status: None });
    assert!(err.is_transient());
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_is_not_an_answer() {
    let server = ScriptedModelServer::start().unwrap();
    server.push(Turn::CutAfter(3));
    assert_eq!(ask(&server, limits()).await, Err(LlmError::Unavailable { status: None }));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_connection_cut_before_the_first_word_is_tried_again() {
    let server = ScriptedModelServer::start().unwrap();
    server.push(Turn::CutAfter(0));
    assert_eq!(ask(&server, limits()).await.unwrap().text, "scripted answer");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn refusals_are_not_repeated() {
    for status in [400, 401, 404] {
        let server = ScriptedModelServer::start().unwrap();
        server.push(Turn::Status(status));
        assert_eq!(ask(&server, limits()).await, Err(LlmError::Refused { status }));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_not_asked_for_ever() {
    let server = ScriptedModelServer::start().unwrap();
    for _ in 0..100 {
        server.push(Turn::Status(500));
    }
    assert_eq!(ask(&server, limits()).await, Err(LlmError::Unavailable { status: Some(500) }));
    // Four requests by the client for each of our tries.
    assert_eq!(server.requests().len(), 4 * TRIES_ON_SERVER_ERROR as usize);
}

#[tokio::test]
async fn nothing_written_is_empty() {
    let server = ScriptedModelServer::start().unwrap();
    for turn in [Turn::Empty, Turn::say(" \n ")] {
        server.push(turn);
        assert_eq!(ask(&server, limits()).await, Err(LlmError::Empty));
    }
}

#[tokio::test]
async fn dropping_the_future_frees_the_servers_slot() {
    let server = ScriptedModelServer::start().unwrap();
    for turn in [Turn::Hang, Turn::Stall(vec!["Once".into()])] {
        server.push(turn);
        let address = server.server();
        let asking = tokio::spawn(async move { model(limits()).generate(&address, &request(), None).await });
        until("the request", || server.in_flight() == 1).await;
        // Let the first word arrive, where there is one.
        sleep(Duration::from_millis(100)).await;
        asking.abort();
        until("the slot", || server.in_flight() == 0).await;
    }
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_generation() {
    let server = ScriptedModelServer::start().unwrap();
    let model = model(limits());
    for _ in 0..3 {
        model.generate(&server.server(), &request(), None).await.unwrap();
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn the_real_server_answers_and_keeps_to_a_schema() {
    let address = std::env::var("LLAMA_CPP_PATH").expect("a llama.cpp server: `dev/up`, then `. .local/env`");
    let server = ModelServer::new(address.parse().unwrap());
    let client = crate::llm::ServerClient::new(None).unwrap();
    assert!(client.slots(&server).await.unwrap() >= 1);
    assert_eq!(client.health(&server).await, crate::llm::ServerHealth::Ready);
    let (drafts, mut received) = mpsc::channel(64);
    let said = model(limits()).generate(&server, &request(), Some(&drafts)).await.unwrap();
    assert!(said.prompt_tokens.unwrap() > 10 && said.completion_tokens.unwrap() > 0, "{said:?}");
    assert!(said.text.starts_with(&received.recv().await.unwrap()), "{said:?}");
    let schema = json!({
        "type": "object",
        "properties": {"answer": {"type": "string", "maxLength": 40}},
        "required": ["answer"],
        "additionalProperties": false,
    });
    let request = GenerationRequest { json_schema: Some(schema), max_tokens: 128, ..request() };
    let said = model(limits()).generate(&server, &request, None).await.unwrap();
    // A model this small may fill its tokens with white space before the object is closed.
    let begins: String = said.text.split_whitespace().collect();
    assert!(begins.starts_with("{\"answer\":\""), "{}", said.text);
}

#[tokio::test]
async fn a_model_that_says_the_same_without_end_is_cut_off_and_its_slot_is_free() {
    let server = ScriptedModelServer::start().unwrap();
    let mut pieces = vec!["On friday at seven. ".to_owned()];
    pieces.extend(std::iter::repeat_n("It is what it is. ".to_owned(), 300));
    // It would go on: after these the server neither writes nor hangs up.
    server.push(Turn::Stall(pieces.clone()));
    let generation = ask(&server, limits()).await.unwrap();
    assert!(generation.text.starts_with("On friday at seven. It is what it is."));
    assert!(generation.text.len() < pieces.concat().len() / 4, "{} bytes", generation.text.len());
    until("the server is rid of it", || server.in_flight() == 0).await;
}
