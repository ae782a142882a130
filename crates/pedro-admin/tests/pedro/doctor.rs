use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use pedro_core::testing::{ScriptedConnect, ScriptedModelServer};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Ended, TempDir, end, pedro, run};

fn state<'a>(checks: &'a Value, name: &str) -> Option<&'a str> {
    checks.as_array().unwrap().iter().find(|check| check["name"] == name)?["state"].as_str()
}

fn checks(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap()
}

#[sqlx::test(migrations = false)]
async fn what_is_well_is_said_and_what_is_to_come_is_no_failure(pool: PgPool) {
    let model = ScriptedModelServer::start().unwrap();
    let doctor = |pool: &PgPool| {
        let mut doctor = pedro(Some(pool), &["doctor", "--json"]);
        doctor.env("LLAMA_CPP_PATH", model.url().as_str());
        doctor
    };
    let ended = end(doctor(&pool)).await;
    let before = checks(&ended);
    assert_eq!(
        (ended.code, state(&before, "migrations"), state(&before, "pgvector")),
        (0, Some("warning"), Some("warning"))
    );
    run(&pool, &["migrate"]).await.ok();
    let ended = end(doctor(&pool)).await;
    let after = checks(&ended);
    assert_eq!(ended.code, 0, "{after:#}");
    for name in [
        "configuration",
        "database",
        "connection",
        "version",
        "pgvector",
        "pg_trgm",
        "migrations",
        "search path",
        "embedder",
        "embeddings",
        "model server",
    ] {
        assert_eq!(state(&after, name), Some("ok"), "{name} in {after:#}");
    }
}

#[sqlx::test(migrations = false)]
async fn everything_wrong_is_named_with_how_to_mend_it(pool: PgPool) {
    let mut doctor = pedro(Some(&pool), &["doctor"]);
    doctor.env("LLAMA_CPP_PATH", "http://127.0.0.1:1").env("MODEL_TIMEOUT", "soon").env("PEDRO_TIME_ZONE", "Utah");
    let ended = end(doctor).await;
    assert_eq!(ended.code, 1);
    for told in ["✗ configuration: MODEL_TIMEOUT", "✗ configuration: PEDRO_TIME_ZONE", "→ expected", "✓ embedder"]
    {
        assert!(ended.out.contains(told), "{told} in {}", ended.out);
    }
    let mut doctor = pedro(Some(&pool), &["doctor"]);
    doctor
        .env("LLAMA_CPP_PATH", "http://127.0.0.1:1")
        .env("DATABASE_URL", "postgres://pedro:hunter2@127.0.0.1:1/pedro");
    let ended = end(doctor).await;
    assert!(ended.out.contains("✗ model server") && ended.out.contains("✗ database"), "{}", ended.out);
    assert!(!ended.out.contains("hunter2") && !ended.err.contains("hunter2"));
}

#[sqlx::test(migrations = false)]
async fn a_transaction_pooler_is_known_by_its_parameters(pool: PgPool) {
    let mut doctor = pedro(Some(&pool), &["doctor"]);
    let url = sqlx::ConnectOptions::to_url_lossy(&*pool.connect_options());
    let glue = if url.query().is_some() { '&' } else { '?' };
    doctor.env("DATABASE_URL", format!("{url}{glue}pgbouncer=true"));
    let ended = end(doctor).await;
    assert!(ended.out.contains("✗ connection") && ended.out.contains(":5432/"), "{}{}", ended.out, ended.err);
}

async fn validate(headers: HeaderMap) -> axum::response::Response {
    match headers.get("authorization").and_then(|value| value.to_str().ok()) {
        Some("OAuth good") => Json(json!({
            "client_id": "abc", "login": "pedro", "scopes": ["chat:read", "chat:edit"], "user_id": "1", "expires_in": 5_000_000
        }))
        .into_response(),
        _ => (StatusCode::UNAUTHORIZED, Json(json!({ "status": 401, "message": "invalid access token" }))).into_response(),
    }
}

#[sqlx::test(migrations = false)]
async fn a_twitch_token_is_checked_and_never_shown(pool: PgPool) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let oauth = format!("http://{}/oauth2", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/oauth2/validate", get(validate))).await });
    for (token, id, told) in [
        ("oauth:good", "abc", "✓ Twitch token: pedro's, chat:read chat:edit, ends in 57 days"),
        ("good", "other", "✗ Twitch client id"),
        ("bad-token", "abc", "✗ Twitch token: Twitch refuses it"),
    ] {
        let mut doctor = pedro(Some(&pool), &["doctor"]);
        doctor.env("TWITCH_OAUTH_URL", &oauth).env("TWITCH_TOKEN", token).env("TWITCH_ID", id);
        let ended = end(doctor).await;
        assert!(ended.out.contains(told), "{told} in {}", ended.out);
        assert!(!ended.out.contains("bad-token"));
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_kept_in_1password_is_looked_up_and_checked(pool: PgPool) {
    const TOKEN: &str = "the-token-of-the-server";
    let (model, connect) = (ScriptedModelServer::start().unwrap(), ScriptedConnect::start(TOKEN).await.unwrap());
    let url = sqlx::ConnectOptions::to_url_lossy(&*pool.connect_options());
    connect.add("Pedro", "database", &[("url", url.as_str()), ("empty", "")]);
    let doctor = |database: &str, token: &str| {
        let mut doctor = pedro(None, &["doctor"]);
        doctor.env("LLAMA_CPP_PATH", model.url().as_str()).env("DATABASE_URL", database);
        doctor.env("OP_CONNECT_HOST", connect.url()).env("OP_CONNECT_TOKEN", token).env("OP_CONNECT_WAIT", "1s");
        doctor
    };
    let ended = end(doctor("op://Pedro/database/url", TOKEN)).await;
    for told in ["✓ 1Password: 1Password Connect answers, vaults: 1", "✓ configuration", "✓ database"] {
        assert!(ended.out.contains(told), "{told} in {}{}", ended.out, ended.err);
    }
    let ended = end(doctor("op://Pedro/database/empty", TOKEN)).await;
    let told = "✗ configuration: DATABASE_URL: names op://Pedro/database/empty, but the field \"empty\" has no value";
    assert!(ended.code == 1 && ended.out.contains(told), "{}", ended.out);
    let ended = end(doctor("op://Pedro/database/url", "another-token")).await;
    assert!(ended.code == 1 && ended.out.contains("✗ 1Password: OP_CONNECT_TOKEN: "), "{}", ended.out);
    assert!(ended.out.contains("(needed by DATABASE_URL, kept in 1Password)"), "{}", ended.out);
    assert!(!ended.out.contains("another-token"), "{}", ended.out);
    // Every other command, too, and from a file.
    let dir = TempDir::new();
    let mut migrate = pedro(None, &["migrate"]);
    migrate.env("OP_CONNECT_HOST", connect.url()).env("OP_CONNECT_TOKEN_FILE", dir.file("token", format!("{TOKEN}\n")));
    migrate.env("DATABASE_URL_FILE", dir.file("url", "op://Pedro/database/url\n"));
    assert!(end(migrate).await.ok().contains("the tables are up to date"));
}
