//! What is in the log, and what never is.

use anyhow::{Result, ensure};
use sqlx::PgPool;

use crate::tester::{Setup, TOKEN};

/// What people say in these tests has this in it.
const CHAT: &str = "zanzibarian";

#[sqlx::test(migrations = false)]
async fn at_any_level_no_token_is_shown_and_chat_not_above_debug_and_a_question_is_followed(
    pool: PgPool,
) -> Result<()> {
    let environment = vec![("PEDRO_LOG", "trace".to_owned())];
    Setup { environment, ..Setup::default() }
        .run(pool, async |t| {
            t.chat("alice", &format!("the {CHAT} meetup is in the old library"));
            let asked = t.ask("bob", &format!("where is the {CHAT} meetup?")).await?;
            t.next_answer(asked.thread).await?;
            t.until_all_answered().await?;
            let id: i64 = sqlx::query_scalar("select id from pedro.question").fetch_one(t.db()).await?;
            let token = t.acknowledged(asked.interaction).await?.token;
            let metrics = t.page("/metrics").await?.1;
            ensure!(t.terminate().await?.success());
            let log = t.log();
            ensure!(log.contains(" DEBUG "), "everything that may be logged is");
            for secret in [TOKEN, token.as_str()] {
                ensure!(!log.contains(secret) && !metrics.contains(secret), "a token is shown");
            }
            let above =
                log.lines().filter(|line| [" INFO ", " WARN ", " ERROR "].iter().any(|level| line.contains(level)));
            let chat: Vec<&str> = above.filter(|line| line.contains(CHAT)).collect();
            ensure!(chat.is_empty(), "chat is logged above debug: {chat:#?}");
            let of_it = |line: &&str| {
                line.contains(&format!("question.id={id}")) || line.contains(&asked.interaction.to_string())
            };
            let life: Vec<&str> = log.lines().filter(of_it).collect();
            for words in ["is accepted", "is taken up", "a generation was written", "a message was", "is seen to"] {
                ensure!(life.iter().any(|line| line.contains(words)), "{words:?} is not in {life:#?}");
            }
            Ok(())
        })
        .await
}
