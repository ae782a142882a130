//! Every figure of the catalogue moves: whatever an operator has on a dashboard has something behind it.

use anyhow::{Context, Result, ensure};
use sqlx::PgPool;

use crate::tester::{Figures, Setup, TOWN, TwitchTester};

/// What this bot does not have, and what says the same all the time: the labels of the one, the number of threads of the
/// other, and a queue of the runtime in which nothing waits unless it is overloaded.
const STILL: [&str; 3] = ["pedro_build_info", "tokio_workers", "tokio_global_queue_depth"];

/// A line that is too old to be kept, found at the next start.
async fn one_line_expires(t: &mut TwitchTester, figures: &mut Figures) -> Result<()> {
    let old = t.chat("frida", "what keyboard is that?");
    t.until_stored(&old).await?;
    t.terminate().await?;
    sqlx::query("update pedro.message set sent_at = now() - interval '31 days' where platform_message_id = $1")
        .bind(&old)
        .execute(t.db())
        .await?;
    t.start().await?;
    t.until_counted("pedro_messages_expired_total", figures).await
}

/// A plan that searches the web, where one provider fails.
async fn something_is_planned(t: &mut TwitchTester, figures: &mut Figures) -> Result<()> {
    t.plan_a_search("The answer of the apple.");
    t.chat("alice", "!plan which keyboard is the quixotron?");
    t.until_counted("pedro_plans_total", figures).await?;
    t.until_all_answered().await?;
    t.read_all();
    t.note_figures(figures).await
}

/// Twitch refuses a message and breaks the connection.
async fn twitch_is_in_trouble(t: &mut TwitchTester, figures: &mut Figures) -> Result<()> {
    t.twitch().reject_next_send(TOWN, "msg_rejected_mandatory");
    t.chat("carol", "!help");
    t.until_counted("twitch_message_rejected_count", figures).await?;
    let before = t.twitch().connections_total();
    t.twitch().drop_connections();
    t.until("the bot is back", async |t| Ok((t.twitch().connections_total() > before).then_some(()))).await?;
    t.until_ready().await?;
    t.read_all();
    t.note_figures(figures).await
}

#[sqlx::test(migrations = false)]
async fn every_figure_moves(pool: PgPool) -> Result<()> {
    let config = "communities: [{name: short, twitch: [pedrotown], retention_days: 30}]";
    let setup = Setup { config: Some(config.to_owned()), helix: true, proxied: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            let mut figures = Figures::default();
            t.note_figures(&mut figures).await?;
            one_line_expires(t, &mut figures).await?;
            t.trouble_the_model(&mut figures).await?;
            t.read_all();
            something_is_planned(t, &mut figures).await?;
            twitch_is_in_trouble(t, &mut figures).await?;
            t.refuse_embeddings(&mut figures).await?;
            t.talk_without_database(&mut figures).await?;
            t.until_counted("pedro_token_expiry_seconds", &mut figures).await?;
            // More commands than Twitch lets Pedro answer: most wait for the limit, and some find no room to wait.
            for number in 0..120 {
                t.chat(&format!("viewer{number}"), "!title");
            }
            t.until_counted("pedro_rate_limit_waits_total", &mut figures).await?;
            t.until_counted("pedro_messages_dropped_total", &mut figures).await?;
            // The answers that wait are of no interest.
            t.kill().await?;
            t.read_all();
            let unmoved = figures.unmoved();
            let (others, unmoved): (Vec<&str>, Vec<&str>) =
                unmoved.into_iter().partition(|name| name.starts_with("discord_"));
            ensure!(!others.is_empty() && unmoved == STILL, "did not move: {unmoved:?}");
            let known = STILL.iter().all(|name| figures.knows(name));
            known.then_some(()).context("what does not move is not even told")
        })
        .await
}
