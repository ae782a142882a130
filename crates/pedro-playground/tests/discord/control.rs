//! What the page drives the stand-in with.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::{INTENTS, PATIENCE, Shard, Town, request, town};

async fn post(town: &Town, path: &str, body: Value) -> Result<(u16, Value)> {
    let answer = request(&town.playground, &format!("POST /api/discord/{path}"), "", &body.to_string()).await?;
    Ok((answer.status, answer.json()?))
}

async fn get(town: &Town, path: &str) -> Result<Value> {
    request(&town.playground, &format!("GET /api/discord/{path}"), "", "").await?.json()
}

#[tokio::test]
async fn the_page_talks_and_sees_what_its_person_sees() -> Result<()> {
    let town = town().await?;
    let channel = town.general;
    let (_, said) = post(&town, "say", json!({ "channel": channel, "person": "alice", "text": "hi" })).await?;
    let reply = json!({ "channel": channel, "person": "@Bob", "text": "hello", "reply_to": said["id"] });
    assert_eq!(post(&town, "say", reply).await?.0, 200);
    for (body, status) in [
        (json!({ "channel": "5", "person": "alice", "text": "hi" }), 404),
        (json!({ "channel": channel, "person": "al ice", "text": "hi" }), 400),
        (json!({ "channel": channel, "person": "alice", "text": " " }), 400),
        (json!({ "channel": channel, "person": "stranger", "text": "hi" }), 400),
    ] {
        assert_eq!(post(&town, "say", body).await?.0, status);
    }
    assert_eq!(post(&town, "join", json!({ "guild": "5", "person": "stranger" })).await?.0, 404);
    assert_eq!(post(&town, "join", json!({ "guild": town.guild, "person": "stranger" })).await?.0, 200);
    let seen = get(&town, "state?person=stranger").await?;
    assert_eq!((&seen["channels"][0]["can_send"], &seen["channels"][0]["private"]), (&json!(true), &json!(false)));
    post(&town, "act", json!({ "action": "edit", "message": said["id"], "text": "hi there" })).await?;
    post(&town, "act", json!({ "action": "react", "message": said["id"], "person": "bob", "emoji": "👍" })).await?;
    let found = get(&town, &format!("messages?channel={channel}&person=bob")).await?;
    assert_eq!(found["messages"][0]["content"], json!("hi there"));
    assert_eq!(found["messages"][0]["reactions"][0], json!({ "emoji": "👍", "people": ["bob"] }));
    assert_eq!(found["messages"][1]["reply_to"], said["id"]);
    assert_eq!(post(&town, "act", json!({ "action": "delete", "message": said["id"] })).await?.0, 200);
    assert_eq!(post(&town, "act", json!({ "action": "delete", "message": said["id"] })).await?.0, 404);

    let (_, thread) =
        post(&town, "thread", json!({ "action": "begin", "channel": channel, "person": "alice", "name": "talk" }))
            .await?;
    let (_, dm) = post(&town, "dm", json!({ "person": "alice" })).await?;
    let state = get(&town, "state?person=alice").await?;
    let channels: Vec<&Value> = state["channels"].as_array().into_iter().flatten().map(|found| &found["id"]).collect();
    assert!(channels.contains(&&thread["id"]) && channels.contains(&&dm["id"]) && channels.contains(&&json!(channel)));
    assert_eq!((&state["guilds"][0]["name"], &state["connections"]), (&json!("Pedro Town"), &json!(0)));
    Ok(())
}

