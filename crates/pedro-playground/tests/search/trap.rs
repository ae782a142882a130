//! The addresses that a client has to be wary of.

use std::time::{Duration, Instant};

use anyhow::Result;
use pedro_playground::search::Provider;
use serde_json::json;

use crate::support::web;

#[tokio::test]
async fn a_redirect_leads_anywhere_or_nowhere() -> Result<()> {
    let web = web().await?;
    let away = web.get("/trap/redirect?to=http%3A%2F%2F192.0.2.1%2Fsecret").await?;
    assert_eq!((away.status, away.header("location")), (302, Some("http://192.0.2.1/secret")));
    let round = web.get("/trap/redirect?status=307").await?;
    assert_eq!((round.status, round.header("location")), (307, Some("/trap/redirect")));
    assert_eq!(web.get("/trap/redirect?to=%0d%0aSet-Cookie:x").await?.status, 400);
    assert_eq!(web.get("/trap/redirect?status=200&to=/").await?.status, 302);
    Ok(())
}

#[tokio::test]
async fn a_big_answer_tells_its_length_or_does_not() -> Result<()> {
    let web = web().await?;
    let told = web.get("/trap/big?bytes=200000").await?;
    assert_eq!((told.header("content-length"), told.body.len()), (Some("200000"), 200_000));
    let untold = web.get("/trap/big?bytes=200000&chunked=1").await?;
    assert_eq!((untold.header("content-length"), untold.header("transfer-encoding")), (None, Some("chunked")));
    assert_eq!(untold.body.matches('x').count(), 200_000);
    assert_eq!(web.get("/trap/big?bytes=0").await?.body, "");
    Ok(())
}

#[tokio::test]
async fn a_slow_answer_comes_in_the_end_and_an_echo_says_what_was_asked() -> Result<()> {
    let web = web().await?;
    let start = Instant::now();
    assert_eq!(web.get("/trap/slow?ms=60").await?.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(60));

    let echo = web.ask("PUT /trap/echo?a=1&b=%C3%A4", "X-Key: secret\r\n", "{\"n\":1}").await?.json()?;
    assert_eq!((&echo["method"], &echo["path"]), (&json!("PUT"), &json!("/trap/echo")));
    assert_eq!((&echo["query"], &echo["params"]), (&json!("a=1&b=%C3%A4"), &json!({ "a": "1", "b": "ä" })));
    assert_eq!((&echo["headers"]["x-key"], &echo["body"]), (&json!("secret"), &json!("{\"n\":1}")));

    web.search.fail_next(Provider::Trap, 1);
    assert_eq!(web.get("/trap/echo").await?.status, 503);
    let noted: Vec<String> = web.search.requests_to(Provider::Trap).into_iter().map(|request| request.query).collect();
    assert_eq!(noted, ["/trap/slow?ms=60", "/trap/echo?a=1&b=%C3%A4", "/trap/echo"]);
    Ok(())
}
