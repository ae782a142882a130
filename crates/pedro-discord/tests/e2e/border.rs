//! The privacy border: what not everybody can read comes up nowhere else, whoever asks, and does come up at home.

use anyhow::{Context, Result, ensure};
use pedro_playground::discord::{Snowflake, Whom, permission};
use sqlx::PgPool;

use crate::database;
use crate::tester::{BOT, DiscordTester, Setup, run_test};

const FACT: &str = "the surprise stream about zanzibar is on thursday";
const QUESTION: &str = "when is the surprise stream about zanzibar?";

/// What the model is given when somebody asks for the fact in a channel.
async fn prompt(t: &mut DiscordTester, channel: Snowflake, person: &str) -> Result<String> {
    let asked = t.ask_in(channel, person, QUESTION).await?;
    t.next_answer(asked.thread).await?;
    t.until_all_answered().await?;
    t.prompts().pop().context("the model was not asked")
}

/// The same where the answer stays in place.
async fn prompt_in_place(t: &mut DiscordTester, channel: Snowflake, person: &str) -> Result<String> {
    let interaction = t.slash(channel, person, "askpedro", &[("question", QUESTION.into())])?;
    let response = t.response(interaction).await?;
    t.until_final(response.id).await?;
    t.until_all_answered().await?;
    t.prompts().pop().context("the model was not asked")
}

#[sqlx::test(migrations = false)]
async fn what_moderators_say_among_themselves_stays_among_them(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let (channel, same) = (t.hidden_channel("mods"), t.hidden_channel("mods-too"));
        let other = t.discord().add_channel(t.guild, "admins");
        t.discord().allow(other, &Whom::Bot, permission::VIEW_CHANNEL);
        t.discord().deny(other, &Whom::Everyone, permission::VIEW_CHANNEL);
        t.chat_in(channel, "maud", FACT);
        t.until_embedded().await?;
        for (place, person) in [(t.general, "alice"), (t.general, "maud"), (t.random, "owner"), (other, "owner")] {
            let prompt = prompt(t, place, person).await?;
            ensure!(!prompt.contains("thursday"), "{person}: {prompt}");
        }
        // At home, and where the same people read, it is known.
        for place in [channel, same] {
            let prompt = prompt(t, place, "maud").await?;
            ensure!(prompt.contains(FACT), "{prompt}");
        }
        // What is public is known there too.
        t.chat("alice", "the zanzibar meetup has free pizza");
        t.until_embedded().await?;
        let prompt = prompt(t, channel, "maud").await?;
        ensure!(prompt.contains("free pizza"), "{prompt}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_said_in_a_private_thread_stays_in_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let discord = t.discord().clone();
        let thread = discord.begin_thread(t.general, "alice", "a secret", true);
        let other = discord.begin_thread(t.general, "alice", "another secret", true);
        for thread in [thread, other] {
            discord.join_thread(thread, BOT);
        }
        t.chat_in(thread, "alice", FACT);
        t.until_embedded().await?;
        for (place, person) in [(t.general, "alice"), (t.general, "owner")] {
            let prompt = prompt(t, place, person).await?;
            ensure!(!prompt.contains("thursday"), "{person}: {prompt}");
        }
        let prompt = prompt_in_place(t, other, "alice").await?;
        ensure!(!prompt.contains("thursday"), "{prompt}");
        let prompt = prompt_in_place(t, thread, "alice").await?;
        ensure!(prompt.contains(FACT), "{prompt}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_said_in_a_direct_message_stays_in_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let (alices, bobs) = (t.discord().dm("alice"), t.discord().dm("bob"));
        t.chat_in(alices, "alice", FACT);
        t.next_answer(alices).await?;
        t.until_embedded().await?;
        for person in ["alice", "owner"] {
            let prompt = prompt(t, t.general, person).await?;
            ensure!(!prompt.contains("thursday"), "{person}: {prompt}");
        }
        let prompt = prompt_in_place(t, bobs, "bob").await?;
        ensure!(!prompt.contains("thursday"), "{prompt}");
        let prompt = prompt_in_place(t, alices, "alice").await?;
        ensure!(prompt.contains(FACT), "{prompt}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_channel_that_becomes_private_is_no_evidence_elsewhere_any_more_with_its_threads(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let thread = t.discord().begin_thread(t.random, "alice", "a talk", false);
        t.chat_in(t.random, "alice", FACT);
        t.chat_in(thread, "alice", "bring your own snorkel to zanzibar");
        t.until_embedded().await?;
        let before = prompt(t, t.general, "bob").await?;
        ensure!(before.contains(FACT) && before.contains("snorkel"), "{before}");
        t.discord().allow(t.random, &Whom::Bot, permission::VIEW_CHANNEL);
        t.discord().deny(t.random, &Whom::Everyone, permission::VIEW_CHANNEL);
        t.until("the channel is known to be private", async |t| {
            let hidden = "select count(*) from pedro.channel where not public";
            Ok((database::count(t.db(), hidden).await? == 2).then_some(()))
        })
        .await?;
        let after = prompt(t, t.general, "bob").await?;
        ensure!(!after.contains("thursday") && !after.contains("snorkel"), "{after}");
        // And back.
        t.discord().allow(t.random, &Whom::Everyone, permission::VIEW_CHANNEL);
        t.until("the channel is known to be public", async |t| {
            let hidden = "select count(*) from pedro.channel where not public";
            Ok((database::count(t.db(), hidden).await? == 0).then_some(()))
        })
        .await?;
        ensure!(prompt(t, t.general, "carol").await?.contains(FACT));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn another_communitys_guild_is_out_of_reach(pool: PgPool) -> Result<()> {
    // Guilds have the same ids in every playground.
    let town = pedro_playground::Playground::start(pedro_playground::Settings::default()).await?;
    let (one, two) = (town.discord().add_guild("Pedro Town"), town.discord().add_guild("Other Town"));
    town.shutdown().await;
    let config = format!(
        "communities:\n  - {{name: one, twitch: [pedrotown], discord: [{one}]}}\n  - {{name: two, discord: [{two}]}}\n"
    );
    let setup = Setup { config: Some(config), not_started: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            let other = t.discord().add_guild("Other Town");
            let place = t.discord().add_channel(other, "general");
            t.discord().add_member(other, "alice", &[]);
            t.start().await?;
            t.until_registered().await?;
            t.chat_in(place, "alice", FACT);
            t.until_embedded().await?;
            let here = prompt(t, t.general, "alice").await?;
            ensure!(!here.contains("thursday"), "{here}");
            let there = prompt(t, place, "alice").await?;
            ensure!(there.contains(FACT), "{there}");
            let lines = t.lines().await?;
            ensure!(
                lines.iter().any(|line| line.community == "one") && lines.iter().any(|line| line.community == "two")
            );
            Ok(())
        })
        .await
}
