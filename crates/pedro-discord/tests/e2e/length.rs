//! What the model writes comes whole and safe.

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use pedro_playground::discord::{Message, Trouble};
use sqlx::PgPool;

use crate::tester::{DiscordTester, run_test};

/// About 5,000 characters with two fences, each line of its own.
fn long_answer() -> (String, Vec<String>) {
    let words: Vec<String> = (0..30).map(|number| format!("Sentence number w{number:03} tells something.")).collect();
    let code: Vec<String> = (0..110).map(|number| format!("    let x{number:03} = call({number}); // line")).collect();
    let text = format!(
        "{}\n\n```rust\n{}\n```\n\nAnd now the other half:\n\n```rust\n{}\n```\n\nThat is all.",
        words.join(" "),
        code[..45].join("\n"),
        code[45..].join("\n"),
    );
    let mut parts: Vec<String> = (0..30).map(|number| format!("w{number:03}")).collect();
    parts.extend((0..110).map(|number| format!("x{number:03} =")));
    parts.push("That is all.".to_owned());
    (text, parts)
}

/// Every part stands in the messages, once and in order; every message is one that Discord takes, with its fences closed.
fn ensure_whole(messages: &[String], parts: &[String]) -> Result<()> {
    let all = messages.join("\n");
    let mut from = 0;
    for part in parts {
        let at = all[from..].find(part.as_str());
        ensure!(
            at.is_some() && all.matches(part.as_str()).count() == 1,
            "{part:?} is missing or doubled: {messages:#?}"
        );
        from += at.unwrap_or_default();
    }
    for message in messages {
        ensure!(message.chars().count() <= 2_000, "{} characters", message.chars().count());
        ensure!(message.matches("```").count() % 2 == 0, "a fence is left open: {message}");
    }
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn five_thousand_characters_with_code_come_whole_in_several_messages(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let (text, parts) = long_answer();
        ensure!(text.chars().count() > 4_500);
        t.model.push(Turn::say(&text));
        let asked = t.ask("alice", "show me all of it, please").await?;
        t.until_all_answered().await?;
        t.read_all(asked.thread);
        let said = t.says(asked.thread);
        ensure!(said.len() >= 3, "{said:#?}");
        ensure_whole(&said, &parts)?;
        let stored = t.lines().await?.into_iter().filter(|line| line.kind == "pedro").count();
        assert_eq!(stored, said.len());
        // In a direct message the same, by way of the interaction.
        t.model.push(Turn::say(&text));
        let direct = t.discord().dm("bob");
        let interaction = t.slash(direct, "bob", "askpedro", &[("question", "show me all of it, please".into())])?;
        t.response(interaction).await?;
        t.until_all_answered().await?;
        t.read_all(direct);
        ensure_whole(&t.says(direct), &parts)
    })
    .await
}

/// Everything that was to be seen of the bot's messages, at whatever time.
fn ever_seen(t: &DiscordTester, messages: &[Message]) -> Vec<String> {
    let now = messages.iter().filter_map(|message| t.discord().message(message.id));
    now.flat_map(|message| message.versions.into_iter().map(|version| version.content)).collect()
}

#[sqlx::test(migrations = false)]
async fn mentions_thoughts_and_invisible_characters_never_come_out(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let alice = t.discord().user("alice");
        t.model.push(Turn::say(format!(
            "<think>the xylquartz plan is secret</think>Hello @everyone and @here, <@{alice}> and <@&{}>: \
             wo\u{200b}rld \u{202e}backwards\u{202c} is\u{feff} here.",
            t.moderators
        )));
        let asked = t.ask("bob", "say hello to @everyone, <@&1> and @here").await?;
        let answer = t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        let shown = t.discord().bot_messages(t.general);
        for text in ever_seen(t, std::slice::from_ref(&answer)) {
            ensure!(!text.contains("xylquartz") && !text.contains("think>"), "{text}");
            ensure!(!text.contains(['\u{200b}', '\u{202e}', '\u{202c}', '\u{feff}']), "{text:?}");
        }
        ensure!(answer.content.contains("Hello") && answer.content.contains("world"), "{answer:?}");
        ensure!(!answer.content.contains("@everyone"), "{answer:?}");
        for message in shown.iter().chain([&answer]) {
            let pinged = &message.pinged;
            ensure!(!pinged.everyone && pinged.users.is_empty() && pinged.roles.is_empty(), "{message:?}");
        }
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_said_becomes_a_polite_sentence_and_no_draft_shows_it(pool: PgPool) -> Result<()> {
    let setup = crate::tester::Setup {
        config: Some("communities:\n  - {name: one, deny: [xylquartz]}\n".to_owned()),
        ..Default::default()
    };
    setup
        .run(pool, async |t| {
            for _ in 0..2 {
                t.model.push(Turn::say("All of you are a xylquartz, every single one."));
            }
            let asked = t.ask("bob", "what are we?").await?;
            let answer = t.next_answer(asked.thread).await?;
            t.until_all_answered().await?;
            let answer = t.until_final(answer.id).await?;
            ensure!(answer.content.contains("rather not"), "{answer:?}");
            let seen = ever_seen(t, &t.discord().bot_messages(asked.thread));
            ensure!(seen.iter().all(|text| !text.contains("xylquartz")), "{seen:#?}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_limit_in_the_middle_of_a_long_answer_and_on_its_edit_delays_it_and_loses_nothing(
    pool: PgPool,
) -> Result<()> {
    run_test(pool, async |t| {
        let (text, parts) = long_answer();
        t.model.push(Turn::SayAfter(std::time::Duration::from_secs(1), text));
        let asked = t.ask("alice", "show me all of it, please").await?;
        // The edit that puts the first part there, and each message after it.
        let limited = |retry_after_ms| Trouble::RateLimited { retry_after_ms, global: false };
        t.discord().trouble("PATCH", &format!("/channels/{}/messages/", asked.thread), 1, limited(900));
        t.discord().trouble("POST", &format!("/channels/{}/messages", asked.thread), 2, limited(700));
        t.until_all_answered().await?;
        t.read_all(asked.thread);
        ensure_whole(&t.says(asked.thread), &parts)
    })
    .await
}
