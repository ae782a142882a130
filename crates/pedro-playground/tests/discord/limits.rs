//! Rate limits, and what becomes of bots that do not keep them.

use std::time::Duration;

use anyhow::{Context, Result};
use pedro_playground::discord::Trouble;
use serde_json::{Value, json};

use crate::support::town;

#[tokio::test]
async fn a_channel_takes_so_many_messages() -> Result<()> {
    let town = town().await?;
    town.discord.set_rate_limits(true);
    // So long that no machine is slow enough to see it pass.
    town.discord.set_message_limit(2, Duration::from_secs(600));
    let path = format!("/channels/{}/messages", town.general);
    let first = town.bot("POST", &path, json!({ "content": "1" })).await?;
    assert_eq!(first.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    let bucket = first.header("x-ratelimit-bucket").context("a bucket")?.to_owned();
    let after: f64 = first.header("x-ratelimit-reset-after").context("a time")?.parse()?;
    assert!(after > 500.0 && after <= 600.0);
    town.bot("POST", &path, json!({ "content": "2" })).await?;

    let refused = town.bot("POST", &path, json!({ "content": "3" })).await?;
    let body = refused.json()?;
    assert_eq!((refused.status, &body["global"]), (429, &json!(false)));
    let wait = body["retry_after"].as_f64().context("a time")?;
    assert_eq!(refused.header("retry-after"), Some(format!("{}", wait.ceil()).as_str()));
    assert_eq!(refused.header("x-ratelimit-scope"), Some("user"));
    assert_eq!(refused.header("x-ratelimit-bucket"), Some(bucket.as_str()));
    assert_eq!(town.discord.bot_messages(town.general).len(), 2);

    let other = town.discord.add_channel(town.guild, "other");
    let elsewhere = town.bot("POST", &format!("/channels/{other}/messages"), json!({ "content": "1" })).await?;
    assert_eq!((elsewhere.status, elsewhere.header("x-ratelimit-bucket")), (200, Some(bucket.as_str())));
    town.discord.set_rate_limits(false);
    let free = town.bot("POST", &path, json!({ "content": "4" })).await?;
    assert_eq!((free.status, free.header("x-ratelimit-limit")), (200, None));
    Ok(())
}

#[tokio::test]
async fn who_does_not_wait_is_noted() -> Result<()> {
    let town = town().await?;
    let wait = Trouble::RateLimited { retry_after_ms: 600_000, global: true };
    town.discord.trouble("GET", "/users/@me", 1, wait);
    let refused = town.bot("GET", "/users/@me", Value::Null).await?;
    assert_eq!((refused.status, refused.header("x-ratelimit-global")), (429, Some("true")));
    assert_eq!((refused.json()?["global"].clone(), refused.header("retry-after")), (json!(true), Some("600")));
    // What was on its way already is forgiven; what comes later is not.
    while town.discord.violations().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        town.bot("GET", "/gateway/bot", Value::Null).await?;
    }
    assert!(town.discord.violations()[0].contains("sooner than a 429 allowed"));
    Ok(())
}

#[tokio::test]
async fn requests_are_noted_with_what_became_of_them() -> Result<()> {
    let town = town().await?;
    town.bot("GET", "/users/@me?x=y", Value::Null).await?;
    town.bot("GET", "/guilds/5", Value::Null).await?;
    let noted: Vec<String> = town
        .discord
        .requests()
        .into_iter()
        .map(|request| format!("{} {} {}", request.method, request.path, request.status))
        .collect();
    assert_eq!(noted, ["GET /users/@me?x=y 200", "GET /guilds/5 404"]);
    Ok(())
}
