//! Helix, OAuth, the page and what drives it.

use crate::support::{Client, PATIENCE, TOWN, request, town};
use anyhow::{Context, Result};
use pedro_playground::Playground;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const SIGNED: &str = "Authorization: Bearer app\r\nClient-Id: pedro\r\n";

async fn get(playground: &Playground, path: &str, headers: &str) -> Result<(u16, Value)> {
    let answer = request(playground, &format!("GET {path}"), headers, "").await?;
    Ok((answer.status, answer.json()?))
}

async fn post(playground: &Playground, path: &str, headers: &str, body: Value) -> Result<(u16, Value)> {
    let answer = request(playground, &format!("POST {path}"), headers, &body.to_string()).await?;
    Ok((answer.status, answer.json()?))
}

#[tokio::test]
async fn helix_knows_people_channels_and_streams() -> Result<()> {
    let (playground, twitch) = town().await?;
    twitch.set_display_name("alice", "Alice");
    let (status, found) = get(&playground, "/helix/users?login=alice&login=nobody&login=pedrotown", SIGNED).await?;
    assert_eq!(status, 200);
    let names: Vec<&Value> =
        found["data"].as_array().context("no rows")?.iter().map(|row| &row["display_name"]).collect();
    assert_eq!(names, ["Alice", "pedrotown"]);

    let town_id = twitch.user(TOWN).to_string();
    twitch.set_title(TOWN, "Go & gophers", "Software");
    let (_, found) = get(&playground, &format!("/helix/channels?broadcaster_id={town_id}"), SIGNED).await?;
    assert_eq!(
        (&found["data"][0]["title"], &found["data"][0]["game_name"]),
        (&json!("Go & gophers"), &json!("Software"))
    );

    let streams = format!("/helix/streams?user_id={town_id}");
    assert_eq!(get(&playground, &streams, SIGNED).await?.1["data"], json!([]));
    twitch.set_live(TOWN, true);
    let live = get(&playground, &streams, SIGNED).await?.1["data"][0].clone();
    assert_eq!((&live["type"], &live["user_login"]), (&json!("live"), &json!(TOWN)));
    assert!(live["started_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{live}");
    twitch.set_live(TOWN, false);
    assert_eq!(get(&playground, "/helix/streams?user_login=pedrotown", SIGNED).await?.1["data"], json!([]));
    Ok(())
}

#[tokio::test]
async fn helix_turns_strangers_away_and_fails_when_told() -> Result<()> {
    let (playground, twitch) = town().await?;
    for headers in ["", "Authorization: Bearer app\r\n", "Client-Id: pedro\r\n"] {
        let (status, error) = get(&playground, "/helix/users?login=alice", headers).await?;
        assert_eq!((status, &error["status"], &error["error"]), (401, &json!(401), &json!("Unauthorized")));
    }
    twitch.helix_fail(2, 503);
    for expected in [503, 503, 200] {
        assert_eq!(get(&playground, "/helix/users?login=alice", SIGNED).await?.0, expected);
    }
    twitch.revoke_token("app");
    assert_eq!(get(&playground, "/helix/users?login=alice", SIGNED).await?.0, 401);
    Ok(())
}

#[tokio::test]
async fn a_message_can_be_sent_through_helix() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut client = Client::in_town(&playground, "nightbot").await?;
    let message = |text: &str| {
        let (town, bot) = (twitch.user(TOWN).to_string(), twitch.user("pedro_bot").to_string());
        json!({ "broadcaster_id": town, "sender_id": bot, "message": text })
    };
    let send = async |text: &str| post(&playground, "/helix/chat/messages", SIGNED, message(text)).await;
    let (status, sent) = send("hello from Helix").await?;
    assert_eq!((status, &sent["data"][0]["is_sent"]), (200, &json!(true)));
    let line = twitch.next_bot_line(TOWN, PATIENCE).await?;
    assert_eq!(sent["data"][0]["message_id"], json!(line.id));
    client.expect(":hello from Helix").await?;

    twitch.reject_next_send(TOWN, "msg_rejected");
    let (_, dropped) = send("not this one").await?;
    assert_eq!(dropped["data"][0]["drop_reason"]["code"], json!("msg_rejected"));
    assert_eq!(send(&"x".repeat(501)).await?.0, 422);
    send("one\ntwo").await?;
    let kinds = twitch.violations();
    assert!(kinds[0].starts_with("too long") && kinds[1].starts_with("newline"), "{kinds:?}");
    assert_eq!(post(&playground, "/helix/chat/messages", SIGNED, json!({})).await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn tokens_are_validated_and_issued() -> Result<()> {
    let (playground, twitch) = town().await?;
    let validate =
        async |token: &str| get(&playground, "/oauth2/validate", &format!("Authorization: OAuth {token}\r\n")).await;
    let (status, found) = validate("anything").await?;
    assert_eq!((status, &found["login"]), (200, &json!("pedro_bot")));
    assert_eq!(found["user_id"], json!(twitch.user("pedro_bot").to_string()));
    assert!(found["expires_in"].as_u64().is_some_and(|seconds| seconds > 0));
    assert_eq!(get(&playground, "/oauth2/validate", "").await?.0, 401);

    twitch.add_token("good", "pedro_el_asistente", &["chat:read"]);
    assert_eq!(validate("good").await?.1["scopes"], json!(["chat:read"]));
    assert_eq!(validate("another").await?.0, 401);

    twitch.add_refresh_token("again", "pedro_el_asistente");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let token = async |body: &str| request(&playground, "POST /oauth2/token", form, body).await;
    let issued = token("grant_type=refresh_token&refresh_token=again&client_id=a&client_secret=b").await?.json()?;
    let access = issued["access_token"].as_str().context("no token")?;
    assert_eq!(validate(access).await?.1["login"], json!("pedro_el_asistente"));
    assert!(issued["refresh_token"].is_string());
    twitch.revoke_token("again");
    assert_eq!(token("grant_type=refresh_token&refresh_token=again&client_id=a").await?.status, 400);

    let app = token("grant_type=client_credentials&client_id=a&client_secret=b").await?.json()?;
    let found = validate(app["access_token"].as_str().context("no token")?).await?.1;
    assert_eq!((&found["client_id"], found.get("login")), (&json!("a"), None));
    Ok(())
}

#[tokio::test]
async fn a_program_without_a_browser_is_let_in() -> Result<()> {
    let (playground, twitch) = town().await?;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let begin = "client_id=a&scopes=chat:read+chat:edit";
    let begun = request(&playground, "POST /oauth2/device", form, begin).await?.json()?;
    let code = begun["device_code"].as_str().context("no device code")?;
    let redeem = format!("grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=a&device_code={code}");
    let redeem = async || request(&playground, "POST /oauth2/token", form, &redeem).await;
    assert_eq!(redeem().await?.json()?["message"], json!("authorization_pending"));

    assert!(!twitch.authorize_device("WRONG", "pedro_bot"));
    let uri = begun["verification_uri"].as_str().context("no address")?;
    let page = uri.strip_prefix("http://playground").context("another host")?;
    assert_eq!(request(&playground, &format!("GET {page}"), "", "").await?.status, 200);
    let issued = redeem().await?.json()?;
    assert_eq!(issued["scope"], json!(["chat:read", "chat:edit"]));
    assert!(issued["refresh_token"].is_string());
    assert_eq!(redeem().await?.json()?["message"], json!("invalid device code"));
    Ok(())
}

#[tokio::test]
async fn the_page_drives_the_chat() -> Result<()> {
    let (playground, twitch) = town().await?;
    let say = async |body: Value| post(&playground, "/api/twitch/say", "", body).await;
    let (_, said) = say(json!({ "channel": TOWN, "login": "alice", "text": "hi" })).await?;
    let first = said["id"].clone();
    say(json!({ "channel": TOWN, "login": "bob", "text": "hello", "reply_to": first })).await?;
    assert_eq!(say(json!({ "channel": "nowhere", "login": "bob", "text": "hello" })).await?.0, 404);
    assert_eq!(say(json!({ "channel": TOWN, "login": "b ob", "text": "hello" })).await?.0, 400);
    assert_eq!(say(json!({ "channel": TOWN, "login": "bob", "text": " " })).await?.0, 400);

    let (_, found) = get(&playground, "/api/twitch/lines?channel=pedrotown&after=1", "").await?;
    let lines = found["lines"].as_array().context("no lines")?;
    assert_eq!(lines.len(), 1);
    let (line, expected) = (&lines[0], json!({ "seq": 2, "login": "bob", "text": "hello", "deleted": false }));
    for (key, value) in expected.as_object().context("an object")? {
        assert_eq!(&line[key], value, "{key}");
    }
    assert_eq!(line["reply_to"], first);

    let title = json!({ "channel": TOWN, "title": "New", "category": "Chatting", "live": true });
    post(&playground, "/api/twitch/title", "", title).await?;
    post(&playground, "/api/twitch/moderate", "", json!({ "action": "delete", "id": first })).await?;
    post(
        &playground,
        "/api/twitch/moderate",
        "",
        json!({ "action": "timeout", "channel": TOWN, "login": "bob", "seconds": 5 }),
    )
    .await?;
    assert!(twitch.lines(TOWN).iter().all(|line| line.deleted));
    let missing = json!({ "action": "delete", "id": "none" });
    assert_eq!(post(&playground, "/api/twitch/moderate", "", missing).await?.0, 404);

    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    let (_, state) = get(&playground, "/api/twitch/state", "").await?;
    let channel = &state["channels"][0];
    assert_eq!(
        (&channel["title"], &channel["live"], &channel["bots"]),
        (&json!("New"), &json!(true), &json!(["pedro_bot"]))
    );
    assert_eq!(state["connections"], json!(1));
    for action in ["stall", "unstall", "refuse_sign_in", "accept_sign_in", "reconnect", "drop"] {
        assert_eq!(
            post(&playground, "/api/twitch/misbehave", "", json!({ "action": action })).await?.0,
            200,
            "{action}"
        );
    }
    bot.end().await
}

#[tokio::test]
async fn events_tell_what_happens_in_a_channel() -> Result<()> {
    let (playground, twitch) = town().await?;
    twitch.add_channel("elsewhere");
    let mut stream = TcpStream::connect(playground.http_url().replace("http://", "")).await?;
    stream.write_all(b"GET /api/twitch/events?channel=pedrotown HTTP/1.1\r\nHost: playground\r\n\r\n").await?;
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
    twitch.say("elsewhere", "alice", "not for this page");
    let id = twitch.say(TOWN, "alice", "for this one");
    twitch.delete_line(&id);
    twitch.set_live(TOWN, true);
    twitch.drop_connections();
    let mut kinds = Vec::new();
    while kinds.len() < 4 {
        match next().await? {
            Value::Null => {}
            event => kinds.push(event["type"].as_str().unwrap_or_default().to_owned()),
        }
    }
    assert_eq!(kinds, ["line", "deleted", "title", "connection"]);
    playground.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn the_page_is_there_and_asks_nobody_else_for_anything() -> Result<()> {
    let (playground, _) = town().await?;
    let mut paths = vec!["/".to_owned()];
    let mut next = 0;
    while let Some(path) = paths.get(next).cloned() {
        next += 1;
        let kind = match path.rsplit_once('.') {
            Some((_, "css")) => "text/css",
            Some((_, "js")) => "text/javascript",
            _ => "text/html",
        };
        let answer = request(&playground, &format!("GET {path}"), "", "").await?;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.head.contains(kind), "{path}: {}", answer.head);
        assert!(answer.head.contains("default-src 'self'"), "{path}: {}", answer.head);
        assert!(!answer.body.contains("://"), "{path} names another address");
        // What it names it needs.
        let named = answer.body.split('"').filter(|text| text.starts_with("/page/")).map(str::to_owned);
        let new: Vec<String> = named.filter(|name| !paths.contains(name)).collect();
        paths.extend(new);
    }
    assert!(paths.len() > 20, "only {paths:?}");
    Ok(())
}

#[tokio::test]
async fn tokens_end_are_taken_back_and_the_sign_in_fails_when_told() -> Result<()> {
    let (playground, twitch) = town().await?;
    let valid = async |token: &str| {
        let header = format!("Authorization: OAuth {token}\r\n");
        Ok::<_, anyhow::Error>(get(&playground, "/oauth2/validate", &header).await?.0)
    };
    assert_eq!(valid("any").await?, 200);
    twitch.expire_tokens();
    assert_eq!(valid("any").await?, 401);
    assert_eq!(valid("another").await?, 200, "it was not there yet");
    twitch.oauth_fail(1, 500);
    assert_eq!((valid("another").await?, valid("another").await?), (500, 200));
    twitch.revoke_tokens();
    assert_eq!((valid("another").await?, valid("a third").await?), (401, 401), "only new ones are good");

    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let device = request(&playground, "POST /oauth2/device", form, "client_id=a&scopes=chat:read").await?.json()?;
    let code = device["user_code"].as_str().context("no code")?;
    let (_, state) = get(&playground, "/api/twitch/state", "").await?;
    assert_eq!(state["sign_ins"], json!([code]));
    assert_eq!(post(&playground, "/api/twitch/sign_in", "", json!({ "code": "WRONG" })).await?.0, 404);
    assert_eq!(post(&playground, "/api/twitch/sign_in", "", json!({ "code": code })).await?.0, 200);
    let device_code = device["device_code"].as_str().context("no code")?;
    let redeem =
        format!("client_id=a&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code={device_code}");
    let issued = request(&playground, "POST /oauth2/token", form, &redeem).await?.json()?;
    assert_eq!(valid(issued["access_token"].as_str().context("no token")?).await?, 200);
    Ok(())
}
