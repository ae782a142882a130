//! What the stand-in does to bots when it is told to misbehave.

use std::time::Duration;

use anyhow::{Context, Result};
use pedro_playground::Twitch;

use crate::support::{Client, PATIENCE, TOWN, tag, town};

#[tokio::test]
async fn a_sign_in_can_be_refused() -> Result<()> {
    let (playground, twitch) = town().await?;
    let refused = async |password: &str, login: &str, why: &str| -> Result<()> {
        let mut client = Client::connect(&playground).await?;
        client.send(&format!("PASS {password}")).await?;
        client.send(&format!("NICK {login}")).await?;
        client.send(&format!("JOIN #{TOWN}")).await?;
        assert_eq!(client.next().await?, Some(format!(":tmi.twitch.tv NOTICE * :{why}")));
        client.end().await
    };
    refused("hunter2", "pedro_bot", "Improperly formatted auth").await?;
    twitch.refuse_sign_in(true);
    refused("oauth:good", "pedro_bot", "Login authentication failed").await?;
    twitch.refuse_sign_in(false);
    Client::in_town(&playground, "pedro_bot").await?;

    twitch.add_token("good", "pedro_bot", &["chat:read"]);
    refused("oauth:bad", "pedro_bot", "Login authentication failed").await?;
    refused("oauth:good", "somebody_else", "Login authentication failed").await?;
    twitch.revoke_token("good");
    refused("oauth:good", "pedro_bot", "Login authentication failed").await?;
    Ok(())
}

#[tokio::test]
async fn a_stalled_server_swallows_everything() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    twitch.stall(true);
    twitch.say(TOWN, "alice", "lost");
    bot.send("PING :anybody?").await?;
    let silence = tokio::time::timeout(Duration::from_millis(100), bot.next()).await;
    assert!(silence.is_err(), "{silence:?}");

    let mut late = Client::connect(&playground).await?;
    late.send("NICK justinfan1").await?;
    wait_until(&twitch, |twitch| twitch.connections_total() == 2).await;
    twitch.stall(false);
    bot.end().await?;
    Client::in_town(&playground, "pedro_bot").await?;
    Ok(())
}

#[tokio::test]
async fn connections_break_off_and_come_back() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    twitch.drop_connections();
    assert_eq!(twitch.connections(), 0);
    bot.end().await?;

    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    twitch.send_reconnect();
    bot.expect("RECONNECT").await?;
    bot.end().await?;

    twitch.set_unavailable(true);
    let mut client = Client::connect(&playground).await?;
    client.end().await?;
    assert_eq!((twitch.connections(), twitch.connections_refused()), (0, 1));
    twitch.set_unavailable(false);
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    assert_eq!((twitch.connections(), twitch.connections_total()), (1, 3));

    twitch.ping_clients();
    bot.expect("PING :tmi.twitch.tv").await?;
    bot.send("PONG :tmi.twitch.tv").await?;
    bot.heard().await?;
    twitch.ping_clients();
    bot.expect("PING").await?;
    twitch.ping_clients();
    bot.end().await.context("who does not answer is cut off")?;
    Ok(())
}

#[tokio::test]
async fn the_next_message_can_be_rejected() -> Result<()> {
    let (playground, twitch) = town().await?;
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    twitch.reject_next_send(TOWN, "msg_rejected_mandatory");
    bot.say("hello").await?;
    assert_eq!(tag(&bot.expect("NOTICE").await?, "msg-id"), Some("msg_rejected_mandatory"));
    bot.say("hello again").await?;
    bot.expect("USERSTATE").await?;
    assert_eq!(twitch.next_bot_line(TOWN, PATIENCE).await?.text, "hello again");
    assert_eq!(twitch.violations(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn shutting_down_ends_open_connections() -> Result<()> {
    let (playground, _) = town().await?;
    let mut bot = Client::in_town(&playground, "pedro_bot").await?;
    playground.shutdown().await;
    bot.end().await
}

async fn wait_until(twitch: &Twitch, mut happened: impl FnMut(&Twitch) -> bool) {
    while !happened(twitch) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
