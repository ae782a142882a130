//! Every figure that this bot has moves: whatever an operator has on a dashboard has something behind it.

use anyhow::{Result, ensure};
use pedro_playground::discord::Trouble;
use sqlx::PgPool;

use crate::tester::{DiscordTester, Figures, Setup};

/// What says the same all the time (see the test of the Twitch bot), and what is counted by the same code as there, where
/// it is made to move: lost and expired lines. A Discord token has no end.
const STILL: [&str; 6] = [
    "pedro_messages_expired_total",
    "pedro_messages_dropped_total",
    "pedro_token_expiry_seconds",
    "pedro_build_info",
    "tokio_workers",
    "tokio_global_queue_depth",
];

/// A plan that searches the web, where one provider fails.
async fn something_is_planned(t: &mut DiscordTester, figures: &mut Figures) -> Result<()> {
    t.plan_a_search("Is it made of wood?");
    let options = [("question", "which keyboard is the quixotron?".into()), ("plan", true.into())];
    let interaction = t.slash(t.general, "alice", "askpedro", &options)?;
    let thread = t.response(interaction).await?.id;
    t.until_counted("pedro_plans_total", figures).await?;
    t.until_all_answered().await?;
    t.read_all(thread);
    t.note_figures(figures).await
}

/// Commands, one of them while the database is away, and a game.
async fn commands_are_given(t: &mut DiscordTester, figures: &mut Figures) -> Result<()> {
    t.told("alice", "links", &[]).await?;
    let game = t.slash(t.general, "dana", "stumppedro", &[("thing", "an umbrella".into())])?;
    let thread = t.response(game).await?.id;
    t.until_counted("discord_stump_pedro_games_total", figures).await?;
    t.told("maud", "pedro-stop", &[]).await?;
    t.read_all(thread);
    t.way()?.cut();
    let links = t.slash(t.general, "carol", "links", &[])?;
    t.response(links).await?;
    t.until_counted("discord_command_errors", figures).await?;
    t.way()?.mend();
    t.until_ready().await
}

#[sqlx::test(migrations = false)]
async fn every_figure_moves(pool: PgPool) -> Result<()> {
    let setup = Setup { proxied: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            let mut figures = Figures::default();
            t.note_figures(&mut figures).await?;
            t.trouble_the_model(&mut figures).await?;
            something_is_planned(t, &mut figures).await?;
            commands_are_given(t, &mut figures).await?;
            t.discord().trouble(
                "POST",
                "/channels/*/messages",
                1,
                Trouble::RateLimited { retry_after_ms: 50, global: false },
            );
            t.chat("erik", "!help");
            t.until_counted("pedro_rate_limit_waits_total", &mut figures).await?;
            t.refuse_embeddings(&mut figures).await?;
            t.talk_without_database(&mut figures).await?;
            t.discord().set_gateway_down(true);
            t.discord().drop_connections();
            t.until_red("discord").await?;
            t.note_figures(&mut figures).await?;
            t.discord().set_gateway_down(false);
            t.until_ready().await?;
            t.until_counted("pedro_reconnects_total", &mut figures).await?;
            t.note_figures(&mut figures).await?;
            t.read_all(t.general);
            let (others, unmoved): (Vec<&str>, Vec<&str>) =
                figures.unmoved().into_iter().partition(|name| name.contains("twitch_"));
            ensure!(!others.is_empty() && unmoved == STILL, "did not move: {unmoved:?}");
            ensure!(STILL.iter().all(|name| figures.knows(name)), "what does not move is not even told");
            Ok(())
        })
        .await
}
