//! What is changed or taken back while nobody listens is followed afterwards, and not only in the last few messages.

use anyhow::{Result, ensure};
use pedro_playground::discord::{Snowflake, Whom, permission};
use sqlx::PgPool;

use crate::tester::{DiscordTester, run_test};

/// The texts that are stored and begin so, in order.
async fn texts(t: &DiscordTester, begins: &str) -> Result<Vec<String>> {
    let lines = t.lines().await?.into_iter().map(|line| line.text);
    Ok(lines.filter(|text| text.starts_with(begins)).collect())
}

#[sqlx::test(migrations = false)]
async fn what_is_changed_far_back_is_followed_though_much_was_said_in_the_gap(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let old: Vec<Snowflake> = (0..250).map(|n| t.chat("alice", &format!("old {n}"))).collect();
        let purged: Vec<Snowflake> = (0..6).map(|n| t.chat_in(t.random, "bob", &format!("purged {n}"))).collect();
        t.until_stored(old[249]).await?;
        t.until_stored(purged[5]).await?;
        t.terminate().await?;
        for n in [3, 120, 249] {
            ensure!(t.discord().edit(old[n], &format!("old {n}, put right")));
        }
        for n in [7, 130, 248] {
            ensure!(t.discord().delete(old[n]));
        }
        // Nothing is left of this channel.
        assert_eq!(t.discord().bulk_delete(t.random, &purged), 6);
        let new: Vec<Snowflake> = (0..150).map(|n| t.chat("alice", &format!("new {n}"))).collect();
        t.start().await?;
        t.until_stored(new[149]).await?;
        t.until("all changes are known", async |t| {
            let (old, purged) = (texts(t, "old ").await?, texts(t, "purged ").await?);
            let changed = old.iter().filter(|text| text.ends_with("put right")).count();
            Ok((changed == 3 && old.len() == 247 && purged.is_empty()).then_some(()))
        })
        .await?;
        ensure!(texts(t, "old 3,").await?.len() == 1 && texts(t, "old 7").await?.len() == 10, "old 70 to 79 are there");
        assert_eq!(texts(t, "new ").await?.len(), 150);
        t.until_ready().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_changed_between_a_fetch_that_was_cut_off_and_the_next_is_followed(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let said: Vec<Snowflake> = (0..20).map(|n| t.chat("alice", &format!("said {n}"))).collect();
        t.until_stored(said[19]).await?;
        t.terminate().await?;
        // What a kill in a fetch leaves: all of its lines, and the mark of where it began.
        let begun = "update pedro.channel set fetch_from = $1 where heard_to = $2";
        let begun = sqlx::query(begun).bind(id(said[5])?).bind(id(said[19])?).execute(t.db()).await?;
        assert_eq!(begun.rows_affected(), 1);
        ensure!(t.discord().edit(said[3], "said 3, put right") && t.discord().edit(said[10], "said 10, put right"));
        ensure!(t.discord().delete(said[2]) && t.discord().delete(said[12]));
        t.start().await?;
        t.until("all changes are known", async |t| {
            let said = texts(t, "said ").await?;
            let changed = said.iter().filter(|text| text.ends_with("put right")).count();
            Ok((changed == 2 && said.len() == 18).then_some(()))
        })
        .await
    })
    .await
}

/// As the database knows it.
fn id(message: Snowflake) -> Result<i64> {
    Ok(message.to_string().parse()?)
}

#[sqlx::test(migrations = false)]
async fn what_pedro_may_no_longer_read_is_not_taken_for_gone(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let hidden: Vec<Snowflake> = (0..5).map(|n| t.chat_in(t.random, "bob", &format!("hidden {n}"))).collect();
        t.until_stored(hidden[4]).await?;
        t.terminate().await?;
        t.discord().deny(t.random, &Whom::Bot, permission::READ_MESSAGE_HISTORY);
        ensure!(t.discord().delete(hidden[0]));
        let last = t.chat("alice", "said in the gap");
        t.start().await?;
        t.until_stored(last).await?;
        let path = format!("/channels/{}/messages/", t.random);
        let asked = |t: &DiscordTester| t.discord().requests().iter().filter(|one| one.path.contains(&path)).count();
        t.until("a message was asked for", async |t| Ok((asked(t) > 0).then_some(()))).await?;
        t.settle().await?;
        assert_eq!(texts(t, "hidden ").await?.len(), 5);
        assert_eq!(asked(t), 1, "one answer tells enough");
        Ok(())
    })
    .await
}
