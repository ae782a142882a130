//! What wears a bot out: a storm of lines, a full disk, hours of chat, a model that cannot end.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database;
use crate::tester::{Setup, TwitchTester, run_test};

/// All lines whose text begins so are stored, once and in the order in which they were said.
async fn each_is_stored_in_order(t: &TwitchTester, begins: &str, said: &[String]) -> Result<()> {
    let mut lines = t.lines().await?;
    lines.retain(|line| line.text.starts_with(begins));
    let stored: Vec<String> = lines.into_iter().map(|line| line.platform_message_id).collect();
    ensure!(stored == said, "{} lines of {} are stored, or in another order", stored.len(), said.len());
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn a_storm_of_2000_lines_in_ten_seconds_is_stored_whole_and_questions_in_it_are_answered(
    pool: PgPool,
) -> Result<()> {
    run_test(pool, async |t| {
        let (mut said, mut questions) = (Vec::new(), Vec::new());
        for number in 0..2_000 {
            said.push(t.chat(&format!("viewer{}", number % 97), &format!("storm {number} rages on")));
            if number % 500 == 250 {
                questions.push(t.chat(&format!("asker{number}"), "pedro, what is a lifetime?"));
            }
            // Two hundred a second, or as fast as the machine can.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for _ in &questions {
            t.next_reply().await?;
        }
        t.settle().await?;
        t.until_all_answered().await?;
        each_is_stored_in_order(t, "storm ", &said).await?;
        for question in &questions {
            assert_eq!(t.replies_to(question).len(), 1);
        }
        // On a busy machine some are not looked at for questions to the room in time; none is lost.
        let (_, metrics) = t.page("/metrics").await?;
        for reason in ["overflow", "refused"] {
            let kept = format!("pedro_messages_dropped_total{{platform=\"twitch\",reason=\"{reason}\"}} 0");
            assert!(metrics.lines().any(|line| line == kept), "{reason}");
        }
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_full_disk_is_waited_out_and_costs_no_line_and_no_question(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.settle().await?;
        let full = "create function public.no_room() returns trigger language plpgsql as
            'begin raise exception ''could not extend file: No space left on device'' using errcode = ''53100''; end';
            create trigger no_room before insert on pedro.message execute function public.no_room();
            create trigger no_room before insert on pedro.question execute function public.no_room();
            create trigger no_room before insert on pedro.generation execute function public.no_room()";
        sqlx::raw_sql(full).execute(t.db()).await?;
        let mut said: Vec<String> = (0..40).map(|number| t.chat("alice", &format!("no room {number}"))).collect();
        let question = t.chat("bob", "pedro, what is a lifetime?");
        t.until("the lines wait", async |t| Ok(t.log().contains("No space left on device").then_some(()))).await?;
        assert_eq!(t.page("/healthz").await?.0, 200);
        said.push(t.chat("alice", "no room yet"));
        sqlx::raw_sql("drop function public.no_room() cascade").execute(t.db()).await?;
        assert_eq!(t.next_reply_to(&question).await?, "scripted answer");
        t.settle().await?;
        t.until_all_answered().await?;
        each_is_stored_in_order(t, "no room ", &said).await?;
        assert_eq!(t.replies_to(&question).len(), 1);
        Ok(())
    })
    .await
}

/// What a process holds: memory in MB, open files, threads.
async fn holds(t: &TwitchTester) -> Result<[f64; 3]> {
    let memory = t.metric("process_resident_memory_bytes").await? / 1e6;
    Ok([memory, t.metric("process_open_fds").await?, t.metric("process_threads").await?])
}

#[sqlx::test(migrations = false)]
async fn three_hours_of_chat_in_a_row_leave_nothing_behind_that_grows(pool: PgPool) -> Result<()> {
    let setup = Setup { within: Some(Duration::from_secs(900)), ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.twitch().set_rate_limits(false);
            let mut held = Vec::new();
            // A thousand lines an hour, by halves.
            for half in 0..6 {
                for number in 0..500 {
                    t.chat(&format!("viewer{}", number % 41), &format!("half {half}, line {number} about the stream"));
                    if number % 20 == 0 {
                        tokio::time::sleep(Duration::from_millis(40)).await;
                    }
                }
                for number in 0..5 {
                    t.chat(&format!("asker{half}{number}"), "pedro, what is a lifetime?");
                    t.next_reply().await?;
                }
                t.chat("carol", "!links");
                t.next_reply().await?;
                t.until_embedded().await?;
                t.until_all_answered().await?;
                held.push(holds(t).await?);
            }
            // The first hour fills caches and pools.
            let (before, after) = (held[1], held[5]);
            let grown: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
            ensure!(grown[0] < 60.0 && grown[1] < 12.0 && grown[2] < 6.0, "MB, files, threads: {held:?}");
            for table in [
                "select count(*) from pedro.message_unembedded",
                "select count(*) from pedro.model_wait",
                "select count(*) from pedro.model_slot where holder is not null and lease_until > now()",
                "select count(*) from pedro.question where lease_owner is not null",
            ] {
                assert_eq!(database::count(t.db(), table).await?, 0, "{table}");
            }
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_model_that_cannot_end_is_cut_off_and_what_it_said_once_is_the_answer(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let mut pieces = vec!["On friday at seven. ".to_owned()];
        pieces.extend(std::iter::repeat_n("It is what it is. ".to_owned(), 300));
        t.model.push(Turn::Stall(pieces));
        let question = t.chat("alice", "pedro, when is the stream?");
        let said = t.next_reply_to(&question).await?;
        ensure!(said.starts_with("On friday at seven.") && said.matches("what it is").count() <= 3, "{said}");
        t.until_generating(0).await?;
        t.until_all_answered().await
    })
    .await
}
