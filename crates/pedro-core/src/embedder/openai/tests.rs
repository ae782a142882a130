use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::*;

/// What the fake server does with its n-th request (from 0) and the number of texts in it.
type Script = fn(usize, &[Value]) -> (StatusCode, Value);

/// Each text's vector is `[its place, 2]`, sent in the opposite order.
fn backwards(_: usize, texts: &[Value]) -> (StatusCode, Value) {
    let items: Vec<Value> =
        (0..texts.len()).rev().map(|i| json!({"index": i, "embedding": [i as f32 + 1.0, 2.0]})).collect();
    (StatusCode::OK, json!({"data": items}))
}

async fn serve(script: Script) -> (Url, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    let route = post(move |headers: HeaderMap, Json(body): Json<Value>| async move {
        assert_eq!(body["model"], "nomic");
        assert_eq!(headers["authorization"], "Bearer s3cret");
        let (status, body) = script(counter.fetch_add(1, Ordering::SeqCst), body["input"].as_array().unwrap());
        (status, Json(body))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/embeddings", route)).await });
    (url, requests)
}

async fn connect(url: &Url) -> Result<OpenAiEmbedder, EmbedError> {
    OpenAiEmbedder::connect(url, "nomic", Some("s3cret".into()), Duration::from_secs(5)).await
}

#[tokio::test]
async fn vectors_come_in_the_order_of_the_texts_across_requests() {
    let (url, requests) = serve(backwards).await;
    let embedder = connect(&url).await.unwrap();
    assert_eq!(embedder.model(), &EmbeddingModel { name: "nomic".into(), dimension: 2 });
    let texts: Vec<String> = (0..150).map(|i| format!("line {i}")).collect();
    let vectors = embedder.embed(&texts).await.unwrap();
    assert_eq!(vectors.len(), 150);
    for (i, vector) in vectors.iter().enumerate() {
        let place = (i % TEXTS_PER_REQUEST) as f32 + 1.0;
        assert!((vector[0] / vector[1] - place / 2.0).abs() < 1e-3, "{i}: {vector:?}");
        assert!((vector[0].hypot(vector[1]) - 1.0).abs() < 1e-4);
    }
    assert_eq!(requests.load(Ordering::SeqCst), 1 + 3);
}

#[tokio::test]
async fn a_passing_fault_is_tried_again() {
    let (url, requests) = serve(|n, texts| match n {
        1 | 2 => (StatusCode::SERVICE_UNAVAILABLE, json!({})),
        _ => backwards(n, texts),
    })
    .await;
    connect(&url).await.unwrap().embed_query("hello").await.unwrap();
    assert_eq!(requests.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_lasting_fault_is_not() {
    let (url, requests) = serve(|_, _| (StatusCode::UNAUTHORIZED, json!({}))).await;
    let err = connect(&url).await.err().unwrap();
    assert!(matches!(err, EmbedError::Invalid(_)) && !err.to_string().contains("s3cret"), "{err}");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn malformed_answers_are_invalid() {
    let scripts: [Script; 5] = [
        |_, _| (StatusCode::OK, json!({"data": []})),
        |_, _| (StatusCode::OK, json!({"nothing": 1})),
        |_, _| (StatusCode::OK, json!({"data": [{"index": 7, "embedding": [1.0]}]})),
        |_, _| (StatusCode::OK, json!({"data": [{"index": 0, "embedding": [0.0, 0.0]}]})),
        |n, texts| match n {
            0 => backwards(n, texts),
            _ => (StatusCode::OK, json!({"data": [{"index": 0, "embedding": [1.0, 2.0, 3.0]}]})),
        },
    ];
    for script in scripts {
        let (url, _) = serve(script).await;
        let result = match connect(&url).await {
            Ok(embedder) => embedder.embed_query("hello").await,
            Err(err) => Err(err),
        };
        assert!(matches!(result, Err(EmbedError::Invalid(_))), "{result:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let err = connect(&Url::parse("http://127.0.0.1:1").unwrap()).await.err().unwrap();
    assert!(err.is_transient(), "{err}");
}

#[test]
fn the_base_may_name_the_version_or_not() {
    for (base, expected) in [
        ("http://host:8080", "http://host:8080/v1/embeddings"),
        ("http://host/v1", "http://host/v1/embeddings"),
        ("http://host/v1/", "http://host/v1/embeddings"),
        ("https://host/tei", "https://host/tei/v1/embeddings"),
    ] {
        assert_eq!(endpoint(&Url::parse(base).unwrap()).unwrap().as_str(), expected);
    }
}
