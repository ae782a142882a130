//! While nobody is signed in: what the application may do alone, and that `/readyz` says the truth.

use anyhow::{Result, ensure};
use serde_json::Value;
use sqlx::PgPool;

use crate::database;
use crate::tester::{BOT, Setup, TOWN, TwitchTester};

/// A bot whose application has a secret.
fn with_secret() -> Setup {
    let environment = vec![("TWITCH_SECRET", "thesecretofthisapplication".to_owned())];
    Setup { helix: true, not_started: true, environment, ..Setup::default() }
}

async fn until_known(t: &mut TwitchTester, title: &str) -> Result<()> {
    let what = format!("the title {title:?} is known");
    t.until(&what, async |t| {
        let sql = "select title from pedro.stream_title where ended_at is null";
        let known: Option<String> = sqlx::query_scalar(sql).fetch_optional(t.db()).await?;
        Ok((known.as_deref() == Some(title)).then_some(()))
    })
    .await
}

async fn code(t: &mut TwitchTester) -> Result<String> {
    t.until("there is a code", async |t| Ok(t.twitch().device_codes().pop())).await
}

/// Waits until the token is red because of that.
async fn until_red(t: &mut TwitchTester, words: &str) -> Result<()> {
    t.until(&format!("the token is red: {words}"), async |t| {
        let (status, page) = t.readyz().await?;
        let token = &page["checks"]["token"];
        let says_so = token["detail"].as_str().is_some_and(|detail| detail.contains(words));
        Ok((status == 503 && token["ok"] == false && says_so).then_some(()))
    })
    .await
}

async fn let_in(t: &mut TwitchTester) -> Result<()> {
    let code = code(t).await?;
    t.twitch().authorize_device(&code, BOT);
    t.until_ready().await
}

async fn check(t: &TwitchTester, name: &str) -> Result<Value> {
    Ok(t.readyz().await?.1["checks"][name].clone())
}

#[sqlx::test(migrations = false)]
async fn titles_are_asked_for_with_the_applications_own_token(pool: PgPool) -> Result<()> {
    let mut setup = with_secret();
    setup.environment.push(("TWITCH_TOKEN", String::new()));
    setup
        .run(pool, async |t| {
            t.twitch().set_title(TOWN, "Rust, slowly", "Software and Game Development");
            t.launch().await?;
            code(t).await?;
            until_known(t, "Rust, slowly").await?;
            until_red(t, "nobody has signed Pedro in").await?;
            // A token that is refused is replaced, and so is an answer that is none.
            t.twitch().helix_fail(1, 401);
            t.twitch().set_title(TOWN, "Tetris in Rust", "Tetris");
            until_known(t, "Tetris in Rust").await?;
            t.twitch().set_live(TOWN, true);
            let live = "select count(*) from pedro.stream_title where ended_at is null and live";
            t.until("it is live", async |t| Ok((database::count(t.db(), live).await? == 1).then_some(()))).await?;
            let_in(t).await?;
            ensure!(!t.log().contains("thesecretofthisapplication"), "the secret is in the log");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_token_that_is_lost_is_red_though_chat_still_stands(pool: PgPool) -> Result<()> {
    with_secret()
        .run(pool, async |t| {
            t.start().await?;
            assert_eq!(check(t, "token").await?["state"], "good");
            t.twitch().revoke_tokens();
            until_red(t, "nobody has signed Pedro in").await?;
            let (token, chat) = (check(t, "token").await?, check(t, "twitch").await?);
            ensure!(token["state"] == "missing" && token["age_seconds"].is_u64(), "{token}");
            ensure!(chat["ok"] == true, "chat is as it was: {chat}");
            // Titles are known all the same.
            t.twitch().set_title(TOWN, "Without a token", "");
            until_known(t, "Without a token").await?;
            let_in(t).await?;
            assert_eq!(check(t, "token").await?["state"], "good");
            assert_eq!(t.twitch().connections_total(), 1, "chat never broke off");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn without_an_application_the_page_says_what_to_give(pool: PgPool) -> Result<()> {
    let setup = Setup { not_started: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.expect_error("without TWITCH_ID nobody can let it in");
            t.twitch().add_token("anothertokenthanthebots", BOT, &["chat:read", "chat:edit"]);
            t.launch().await?;
            until_red(t, "give a valid TWITCH_TOKEN, or TWITCH_ID").await
        })
        .await
}
