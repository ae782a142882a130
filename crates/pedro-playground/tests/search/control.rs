//! What the page drives the stand-in with.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, web};

const SEARX: &str = "/searx/search?q=loud&format=json";

#[tokio::test]
async fn the_page_makes_trouble_and_reads_what_was_asked() -> Result<()> {
    let web = web().await?;
    let misbehave = async |body: Value| web.post("/api/search/misbehave", &body.to_string()).await;
    let next = |trouble: Value| json!({ "action": "next", "provider": "searxng", "count": 1, "trouble": trouble });
    for body in [
        next(json!({ "kind": "status", "status": 500 })),
        next(json!({ "kind": "rate_limited", "retry_after_s": 3 })),
        json!({ "action": "delay", "provider": "brave", "ms": 2_000 }),
        json!({ "action": "searxng_json", "on": false }),
        json!({ "action": "brave_token", "token": "good" }),
    ] {
        assert_eq!(misbehave(body.clone()).await?.status, 200, "{body}");
    }
    let state = web.get("/api/search/state").await?.json()?;
    assert_eq!(state["trouble"]["searxng"]["next"][1], json!({ "kind": "rate_limited", "retry_after_s": 3 }));
    assert_eq!((&state["trouble"]["brave"]["delay_ms"], &state["searxng_json"]), (&json!(2_000), &json!(false)));
    assert_eq!((web.get(SEARX).await?.status, web.get(SEARX).await?.status), (500, 429));
    assert_eq!(web.get(SEARX).await?.status, 403);
    assert_eq!(misbehave(json!({ "action": "no_trouble" })).await?.status, 200);
    assert_eq!(misbehave(json!({ "action": "next", "provider": "altavista", "count": 1 })).await?.status, 422);

    web.get("/trap/echo").await?;
    let asked = web.get("/api/search/requests?provider=searxng&last=2").await?.json()?;
    let statuses: Vec<&Value> =
        asked["requests"].as_array().context("a list")?.iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [429, 403]);
    assert_eq!(asked["requests"][0]["query"], "loud");
    assert_eq!(
        web.get("/api/search/state").await?.json()?["counts"],
        json!({
        "searxng": 3, "duckduckgo": 0, "answers": 0, "brave": 0, "wikipedia": 0, "trap": 1 })
    );
    web.post("/api/search/forget", "{}").await?;
    assert_eq!(web.get("/api/search/requests").await?.json()?["requests"], json!([]));
    Ok(())
}

#[tokio::test]
async fn the_page_puts_other_pages_there() -> Result<()> {
    let web = web().await?;
    let put = async |body: Value| web.post("/api/search/pages", &body.to_string()).await;
    let page = json!({ "title": "Ducks", "url": "https://ducks.example/", "text": "They quack." });
    assert_eq!(put(json!({ "pages": [page] })).await?.status, 200);
    assert_eq!(web.get("/api/search/find?q=quack").await?.json()?["pages"][0]["title"], "Ducks");
    assert!(web.get("/ddg/html/?q=duck").await?.body.contains("ducks.example"));
    for wrong in [json!({ "title": " ", "url": "https://a.example/" }), json!({ "title": "a", "url": "a" })] {
        let mut wrong = wrong;
        wrong["text"] = json!("");
        let refused = put(json!({ "pages": [wrong] })).await?;
        assert!(refused.status == 400 && refused.json()?["error"].is_string());
    }
    assert_eq!(put(json!({})).await?.status, 200);
    assert!(web.search.pages().len() >= 12);
    Ok(())
}

#[tokio::test]
async fn events_tell_of_each_request_twice_as_it_comes_and_as_it_is_answered() -> Result<()> {
    let web = web().await?;
    let mut stream = TcpStream::connect(web.playground.http_url().replace("http://", "")).await?;
    stream.write_all(b"GET /api/search/events HTTP/1.1\r\nHost: playground\r\n\r\n").await?;
    let mut lines = BufReader::new(stream).lines();
    let mut next = async || -> Result<Value> {
        loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await??.context("the stream ended")?;
            if let Some(data) = line.strip_prefix("data: ") {
                return Ok(serde_json::from_str(data)?);
            }
            // The headers are there: from now on nothing is missed.
            if line.starts_with("content-type") || line.starts_with("Content-Type") {
                return Ok(Value::Null);
            }
        }
    };
    assert_eq!(next().await?, Value::Null);
    web.get(SEARX).await?;
    let (came, answered) = (next().await?, next().await?);
    assert_eq!((&came["type"], &came["request"]["status"]), (&json!("request"), &json!(0)));
    assert_eq!((&answered["request"]["number"], &answered["request"]["status"]), (&json!(1), &json!(200)));
    web.search.restore_pages();
    assert_eq!(next().await?, json!({ "type": "state" }));
    web.playground.shutdown().await;
    Ok(())
}
