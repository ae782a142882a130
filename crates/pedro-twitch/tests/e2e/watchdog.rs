//! What systemd is told: that the bot is ready, that it moves, that it stops.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::NotifySocket;
use sqlx::PgPool;

use crate::tester::{PATIENCE, Setup};

/// How long systemd would wait for a word. A look every quarter of it, and five times as long for one piece of work.
const ALLOWED: Duration = Duration::from_secs(1);

/// So long without a word means that there is none.
const SILENCE: Duration = Duration::from_secs(4);

#[sqlx::test(migrations = false)]
async fn the_watchdog_is_fed_while_lines_are_written_and_not_while_they_hang(pool: PgPool) -> Result<()> {
    let systemd = NotifySocket::open()?;
    let mut setup = Setup { not_started: true, ..Setup::default() };
    setup.environment.extend(systemd.environment(ALLOWED));
    setup
        .run(pool, async |t| {
            t.launch().await?;
            for line in ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"] {
                ensure!(systemd.until(line, PATIENCE).await?, "{line} was not told");
            }
            // The database answers, and yet no line gets through.
            t.expect_error("does not move");
            let mut lock = t.db().begin().await?;
            sqlx::query("lock table pedro.message in access exclusive mode").execute(&mut *lock).await?;
            t.chat("alice", "this line is stuck");
            let silent = async {
                while systemd.next(SILENCE).await?.is_some() {}
                anyhow::Ok(())
            };
            tokio::time::timeout(PATIENCE, silent).await??;
            ensure!(t.log().contains("does not move: the watchdog is not fed"), "the log says why");
            ensure!(t.page("/healthz").await?.0 == 200, "the pages are there all the same");
            lock.rollback().await?;
            ensure!(systemd.until("WATCHDOG=1", PATIENCE).await?, "it moves again");
            t.until("the line is stored", async |t| Ok((t.lines().await?.len() == 1).then_some(()))).await?;
            ensure!(t.terminate().await?.success());
            ensure!(systemd.until("STOPPING=1", PATIENCE).await?, "the stop is told");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_database_that_is_away_is_no_reason_to_start_the_bot_anew(pool: PgPool) -> Result<()> {
    let systemd = NotifySocket::open()?;
    let mut setup = Setup { not_started: true, proxied: true, ..Setup::default() };
    setup.environment.extend(systemd.environment(ALLOWED));
    setup
        .run(pool, async |t| {
            t.start().await?;
            t.proxy.as_ref().map(crate::proxy::Proxy::cut);
            t.until_red("database").await?;
            t.chat("alice", "this line waits");
            t.until("the line waits", async |t| Ok(t.log().contains("wait for the database").then_some(()))).await?;
            // Far longer than one piece of work may take.
            let fed = async {
                for _ in 0..40 {
                    ensure!(systemd.until("WATCHDOG=1", PATIENCE).await?, "the watchdog is fed");
                }
                Ok(())
            };
            fed.await?;
            ensure!(!t.log().contains("does not move"), "nothing is said to be stuck");
            t.proxy.as_ref().map(crate::proxy::Proxy::mend);
            t.until("the line is stored", async |t| Ok((t.lines().await?.len() == 1).then_some(()))).await
        })
        .await
}
