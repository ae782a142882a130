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

async fn until_links_are_embedded(t: &mut TwitchTester, parts: i64) -> Result<()> {
    t.until("the links are embedded", async |t| {
        Ok((database::count(t.db(), "select count(*) from pedro.link_embedding").await? == parts).then_some(()))
    })
    .await
}

/// Neither has a word of the link.
const BY_MEANING: &str = "which tunes are you listening to?";

#[sqlx::test(migrations = false)]
async fn a_link_is_found_by_its_meaning_in_a_command_and_for_an_answer(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        ask(t, TOWN, "!addlink playlist https://example.org/songs music spotify songs").await?;
        ask(t, TOWN, "!addlink keyboard https://example.org/kb typing hardware").await?;
        until_links_are_embedded(t, 2).await?;
        assert_eq!(ask(t, "alice", &format!("!links {BY_MEANING}")).await?, "playlist: https://example.org/songs");
        let question = t.chat("bob", &format!("pedro, {BY_MEANING}"));
        t.next_reply_to(&question).await?;
        let other = t.chat("carol", "pedro, did bob fix the printer?");
        t.next_reply_to(&other).await?;
        let prompts = t.prompts();
        // What was said when they were added may be there too, as a note from memory.
        ensure!(prompts[0].contains("\nLinks:\n\"\"\"\nplaylist: https://example.org/songs\n\"\"\""), "{}", prompts[0]);
        ensure!(!prompts[1].contains("\nLinks:\n"), "{}", prompts[1]);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn where_links_are_not_allowed_none_is_in_a_prompt(pool: PgPool) -> Result<()> {
    let config = "communities: [{name: strict, twitch: [pedrotown], links_allowed: false}]";
    let setup = Setup { config: Some(config.to_owned()), ..Setup::default() };
    setup
        .run(pool, async |t| {
            ask(t, TOWN, "!addlink playlist https://example.org/songs music spotify songs").await?;
            until_links_are_embedded(t, 1).await?;
            let question = t.chat("bob", &format!("pedro, {BY_MEANING}"));
            t.next_reply_to(&question).await?;
            ensure!(!t.prompts()[0].contains("\nLinks:\n"), "{}", t.prompts()[0]);
            Ok(())
        })
        .await
}

/// A stream of three hours, from seven in the evening.
async fn streamed(t: &TwitchTester, title: &str, category: &str, day: chrono::NaiveDate) -> Result<()> {
    let began = day.and_hms_opt(19, 0, 0).map(|at| at.and_utc());
    sqlx::query(
        "insert into pedro.stream_title (channel_id, title, category, live, began_at, ended_at)
         select id, $1, $2, true, $3, $3 + interval '3 hours' from pedro.channel where platform_channel_id = 'pedrotown'",
    )
    .bind(title)
    .bind(category)
    .bind(began)
    .execute(t.db())
    .await?;
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn a_question_about_an_earlier_stream_has_its_title_in_the_prompt(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let today = chrono::Utc::now().date_naive();
        let is_tuesday = |day: &chrono::NaiveDate| chrono::Datelike::weekday(day) == chrono::Weekday::Tue;
        let tuesday = today.iter_days().rev().skip(1).find(is_tuesday).unwrap_or(today);
        let ago = |days: u64| tuesday - chrono::Days::new(days);
        streamed(t, "The rocket goes up", "Factorio", ago(30)).await?;
        streamed(t, "Trains everywhere", "Factorio", ago(20)).await?;
        streamed(t, "Guests talk about Zig", "Talk Shows", ago(1)).await?;
        streamed(t, "Borrow checker night", "Software and Game Development", tuesday).await?;
        for (login, question) in [
            ("alice", "pedro, what was the title last Tuesday?"),
            ("bob", "pedro, when did we last play factorio?"),
            ("carol", "pedro, what did Ann say about zig?"),
        ] {
            let id = t.chat(login, question);
            t.next_reply_to(&id).await?;
        }
        let prompts = t.prompts();
        let told =
            format!("[Tuesday, {tuesday} 19:00 to 22:00] live: Borrow checker night (Software and Game Development)");
        ensure!(prompts[0].contains(&told), "{}", prompts[0]);
        ensure!(!prompts[0].contains("Zig") && !prompts[0].contains("Factorio"), "{}", prompts[0]);
        let at = |title: &str| prompts[1].find(title);
        ensure!(at("Trains everywhere").is_some() && at("Trains everywhere") < at("The rocket"), "{}", prompts[1]);
        ensure!(at("Borrow").is_none(), "{}", prompts[1]);
        ensure!(!prompts[2].contains("Earlier titles"), "{}", prompts[2]);
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

#[sqlx::test(migrations = false)]
async fn an_event_is_known_while_it_is_on_and_its_file_is_read_again(pool: PgPool) -> Result<()> {
    let path = std::env::temp_dir().join(format!("pedro-events-e2e-{}.yaml", std::process::id()));
    let write = |speaker: &str| {
        std::fs::write(&path, format!("events: [{{name: party, title: Watch party, speakers: [{{name: {speaker}}}]}}]"))
    };
    write("Dana Doe")?;
    let mut setup = Setup { not_started: true, ..Setup::default() };
    setup.environment.push(("PEDRO_EVENTS", path.display().to_string()));
    setup
        .run(pool, async |t| {
            t.start().await?;
            t.twitch().make_moderator(TOWN, "maud");
            ensure!(ask(t, "alice", "!pedro-event on party").await?.contains("only moderators"));
            ensure!(ask(t, "maud", "!pedro-event on picnic").await?.contains("I know party"));
            let question = t.chat("alice", "pedro, who speaks tonight?");
            t.next_reply_to(&question).await?;
            ensure!(!t.prompts()[0].contains("Dana Doe"), "{}", t.prompts()[0]);
            ensure!(ask(t, "maud", "!pedro-event on party").await?.contains("is on"));
            write("Erik Roe")?;
            let question = t.chat("bob", "pedro, who speaks tonight?");
            t.next_reply_to(&question).await?;
            let prompt = t.prompts().pop().unwrap_or_default();
            ensure!(prompt.contains("event: Watch party") && prompt.contains("speaker: Erik Roe"), "{prompt}");
            ensure!(ask(t, "maud", "!pedro-event off party").await?.contains("is off"));
            let question = t.chat("carol", "pedro, who speaks tonight?");
            t.next_reply_to(&question).await?;
            ensure!(!t.prompts().pop().unwrap_or_default().contains("Erik Roe"));
            t.terminate().await?;
            t.expect_error("pedro-twitch cannot start");
            std::fs::write(&path, "events: [{name: party}]")?;
            let (status, log) = t.run_to_its_end(&[], &t.environment.clone()).await?;
            ensure!(!status.success() && log.contains("PEDRO_EVENTS") && log.contains("missing field"), "{log}");
            std::fs::remove_file(&path)?;
            Ok(())
        })
        .await
}
