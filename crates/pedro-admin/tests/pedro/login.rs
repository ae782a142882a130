use std::time::Duration;

use pedro_playground::{Playground, Settings};
use sqlx::PgPool;

use crate::support::{end, pedro, run};

const KEY: &str = "a key that nobody can guess, for tests";

#[sqlx::test(migrations = false)]
async fn whoever_uses_the_code_lets_pedro_in_and_the_doctor_knows(pool: PgPool) {
    let playground = Playground::start(Settings::default()).await.unwrap();
    let command = |arguments: &[&str]| {
        let mut command = pedro(Some(&pool), arguments);
        command.env("TWITCH_OAUTH_URL", format!("{}/oauth2", playground.http_url()));
        command.env("TWITCH_ID", "abc").env("TWITCH_BOT_LOGIN", "pedro_bot").env("PEDRO_SECRET_KEY", KEY);
        command
    };
    run(&pool, &["migrate"]).await.ok();
    let told = end(command(&["doctor"])).await.out;
    assert!(told.contains("! Twitch token: nobody has let Pedro into Twitch yet"), "{told}");

    let login = tokio::spawn(end(command(&["login", "twitch"])));
    let code = loop {
        if let Some(code) = playground.twitch().device_codes().pop() {
            break code;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    playground.twitch().authorize_device(&code, "pedro_bot");
    let said = login.await.unwrap().ok();
    assert!(said.contains(&code) && said.contains("pedro_bot is signed in"), "{said}");

    let stored: Vec<u8> =
        sqlx::query_scalar("select access_token from pedro.twitch_token").fetch_one(&pool).await.unwrap();
    assert_eq!(stored[0], 1, "it is encrypted");
    let told = end(command(&["doctor"])).await.out;
    assert!(told.contains("✓ Twitch token: pedro_bot's") && told.contains("renewed by the bot"), "{told}");
    let refused = end(command(&["login", "twitch", "--twitch-id", ""])).await.failed();
    assert!(refused.contains("TWITCH_ID"), "{refused}");
}
