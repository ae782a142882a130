//! PostgreSQL itself is stopped and started again while people talk and Pedro answers: as an operator does it, and as a
//! crash does, after which the server recovers what was committed.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use pedro_playground::Twitch;
use tokio::task::JoinHandle;

use crate::postgres::{End, Postgres};
use crate::tester::{Setup, TOWN, TwitchTester};

/// A hundred lines a second.
const TALK_EVERY: Duration = Duration::from_millis(10);

/// Somebody who talks all the time.
struct Talker {
    is_done: Arc<AtomicBool>,
    task: JoinHandle<Vec<String>>,
}

impl Talker {
    fn begin(twitch: Twitch) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let task = tokio::spawn(async move {
            let mut said = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let text = format!("talk {} goes on", said.len());
                said.push(twitch.say(TOWN, &format!("viewer{}", said.len() % 7), &text));
                tokio::time::sleep(TALK_EVERY).await;
            }
            said
        });
        Self { is_done, task }
    }

    /// The ids of all that was said, in order.
    async fn end(self) -> Result<Vec<String>> {
        self.is_done.store(true, Ordering::Relaxed);
        Ok(self.task.await?)
    }
}

/// Row and platform's id of every line that is stored.
async fn stored(t: &TwitchTester) -> Result<HashSet<(i64, String)>> {
    Ok(t.lines().await?.into_iter().map(|line| (line.id, line.platform_message_id)).collect())
}

/// Stops the server while the model is at work, lets people ask and the model answer meanwhile, and starts it again.
async fn restart_at_work(t: &mut TwitchTester, server: &mut Postgres, how: End) -> Result<()> {
    t.model.push(Turn::SayHeld("I thought about it.".to_owned()));
    let before = t.chat("alice", "pedro, what is a lifetime?");
    t.until_generating(1).await?;
    let known = stored(t).await?;
    server.end(how).await?;
    let meanwhile = t.chat("bob", "pedro, what is a trait?");
    let command = t.chat("carol", "!title");
    ensure!(t.until_red("database").await?.contains("PostgreSQL does not answer"));
    assert_eq!(t.page("/healthz").await?.0, 200);
    t.model.release();
    t.until("the model is done", async |t| Ok((t.model.in_flight() == 0).then_some(()))).await?;
    server.go_on().await?;
    t.until_ready().await?;
    ensure!(stored(t).await?.is_superset(&known), "what was committed is gone, or was stored anew");
    for _ in 0..3 {
        t.next_reply().await?;
    }
    t.until_all_answered().await?;
    let answers = t.replies_to(&before);
    ensure!(answers.len() == 1, "{answers:?}");
    // What took minutes to write is not written again, unless a slow start of the server outlasted the lease.
    if !t.log().contains("taken over") {
        assert_eq!(answers, ["I thought about it."]);
    }
    for asked in [meanwhile, command] {
        ensure!(t.replies_to(&asked).len() == 1, "{:?}", t.replies_to(&asked));
    }
    Ok(())
}

/// Stops and starts the server again and again, wherever Pedro is in writing lines and answering questions.
async fn restart_anywhere(t: &mut TwitchTester, server: &mut Postgres, how: End) -> Result<()> {
    let mut questions = Vec::new();
    for (round, delay) in [0, 40, 90, 200].into_iter().enumerate() {
        questions.push(t.chat(&format!("asker{round}"), "pedro, what is a macro?"));
        tokio::time::sleep(Duration::from_millis(delay)).await;
        server.end(how).await?;
        server.go_on().await?;
    }
    for _ in &questions {
        t.next_reply().await?;
    }
    t.until_all_answered().await?;
    for question in &questions {
        ensure!(t.replies_to(question).len() == 1, "{question}: {:?}", t.replies_to(question));
    }
    Ok(())
}

async fn restarts(name: &str, how: End) -> Result<()> {
    let mut server = Postgres::start().await?;
    let pool = server.create_database(name).await?;
    let run = Setup::default().run(pool, async |t| {
        let talker = Talker::begin(t.twitch().clone());
        restart_at_work(t, &mut server, how).await?;
        restart_anywhere(t, &mut server, how).await?;
        let said = talker.end().await?;
        t.settle().await?;
        t.until_ready().await?;
        let mut lines = t.lines().await?;
        lines.retain(|line| line.text.starts_with("talk "));
        let stored: Vec<String> = lines.into_iter().map(|line| line.platform_message_id).collect();
        ensure!(stored == said, "{} of {} lines are stored, or in another order", stored.len(), said.len());
        Ok(())
    });
    run.await?;
    let recovered = server.log().matches("automatic recovery in progress").count();
    let expected = if matches!(how, End::Immediate) { 5 } else { 0 };
    ensure!(recovered == expected, "the server recovered {recovered} times: {}", server.log());
    Ok(())
}

#[tokio::test]
async fn a_restart_of_the_database_loses_and_doubles_nothing() -> Result<()> {
    restarts("restarted", End::Fast).await
}

#[tokio::test]
async fn a_crash_of_the_database_loses_and_doubles_nothing() -> Result<()> {
    restarts("crashed", End::Immediate).await
}
