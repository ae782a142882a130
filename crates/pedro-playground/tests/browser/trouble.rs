//! The drawers in which one makes trouble: each of their switches, and each of Twitch's buttons, does what it says.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::Person;
use crate::devtools::PATIENCE;
use crate::town::{CHANNEL, Town, WIDE};

const DRAWER: &str = "#twitch-drawer";

/// What the playground says of a platform.
async fn state(town: &Town, platform: &str) -> Result<Value> {
    let (_, body) = request(town, &format!("GET /api/{platform}/state?person=alice"), "", "").await?;
    Ok(serde_json::from_str(&body)?)
}

/// The status of a request with this token.
async fn status(town: &Town, path: &str, token: &str) -> Result<u16> {
    let kind = if path.starts_with("helix") { "Bearer" } else { "OAuth" };
    let headers = format!("Authorization: {kind} {token}\r\nClient-Id: a-bot\r\n");
    Ok(request(town, &format!("GET /{path}"), &headers, "").await?.0)
}

/// One request of its own connection: status and body.
async fn request(town: &Town, line: &str, headers: &str, body: &str) -> Result<(u16, String)> {
    let host = town.playground.http_url().replace("http://", "");
    let mut stream = TcpStream::connect(&host).await?;
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8(answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok((status, body.to_owned()))
}

/// Somebody who has opened a platform's drawer.
async fn opened(town: &Town, platform: &str) -> Result<Person> {
    let mut person = town.visitor(WIDE).await?;
    person.clicks(&format!("[data-drawer={platform}]"), "Make trouble").await?;
    person.sees(&format!("#{platform}-drawer h2"), "Make trouble on").await?;
    Ok(person)
}

#[tokio::test]
async fn every_switch_is_on_when_it_is_clicked_and_off_when_it_is_clicked_again() -> Result<()> {
    let town = Town::new().await?;
    let mut person = opened(&town, "twitch").await?;
    switches(&town, &mut person, "twitch", 8, |state, name| match name {
        "short_tokens" => state["token_lifetime"] == 20,
        "bot_moderates" => {
            let bot = &state["bot_login"];
            state["channels"][0]["moderators"].as_array().is_some_and(|all| all.contains(bot))
        }
        name => state[name] == true,
    })
    .await?;
    let mut person = opened(&town, "discord").await?;
    switches(&town, &mut person, "discord", 8, |state, name| match name {
        "silence" => state["silent"] == true,
        "withhold_acks" => state["misbehaviour"]["no_acks"] == true,
        "rate_limits" => state[name] == true,
        "expired" => state["token_lifetime_ms"] == 0,
        "patient" => state["answer_within_ms"].as_u64() > Some(3_000),
        name => state["misbehaviour"][name] == true,
    })
    .await
}

/// Clicks each switch of a platform's drawer twice.
async fn switches(
    town: &Town,
    person: &mut Person,
    platform: &str,
    count: usize,
    is_on: impl Fn(&Value, &str) -> bool,
) -> Result<()> {
    let find = format!("#{platform}-drawer [data-switch");
    let names = format!("[...document.querySelectorAll('{find}]')].map((box) => box.dataset.switch)");
    let names: Vec<String> = serde_json::from_value(person.value(&names).await?)?;
    assert_eq!(names.len(), count, "{names:?}");
    for name in names {
        let before = is_on(&state(town, platform).await?, &name);
        for on in [!before, before] {
            // Covered by its picture: a click on the label is a click on the box.
            person.value(&format!("document.querySelector('{find}={name}]').click()")).await?;
            let end = Instant::now() + PATIENCE;
            while is_on(&state(town, platform).await?, &name) != on {
                ensure!(Instant::now() < end, "{name} does not become {on}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            person.until(&format!("document.querySelector('{find}={name}]').checked === {on}")).await?;
        }
    }
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn every_button_does_what_it_says() -> Result<()> {
    let town = Town::new().await?;
    town.twitch.add_token("mine", "pedro_bot", &["chat:read"]);
    town.twitch.say(CHANNEL, "alice", "this is cleared");
    let mut person = opened(&town, "twitch").await?;
    let buttons = format!(
        "Object.fromEntries([...document.querySelectorAll('{DRAWER} [data-once]')].map((it) => [it.dataset.once, it.textContent]))"
    );
    let buttons: HashMap<String, String> = serde_json::from_value(person.value(&buttons).await?)?;
    let fails = [("helix_fail", 503), ("helix_refuse", 401), ("helix_limit", 429)];
    for (name, expected) in fails {
        click(&mut person, name, &buttons).await?;
        let count = if name == "helix_refuse" { 2 } else { 5 };
        for _ in 0..count {
            assert_eq!(status(&town, "helix/users", "mine").await?, expected, "{name}");
        }
        assert_eq!(status(&town, "helix/users", "mine").await?, 200, "{name} is over");
    }
    click(&mut person, "oauth_fail", &buttons).await?;
    for _ in 0..3 {
        assert_eq!(status(&town, "oauth2/validate", "mine").await?, 500);
    }
    for (name, expected, count) in [("events_refuse", 401, 2), ("events_limit", 429, 5), ("events_fail", 500, 5)] {
        click(&mut person, name, &buttons).await?;
        for _ in 0..count {
            assert_eq!(subscribe(&town).await?, expected, "{name}");
        }
        assert_eq!(subscribe(&town).await?, 400, "{name} is over: there is no such session");
    }
    click(&mut person, "clear", &buttons).await?;
    ensure!(town.twitch.lines(CHANNEL).iter().all(|line| line.deleted), "the chat is cleared");
    click(&mut person, "expire_tokens", &buttons).await?;
    assert_eq!(status(&town, "oauth2/validate", "mine").await?, 401);
    town.twitch.add_token("another", "pedro_bot", &["chat:read"]);
    click(&mut person, "revoke_tokens", &buttons).await?;
    assert_eq!(status(&town, "oauth2/validate", "another").await?, 401);
    // What is done to connections shows where there are some: see the tests of the bots.
    for name in ["drop", "reconnect", "reject_next", "events_reconnect", "events_drop", "events_revoke"] {
        click(&mut person, name, &buttons).await?;
    }
    assert_eq!(buttons.len(), 16, "a button that this test does not know: {buttons:?}");
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}

/// Clicks a button, and waits until the playground has been told.
async fn click(person: &mut Person, name: &str, buttons: &HashMap<String, String>) -> Result<()> {
    let text = buttons.get(name).with_context(|| format!("there is no button {name}"))?;
    let counted = "performance.getEntriesByType('resource').filter((it) => /misbehave|moderate/.test(it.name)).length";
    let before = person.value(counted).await?;
    person.clicks(&format!("{DRAWER} [data-once={name}]"), text).await?;
    person.until(&format!("{counted} > {before}")).await?;
    person.until("document.querySelector('#problem').textContent === ''").await
}

async fn subscribe(town: &Town) -> Result<u16> {
    let body = json!({
        "type": "channel.update", "version": "2", "condition": { "broadcaster_user_id": town.twitch.user(CHANNEL) },
        "transport": { "method": "websocket", "session_id": "none" },
    });
    let headers = "Authorization: Bearer mine\r\nClient-Id: a-bot\r\n";
    Ok(request(town, "POST /helix/eventsub/subscriptions", headers, &body.to_string()).await?.0)
}
