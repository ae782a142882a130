//! What the stand-in does to bots when it is told to misbehave.

use std::time::{Duration, Instant};

use anyhow::Result;
use pedro_playground::discord::Trouble;
use serde_json::{Value, json};

use crate::support::{INTENTS, PATIENCE, Shard, town};

#[tokio::test]
async fn a_silent_gateway_swallows_everything_and_keeps_it_for_who_resumes() -> Result<()> {
    let town = town().await?;
    let (mut shard, ready) = Shard::ready(&town.playground, INTENTS).await?;
    shard.event("GUILD_CREATE").await?;
    town.discord.silence(true);
    town.discord.say(town.general, "alice", "lost at first");
    shard.send(json!({ "op": 1, "d": shard.seq })).await?;
    let silence = tokio::time::timeout(Duration::from_millis(100), shard.payload()).await;
    assert!(silence.is_err(), "{silence:?}");
    town.discord.silence(false);
    shard.end().await?;

    let mut again = Shard::connect(&town.playground).await?;
    again.resume(&ready["session_id"], shard.seq).await?;
    assert_eq!(again.event("MESSAGE_CREATE").await?["content"], "lost at first");
    Ok(())
}

#[tokio::test]
async fn a_bot_is_sent_away_and_told_whether_to_come_back() -> Result<()> {
    let town = town().await?;
    let (mut shard, ready) = Shard::ready(&town.playground, INTENTS).await?;
    town.discord.send_reconnect();
    shard.op(7).await?;
    town.discord.invalidate_sessions(true);
    assert_eq!(shard.op(9).await?["d"], true);
    assert_eq!(town.discord.sessions(), 1);
    town.discord.close_connections(4000);
    assert_eq!(shard.end().await?, Some(4000));

    town.discord.refuse_resume(true);
    let mut again = Shard::connect(&town.playground).await?;
    again.resume(&ready["session_id"], 1).await?;
    assert_eq!(again.op(9).await?["d"], false);
    town.discord.invalid_identifies(1);
    again.identify(json!({ "token": "x", "intents": INTENTS })).await?;
    again.op(9).await?;
    again.identify(json!({ "token": "x", "intents": INTENTS })).await?;
    again.event("READY").await?;
    town.discord.invalidate_sessions(false);
    assert_eq!((again.op(9).await?["d"].clone(), town.discord.sessions()), (json!(false), 0));

    town.discord.refuse_identify(true);
    let mut refused = Shard::connect(&town.playground).await?;
    refused.identify(json!({ "token": "x", "intents": INTENTS })).await?;
    assert_eq!(refused.end().await?, Some(4004));
    Ok(())
}

#[tokio::test]
async fn the_gateway_can_be_down_and_withhold_its_acks() -> Result<()> {
    let town = town().await?;
    town.discord.set_gateway_down(true);
    assert!(Shard::connect(&town.playground).await.is_err());
    assert_eq!(town.discord.connections_refused(), 1);
    town.discord.set_gateway_down(false);
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    town.discord.withhold_acks(true);
    shard.send(json!({ "op": 1, "d": shard.seq })).await?;
    town.discord.until(PATIENCE, |discord| discord.heartbeats() == 1).await?;
    town.discord.say(town.general, "alice", "still talking");
    assert_eq!(shard.payload().await?["t"], "MESSAGE_CREATE", "no ack came before it");
    Ok(())
}

#[tokio::test]
async fn an_event_comes_twice_and_a_guild_goes_for_a_while() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    let said = town.discord.say(town.general, "alice", "hi");
    assert!(town.discord.redeliver(said));
    let (first, second) = (shard.event("MESSAGE_CREATE").await?, shard.event("MESSAGE_CREATE").await?);
    assert_eq!(first["id"], second["id"]);
    town.discord.set_guild_unavailable(town.guild, true);
    assert_eq!(shard.event("GUILD_DELETE").await?["unavailable"], true);
    town.discord.set_guild_unavailable(town.guild, false);
    shard.event("GUILD_CREATE").await?;
    town.discord.dispatch_raw("NEXT_YEARS_EVENT", Some(town.guild), json!({ "new": true }));
    assert_eq!(shard.event("NEXT_YEARS_EVENT").await?["new"], true);
    town.discord.send_raw("{ no json");
    assert!(shard.payload().await.is_err());
    Ok(())
}

#[tokio::test]
async fn requests_get_into_trouble() -> Result<()> {
    let town = town().await?;
    let path = format!("/channels/{}/messages", town.general);
    let post = async |text: &str| town.bot("POST", &path, json!({ "content": text })).await;
    town.discord.trouble("POST", "/channels/*/messages", 1, Trouble::Status { status: 503 });
    assert_eq!(town.bot("GET", &path, Value::Null).await?.status, 200);
    assert_eq!(post("lost").await?.status, 503);
    assert_eq!(post("one").await?.status, 200);

    town.discord.trouble("POST", "/messages", 1, Trouble::Reset);
    assert!(post("lost too").await.is_err());
    town.discord.trouble("POST", "/messages", 1, Trouble::ResetAfter);
    assert!(post("two, though nobody says so").await.is_err());
    assert_eq!(town.discord.bot_messages(town.general).len(), 2);
    assert_eq!(town.discord.requests().last().map(|request| request.status), Some(0));

    town.discord.trouble("", "", 1, Trouble::Slow { ms: 50 });
    let start = Instant::now();
    assert_eq!(post("three").await?.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(50));
    town.discord.trouble("", "", 5, Trouble::Reset);
    town.discord.no_trouble();
    assert_eq!(post("four").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn what_hangs_does_not_keep_the_playground_from_ending() -> Result<()> {
    let town = town().await?;
    town.discord.trouble("GET", "/users/@me", 1, Trouble::Hang);
    let (hanging, discord) = (town.bot("GET", "/users/@me", Value::Null), town.discord.clone());
    let noticed = discord.until(PATIENCE, |discord| !discord.requests().is_empty());
    tokio::pin!(hanging);
    tokio::select! {
        answer = &mut hanging => panic!("it did not hang: {answer:?}"),
        noticed = noticed => noticed?,
    }
    Ok(())
}

#[tokio::test]
async fn shutting_down_says_goodbye() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    let ending = shard.end();
    let (code, ()) = tokio::join!(ending, town.playground.shutdown());
    assert_eq!(code?, Some(1001));
    Ok(())
}
