//! What an operator sees: wrong settings, the health check, pages, figures.

use anyhow::{Result, ensure};
use sqlx::PgPool;

use crate::bot::Environment;
use crate::tester::{NOT_STARTED, TOKEN, run_test};

#[sqlx::test(migrations = false)]
async fn all_wrong_values_are_named_at_once_and_no_secret_is_shown(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            t.expect_error("pedro-discord cannot start");
            let wrong = [
                ("DISCORD_API_URL", "nonsense"),
                ("DISCORD_GATEWAY_URL", "http://wrong"),
                ("DISCORD_SHARDS", "three"),
                ("DISCORD_BACKFILL", "many"),
                ("DATABASE_URL", "mysql://root:hunter2secret@host/db"),
                ("LLAMA_CPP_PATH", "not a url"),
                ("PEDRO_LISTEN", "nowhere"),
            ];
            let mut environment = t.environment.clone();
            environment.extend(wrong.map(|(name, value)| (name.to_owned(), value.to_owned())));
            let (status, told) = t.run_to_its_end(&[], &environment).await?;
            ensure!(!status.success());
            for (name, _) in wrong {
                ensure!(told.contains(name), "{name} is not in {told}");
            }
            ensure!(told.contains("7 settings are wrong") && told.contains("for example"), "{told}");
            ensure!(!told.contains("hunter2") && !told.contains(TOKEN), "a secret is shown: {told}");
            let (status, told) = t.run_to_its_end(&[], &Environment::new()).await?;
            ensure!(!status.success() && told.contains("DISCORD_TOKEN: is not set"), "{told}");
            let (status, help) = t.run_to_its_end(&["--help"], &t.environment.clone()).await?;
            ensure!(status.success() && help.contains("DISCORD_TOKEN") && !help.contains(TOKEN), "{help}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn the_health_check_asks_the_running_bot_and_figures_are_counted(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let mut environment = Environment::new();
        environment.insert("PEDRO_LISTEN".to_owned(), t.listen()?);
        let (status, _) = t.run_to_its_end(&["--health"], &environment).await?;
        ensure!(status.success(), "{status}");
        t.told("alice", "links", &[]).await?;
        let asked = t.ask("alice", "what is a lifetime?").await?;
        t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        let (_, page) = t.page("/metrics").await?;
        for name in ["pedro_connected", "pedro_queue_depth", "links", "askpedro"] {
            ensure!(page.contains(name), "{name} is not in {page}");
        }
        let (status, page) = t.readyz().await?;
        assert_eq!(status, 200, "{page}");
        Ok(())
    })
    .await
}
