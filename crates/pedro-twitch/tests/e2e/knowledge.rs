//! Links and titles.

use anyhow::{Result, ensure};
use sqlx::PgPool;

use crate::database;
use crate::tester::{Setup, TOWN, TwitchTester, run_test};

async fn ask(t: &mut TwitchTester, login: &str, command: &str) -> Result<String> {
    let id = t.chat(login, command);
    Ok(t.next_reply_to(&id).await?.trim_end_matches(['·', ' ']).to_owned())
}

#[sqlx::test(migrations = false)]
async fn links_are_added_and_removed_by_moderators_and_the_streamer_only(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().make_moderator(TOWN, "maud");
        let book = "!addlink Book https://doc.rust-lang.org/book learn rust tutorial";
        ensure!(ask(t, "alice", book).await?.contains("only moderators"));
        ensure!(ask(t, "alice", "!dellink book").await?.contains("only moderators"));
        let vip = t.chat_with_badge("vera", "vip", book);
        ensure!(t.next_reply_to(&vip).await?.contains("only moderators"));
        assert_eq!(ask(t, "maud", book).await?, "added the link book.");
        assert_eq!(
            ask(t, TOWN, "!addlink discord https://discord.gg/x chat community").await?,
            "added the link discord."
        );
        assert_eq!(
            ask(t, "maud", "!addlink book https://doc.rust-lang.org/stable/book learn").await?,
            "replaced the link book."
        );
        ensure!(ask(t, "maud", "!addlink book").await?.contains("!addlink name url [words]"));
        ensure!(ask(t, "maud", "!addlink book javascript:alert(1)").await?.contains("use it like this"));
        assert_eq!(ask(t, "maud", "!dellink discord").await?, "removed the link discord.");
        assert_eq!(ask(t, "maud", "!dellink nothing").await?, "there is no link called nothing.");
        assert_eq!(ask(t, "alice", "!links").await?, "book: https://doc.rust-lang.org/stable/book");
        assert_eq!(database::count(t.db(), "select count(*) from pedro.link").await?, 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn links_are_found_by_name_by_word_and_with_a_typo_and_offered_in_prompts(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for link in [
            "!addlink book https://doc.rust-lang.org/book learn rust tutorial",
            "!addlink discord https://discord.gg/x chat community",
            "!addlink keyboard https://example.org/kb typing hardware",
            "!addlink github https://github.com/soypete code",
        ] {
            ask(t, TOWN, link).await?;
        }
        for (command, expected) in [
            ("!links book", "book: https://doc.rust-lang.org/book"),
            ("!links TUTORIALS", "book: https://doc.rust-lang.org/book"),
            ("!links keybord", "keyboard: https://example.org/kb"),
            ("!links disocrd", "discord: https://discord.gg/x"),
            ("!links zzz", "I have no link for that. !links shows all."),
        ] {
            assert_eq!(ask(t, "alice", command).await?, expected, "{command}");
        }
        ensure!(ask(t, "alice", "!links").await?.contains("book, discord, github, keyboard"));
        let question = t.chat("bob", "pedro, where can I learn rust?");
        t.next_reply_to(&question).await?;
        ensure!(t.prompts()[0].contains("https://doc.rust-lang.org/book"), "{}", t.prompts()[0]);
        Ok(())
    })
    .await
}

async fn until_titles(t: &mut TwitchTester, count: i64) -> Result<()> {
    t.until("the title is known", async |t| {
        Ok((database::count(t.db(), "select count(*) from pedro.stream_title").await? == count).then_some(()))
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn title_and_history_are_known_and_in_the_prompt(pool: PgPool) -> Result<()> {
    let setup = Setup { helix: true, not_started: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.twitch().set_title(TOWN, "Rust, slowly", "Software and Game Development");
            t.start().await?;
            until_titles(t, 1).await?;
            let said = ask(t, "alice", "!title").await?;
            ensure!(said.starts_with("Rust, slowly [Software and Game Development] (offline, for"), "{said}");
            t.twitch().set_title(TOWN, "Tetris in Rust", "Tetris");
            until_titles(t, 2).await?;
            t.twitch().set_live(TOWN, true);
            until_titles(t, 3).await?;
            let said = ask(t, "bob", "!title").await?;
            ensure!(said.starts_with("Tetris in Rust [Tetris] (live, for"), "{said}");
            let said = ask(t, "bob", "!titles").await?;
            let at = |title: &str| said.find(title);
            ensure!(at("Tetris in Rust").is_some() && at("Tetris in Rust") < at("Rust, slowly"), "{said}");
            ensure!(!ask(t, "bob", "!titles 1").await?.contains("slowly"));
            let open = "select count(*) from pedro.stream_title where ended_at is null";
            assert_eq!(database::count(t.db(), open).await?, 1);
            let question = t.chat("carol", "pedro, what is going on?");
            t.next_reply_to(&question).await?;
            let prompt = t.prompts().remove(0);
            ensure!(prompt.contains("title: Tetris in Rust") && prompt.contains("live since"), "{prompt}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn failures_of_the_api_are_told_once_and_harm_nothing(pool: PgPool) -> Result<()> {
    // Whoever is told of titles asks the API as well, and would be given some of the failures.
    let environment = vec![("TWITCH_EVENTSUB_URL", "ws://127.0.0.1:1/ws".to_owned())];
    let setup = Setup { helix: true, not_started: true, environment, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.twitch().helix_fail(1, 500);
            t.twitch().helix_fail(2, 401);
            t.start().await?;
            until_titles(t, 1).await?;
            let log = t.log();
            assert_eq!(log.matches("the stream title is not known").count(), 2, "once each");
            ensure!(log.contains("TWITCH_ID"), "who reads it knows what to mend");
            t.twitch().helix_fail(2, 503);
            t.twitch().set_title(TOWN, "A new one", "");
            until_titles(t, 2).await?;
            ensure!(ask(t, "alice", "!title").await?.starts_with("A new one (offline"));
            Ok(())
        })
        .await
}