#[tokio::test]
async fn the_page_uses_commands_and_buttons() -> Result<()> {
    let town = town().await?;
    town.register(json!([{ "name": "ask", "description": "Asks", "options": [
        { "type": 3, "name": "question", "description": "What?", "required": true } ] }]))
        .await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    let channel = town.general;
    let commands = get(&town, &format!("commands?channel={channel}&person=alice")).await?;
    assert_eq!(commands["commands"][0]["options"][0]["name"], json!("question"));
    let slash = |options: Value| json!({ "channel": channel, "person": "alice", "command": "ask", "options": options });
    let (status, refused) = post(&town, "slash", slash(json!({}))).await?;
    assert_eq!(status, 400);
    assert!(refused["error"].as_str().is_some_and(|why| why.contains("question")));
    let (_, sent) = post(&town, "slash", slash(json!({ "question": "why?" }))).await?;
    let told = shard.event("INTERACTION_CREATE").await?;
    assert_eq!(told["id"], sent["id"]);
    let waiting = get(&town, &format!("messages?channel={channel}&person=alice")).await?;
    assert_eq!(waiting["interactions"][0]["notice"], json!("Sending command..."));

    let callback = format!(
        "/interactions/{}/{}/callback",
        told["id"].as_str().context("an id")?,
        told["token"].as_str().context("a token")?
    );
    let button =
        json!([{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "More", "custom_id": "more" }] }]);
    town.ok("POST", &callback, json!({ "type": 4, "data": { "content": "because", "components": button } })).await?;
    let found = get(&town, &format!("interaction?id={}", sent["id"].as_str().context("an id")?)).await?;
    assert_eq!((&found["state"], found.get("token")), (&json!("answered"), None));
    let press = json!({ "message": found["response"], "custom_id": "more", "person": "bob" });
    assert_eq!(post(&town, "press", press).await?.0, 200);
    assert_eq!(shard.event("INTERACTION_CREATE").await?["data"]["custom_id"], "more");
    Ok(())
}

#[tokio::test]
async fn the_page_makes_discord_misbehave() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    for body in [
        json!({ "action": "withhold_acks", "on": true }),
        json!({ "action": "refuse_resume", "on": true }),
        json!({ "action": "rate_limits", "on": false }),
        json!({ "action": "times", "answer_within_ms": 5_000 }),
        json!({ "action": "trouble", "path": "/users", "count": 1, "trouble": { "kind": "status", "status": 502 } }),
        json!({ "action": "gateway_down", "on": true }),
        json!({ "action": "drop" }),
    ] {
        assert_eq!(post(&town, "misbehave", body.clone()).await?.0, 200, "{body}");
    }
    shard.end().await?;
    assert_eq!(town.bot("GET", "/users/@me", Value::Null).await?.status, 502);
    let state = get(&town, "state").await?;
    assert_eq!((&state["misbehaviour"]["gateway_down"], &state["rate_limits"]), (&json!(true), &json!(false)));
    assert_eq!(state["answer_within_ms"], json!(5_000));
    Ok(())
}

#[tokio::test]
async fn events_tell_what_a_person_can_see() -> Result<()> {
    let town = town().await?;
    let private = town.discord.dm("bob");
    let mut stream = TcpStream::connect(town.playground.http_url().replace("http://", "")).await?;
    stream.write_all(b"GET /api/discord/events?person=alice HTTP/1.1\r\nHost: playground\r\n\r\n").await?;
    let mut lines = BufReader::new(stream).lines();
    let mut next = async || -> Result<Value> {
        loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await??.context("the stream ended")?;
            if let Some(data) = line.strip_prefix("data: ") {
                return Ok(serde_json::from_str(data)?);
            }
            // The headers are there: from now on nothing is missed.
            if line.is_empty() {
                return Ok(Value::Null);
            }
        }
    };
    assert_eq!(next().await?, Value::Null);
    town.discord.say(private, "bob", "not for alice");
    let said = town.discord.say(town.general, "alice", "for all");
    town.discord.edit(said, "for everybody");
    town.discord.delete(said);
    town.discord.type_in(town.general, "bob");
    town.discord.drop_connections();
    let mut kinds = Vec::new();
    while kinds.len() < 5 {
        match next().await? {
            Value::Null => {}
            event => kinds.push(event["type"].as_str().unwrap_or_default().to_owned()),
        }
    }
    assert_eq!(kinds, ["message", "message_changed", "messages_deleted", "typing", "connection"]);
    town.playground.shutdown().await;
    Ok(())
}
