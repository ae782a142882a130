//! Signing in to Twitch: by a code, with tokens that live seconds, and after somebody took the token back.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::tester::{BOT, PATIENCE, Setup, TOKEN, TOWN, TwitchTester};

const REFRESH: &str = "refreshtokenthatnobodymaysee01234567";
const KEY: &str = "a key that nobody can guess, for tests";
const SCOPES: [&str; 5] = ["chat:read", "chat:edit", "user:read:chat", "user:write:chat", "user:bot"];

/// A bot that was given no token.
fn without_token() -> Setup {
    let environment = vec![("TWITCH_TOKEN", String::new()), ("PEDRO_SECRET_KEY", KEY.to_owned())];
    Setup { helix: true, not_started: true, environment, ..Setup::default() }
}

async fn code(t: &mut TwitchTester) -> Result<String> {
    t.until("there is a code", async |t| Ok(t.twitch().device_codes().pop())).await
}

async fn still_works(t: &mut TwitchTester) -> Result<()> {
    // Never the same twice: a bot that starts anew does not know what was said before.
    let answer = format!("here I am, for the {}th time", t.model.requests().len());
    t.model.push(Turn::say(answer.clone()));
    let question = t.chat("alice", "pedro, are you there?");
    let said = t.next_reply_to(&question).await?;
    ensure!(said.starts_with(&answer), "{said}");
    t.until_all_answered().await
}

async fn stored(t: &TwitchTester) -> Result<Option<Vec<u8>>> {
    let token = sqlx::query_scalar("select access_token from pedro.twitch_token where login = $1").bind(BOT);
    Ok(token.fetch_optional(t.db()).await?)
}

/// Answers the next request with 204, and tells what it said.
async fn next_request(listener: TcpListener) -> Result<String> {
    let (mut socket, _) = listener.accept().await?;
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4096];
        let read = socket.read(&mut part).await?;
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request);
        if read == 0 || text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.ends_with('}')) {
            socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
            return Ok(text.into_owned());
        }
    }
}

#[sqlx::test(migrations = false)]
async fn without_a_token_a_code_is_told_and_whoever_uses_it_lets_pedro_in(pool: PgPool) -> Result<()> {
    let webhook = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/api/webhooks/1/secretofthewebhook", webhook.local_addr()?);
    let mut setup = without_token();
    setup.environment.push(("TWITCH_SIGN_IN_WEBHOOK", address));
    setup
        .run(pool, async |t| {
            let told = tokio::spawn(next_request(webhook));
            t.launch().await?;
            let code = code(t).await?;
            let told = tokio::time::timeout(PATIENCE, told).await???;
            ensure!(told.contains(&code) && told.contains("allowed_mentions"), "{told}");
            ensure!(t.log().contains(&code), "the code is in the log");
            ensure!(t.until_red("twitch").await?.contains("nobody has signed Pedro in"));
            t.twitch().authorize_device(&code, BOT);
            t.until_ready().await?;
            still_works(t).await?;
            t.until("the figure says so", async |t| {
                Ok((t.metric("pedro_token_expiry_seconds").await? > 3_600.0).then_some(()))
            })
            .await?;
            ensure!(!t.log().contains("secretofthewebhook"), "the webhook's address is in the log");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_code_that_somebody_else_used_lets_nobody_in(pool: PgPool) -> Result<()> {
    without_token()
        .run(pool, async |t| {
            t.launch().await?;
            let first = code(t).await?;
            t.twitch().authorize_device(&first, "mallory");
            let second = t
                .until("there is another code", async |t| {
                    Ok(t.twitch().device_codes().pop().filter(|code| *code != first))
                })
                .await?;
            ensure!(t.log().contains("somebody signed in as \"mallory\""), "the log says why");
            ensure!(stored(t).await?.is_none(), "mallory's token is not kept");
            t.twitch().authorize_device(&second, BOT);
            t.until_ready().await?;
            still_works(t).await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_restart_keeps_the_token_and_it_cannot_be_read_without_the_key(pool: PgPool) -> Result<()> {
    without_token()
        .run(pool, async |t| {
            t.launch().await?;
            let code = code(t).await?;
            t.twitch().authorize_device(&code, BOT);
            t.until_ready().await?;
            let kept = stored(t).await?.context("the token is kept")?;
            assert_eq!(kept[0], 1, "it is encrypted");
            ensure!(t.terminate().await?.success());
            t.start().await?;
            ensure!(t.twitch().device_codes().is_empty(), "nobody is asked again");
            still_works(t).await?;
            // Another key: what was stored is worthless, and somebody has to sign in again.
            ensure!(t.terminate().await?.success());
            t.environment.insert("PEDRO_SECRET_KEY".to_owned(), "quite another key, just as long".to_owned());
            t.launch().await?;
            let code = self::code(t).await?;
            t.twitch().authorize_device(&code, BOT);
            t.until_ready().await?;
            still_works(t).await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn tokens_that_live_seconds_are_exchanged_in_time_and_the_bot_lives_on(pool: PgPool) -> Result<()> {
    let environment = vec![("TWITCH_REFRESH_TOKEN", REFRESH.to_owned())];
    let setup = Setup { helix: true, not_started: true, environment, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.twitch().set_token_lifetime(Duration::from_secs(5));
            t.twitch().add_token(TOKEN, BOT, &SCOPES);
            t.twitch().add_refresh_token(REFRESH, BOT);
            t.start().await?;
            let mut tokens: Vec<Vec<u8>> = Vec::new();
            t.until("the token was exchanged three times", async |t| {
                if let Some(token) = stored(t).await?.filter(|token| !tokens.contains(token)) {
                    tokens.push(token);
                }
                Ok((tokens.len() >= 4).then_some(()))
            })
            .await?;
            // Twitch in trouble: it is tried again.
            t.twitch().oauth_fail(1, 429);
            t.twitch().oauth_fail(1, 500);
            let before = t.twitch().connections_total();
            t.twitch().drop_connections();
            t.until("the bot is back", async |t| {
                Ok((t.twitch().connections_total() > before && t.twitch().connections() == 1).then_some(()))
            })
            .await?;
            t.until_ready().await?;
            still_works(t).await?;
            ensure!(t.twitch().device_codes().is_empty(), "nobody had to sign in");
            let left = t.metric("pedro_token_expiry_seconds").await?;
            ensure!((0.0..=5.0).contains(&left), "{left}");
            let log = t.log();
            for token in tokens {
                let token = String::from_utf8(token[1..].to_vec())?;
                ensure!(!log.contains(&token), "a token is in the log");
            }
            ensure!(!log.contains(REFRESH), "the refresh token is in the log");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_token_that_was_taken_back_leads_to_a_new_sign_in_without_a_restart(pool: PgPool) -> Result<()> {
    let environment = vec![("TWITCH_REFRESH_TOKEN", REFRESH.to_owned())];
    let setup = Setup { helix: true, environment, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.expect_error("Twitch refused the sign-in");
            still_works(t).await?;
            t.twitch().add_refresh_token(REFRESH, BOT);
            t.twitch().revoke_tokens();
            t.twitch().drop_connections();
            let code = code(t).await?;
            t.until_red("twitch").await?;
            t.twitch().authorize_device(&code, BOT);
            t.until_ready().await?;
            still_works(t).await?;
            // And what it does with the API works again too.
            t.twitch().set_title(TOWN, "Back again", "Just Chatting");
            t.until("the title is known", async |t| {
                let sql = "select count(*) from pedro.stream_title where title = 'Back again'";
                Ok((crate::database::count(t.db(), sql).await? == 1).then_some(()))
            })
            .await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_token_that_ran_out_while_nobody_looked_is_exchanged_when_chat_refuses_it(pool: PgPool) -> Result<()> {
    // Nobody but chat shows the token to Twitch.
    let environment = vec![
        ("TWITCH_REFRESH_TOKEN", REFRESH.to_owned()),
        ("TWITCH_POLL_INTERVAL", "1h".to_owned()),
        ("TWITCH_EVENTSUB_URL", "ws://127.0.0.1:1/ws".to_owned()),
    ];
    let setup = Setup { helix: true, environment, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.expect_error("Twitch refused the sign-in");
            t.until("the title is known", async |t| {
                let sql = "select count(*) from pedro.stream_title";
                Ok((crate::database::count(t.db(), sql).await? == 1).then_some(()))
            })
            .await?;
            t.twitch().expire_tokens();
            t.twitch().drop_connections();
            t.until("the token was exchanged", async |t| Ok(t.log().contains("was exchanged").then_some(()))).await?;
            ensure!(t.log().contains("by=Chat"), "chat was refused");
            t.until("the bot is back", async |t| Ok((t.twitch().joins_seen() == 2).then_some(()))).await?;
            t.until_ready().await?;
            still_works(t).await?;
            ensure!(t.twitch().device_codes().is_empty(), "nobody had to sign in");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_token_that_is_new_in_the_configuration_wins_and_the_stored_one_is_used_without_one(
    pool: PgPool,
) -> Result<()> {
    const OTHER: &str = "othertokenthatnobodymaysee0123456789";
    let setup = Setup { not_started: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.twitch().add_token(TOKEN, BOT, &SCOPES);
            t.twitch().add_token(OTHER, BOT, &SCOPES);
            let plain = |token: &str| Some([&[0], token.as_bytes()].concat());
            t.start().await?;
            assert_eq!(stored(t).await?, plain(TOKEN));
            ensure!(t.terminate().await?.success());
            t.environment.insert("TWITCH_TOKEN".to_owned(), OTHER.to_owned());
            t.start().await?;
            assert_eq!(stored(t).await?, plain(OTHER));
            ensure!(t.terminate().await?.success());
            // With an application nobody needs to write a token down, and with a stored one nobody has to sign in.
            t.environment.insert("TWITCH_TOKEN".to_owned(), String::new());
            t.environment.insert("TWITCH_ID".to_owned(), "a-client-id".to_owned());
            t.start().await?;
            ensure!(t.twitch().device_codes().is_empty(), "nobody is asked");
            still_works(t).await?;
            ensure!(!t.log().contains(OTHER), "the token is in the log");
            Ok(())
        })
        .await
}
