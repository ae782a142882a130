//! Every line is stored, once, in order, with its embedding; and what moderators remove is gone.

use anyhow::{Context, Result, ensure};
use sqlx::PgPool;

use crate::database::{self, rows_with};
use crate::tester::{BOT, Setup, TOWN, run_test};

#[sqlx::test(migrations = false)]
async fn every_line_is_stored_once_and_in_order_whoever_writes_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let mut ids = Vec::new();
        for number in 0..100 {
            let login = ["alice", "nightbot", "bob", "streamelements"][number % 4];
            ids.push(t.chat(login, &format!("line number {number}")));
        }
        let help = t.chat("carol", "!help");
        let reply = t.next_reply().await?;
        ids.extend([help, reply.id.clone()]);
        // The sender stores Pedro's own line: IRC echoes nothing.
        t.until("Pedro's line is stored", async |t| {
            Ok(t.lines().await?.iter().any(|line| line.kind == "pedro").then_some(()))
        })
        .await?;
        t.until_embedded().await?;
        let lines = t.lines().await?;
        let stored: Vec<&String> = lines.iter().map(|line| &line.platform_message_id).take(100).collect();
        assert_eq!(stored, ids[..100].iter().collect::<Vec<_>>());
        assert_eq!(lines.len(), 103);
        ensure!(lines.iter().all(|line| line.embedded), "{lines:#?}");
        let kinds: Vec<&str> = lines[..4].iter().map(|line| line.kind.as_str()).collect();
        assert_eq!(kinds, ["person", "bot", "person", "bot"]);
        let own = lines.iter().find(|line| line.kind == "pedro").context("no line of Pedro's own")?;
        assert_eq!((own.text.as_str(), own.platform_user_id.as_str()), (reply.text.as_str(), BOT));
        let evidence = "select count(*) from pedro.message_embedding join pedro.message on message.id = message_id
                        where evidence <> (author_kind = 'person')";
        assert_eq!(database::count(t.db(), evidence).await?, 0);
        assert_eq!(t.metric("pedro_messages_stored_total").await?, 102.0);
        assert_eq!(t.metric("twitch_message_recieved_count").await?, 102.0);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_line_that_is_delivered_twice_is_stored_and_answered_once(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let id = t.chat("alice", "said once");
        ensure!(t.twitch().redeliver(&id));
        let question = t.chat("alice", "pedro, what did I say?");
        ensure!(t.twitch().redeliver(&question));
        t.next_reply_to(&question).await?;
        t.until_all_answered().await?;
        ensure!(t.twitch().redeliver(&question));
        let help = t.chat("bob", "!help");
        ensure!(t.twitch().redeliver(&help));
        t.next_reply_to(&help).await?;
        t.settle().await?;
        for id in [id, question.clone(), help] {
            let copies = t.lines().await?.iter().filter(|line| line.platform_message_id == id).count();
            assert_eq!(copies, 1);
        }
        assert_eq!(t.replies_to(&question).len(), 1);
        // Also by the next process.
        t.terminate().await?;
        t.start().await?;
        ensure!(t.twitch().redeliver(&question));
        t.settle().await?;
        assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn malformed_lines_do_not_make_the_bot_deaf(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let room = t.twitch().user(TOWN).to_string();
        let tags = |emotes: &str, rest: &str| {
            format!(
                "@badge-info=;badges=;color=;display-name=Mallory;emotes={emotes};flags=;id=raw-{rest};mod=0;room-id={room};\
                 subscriber=0;tmi-sent-ts=1594545155039;turbo=0;user-id=777;user-type= :mallory!mallory@mallory.tmi.twitch.tv"
            )
        };
        for raw in [
            format!("{} PRIVMSG #{TOWN} :an emote that ends before it begins", tags("25:4-0", "1")),
            format!("{} PRIVMSG #{TOWN} :an emote beyond the end", tags("25:4000-5000", "2")),
            format!("{} PRIVMSG #{TOWN} :emotes that are no numbers", tags("x:y-z", "3")),
            format!("{} PRIVMSG #{TOWN} :emotes with huge numbers", tags("25:0-99999999999999999999", "4")),
            format!("@tmi-sent-ts=soon :mallory!mallory@mallory.tmi.twitch.tv PRIVMSG #{TOWN} :hardly any tags"),
            format!(":mallory!mallory@mallory.tmi.twitch.tv PRIVMSG #{TOWN} :no tags at all"),
            format!(":tmi.twitch.tv INVENTEDNEXTYEAR #{TOWN} :what is this"),
            ":tmi.twitch.tv NOTICE".to_owned(),
            format!("@ban-duration=soon;room-id={room};target-user-id=1;tmi-sent-ts=1 :tmi.twitch.tv CLEARCHAT #{TOWN} :x"),
        ] {
            t.twitch().deliver_raw(TOWN, &raw);
        }
        let question = t.chat("alice", "pedro, do you still hear me?");
        t.next_reply_to(&question).await?;
        assert_eq!(t.twitch().connections_total(), 1, "the connection was given up");
        let lines = t.lines().await?;
        for text in ["an emote that ends before it begins", "an emote beyond the end"] {
            ensure!(lines.iter().any(|line| line.text == text), "{text:?} is not stored: {lines:#?}");
        }
        // What cannot be read must not end up in the log instead.
        ensure!(!t.log().contains("no numbers"), "a line of chat is in the log");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_no_message_at_all_costs_a_connection_but_not_the_hearing(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.expect_error("twitch_irc");
        for (number, raw) in ["@=;=;; : PRIVMSG", ":", "INVALID-COMMAND x", " "].into_iter().enumerate() {
            let connections = t.twitch().connections_total();
            t.twitch().deliver_raw(TOWN, raw);
            // Either it is passed over, or the bot comes back.
            t.until("the bot is in chat", async |t| {
                let help = t.chat(&format!("viewer{number}"), "is anybody there");
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                Ok(t.lines().await?.iter().any(|line| line.platform_message_id == help).then_some(()))
            })
            .await?;
            ensure!(t.twitch().connections_total() <= connections + 1);
        }
        t.until_ready().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn any_text_is_stored_as_it_was_said(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let longest = "ñ".repeat(500);
        let zalgo = "h\u{301}\u{302}\u{303}e\u{327}l\u{330}p";
        let texts = [
            "emoji 👩‍👩‍👧‍👦 🏳️‍🌈 ❤️ and 日本語 and العربية",
            "quotes ' \" ` and $1 and %s and \\n and \\u0000 and {secret}",
            "'; drop table pedro.message; --",
            longest.as_str(),
            zalgo,
            "\u{1}ACTION waves\u{1}",
            "  spaces   stay  ",
            ":colon first",
            "a",
        ];
        let ids: Vec<String> = texts.iter().map(|text| t.chat("alice", text)).collect();
        t.until_embedded().await?;
        let lines = t.lines().await?;
        for (id, text) in ids.iter().zip(texts) {
            let line = lines.iter().find(|line| line.platform_message_id == *id).context("a line is missing")?;
            let said = text.trim_matches('\u{1}').strip_prefix("ACTION ").unwrap_or(text);
            ensure!(
                line.text == text || line.text == said || line.text == text.trim_end(),
                "{text:?} became {:?}",
                line.text
            );
            ensure!(line.embedded);
        }
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_line_with_a_nul_is_stored_without_it_and_takes_no_other_along(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let room = t.twitch().user(TOWN).to_string();
        let before = t.chat("alice", "before");
        t.twitch().deliver_raw(TOWN, &format!(
            "@badge-info=;badges=;color=;display-name=Mal\0lory;emotes=;flags=;id=raw-nul;mod=0;room-id={room};subscriber=0;\
             tmi-sent-ts=1594545155039;turbo=0;user-id=777;user-type= :mallory!m@m.tmi.twitch.tv PRIVMSG #{TOWN} :nul\0nul"
        ));
        let after = t.chat("alice", "after");
        t.until_stored(&after).await?;
        t.until_stored(&before).await?;
        let question = t.chat("alice", "pedro, do you still hear me?");
        t.next_reply_to(&question).await?;
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn lines_without_an_embedding_are_found_after_a_restart(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for number in 0..100 {
            t.chat("alice", &format!("line number {number}"));
        }
        t.settle().await?;
        t.kill().await?;
        // A kill in the middle of it, and one right at the start, look the same.
        for sql in [
            "delete from pedro.message_embedding",
            "insert into pedro.message_unembedded select id from pedro.message on conflict do nothing",
        ] {
            sqlx::query(sql).execute(t.db()).await?;
        }
        t.start().await?;
        t.until_embedded().await?;
        ensure!(t.lines().await?.iter().all(|line| line.embedded));
        assert_eq!(database::count(t.db(), "select count(*) from pedro.message").await?, 102);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_moderators_remove_is_removed_from_memory(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let mut gone = vec![
            t.chat("mallory", "first bad line"),
            t.chat("trudy", "second bad line"),
            t.chat("eve", "third bad line"),
        ];
        let kept = t.chat("alice", "a good line");
        t.until_embedded().await?;
        t.twitch().delete_line(&gone[0]);
        t.twitch().time_out(TOWN, "trudy", Some(60));
        t.twitch().time_out(TOWN, "eve", None);
        t.settle().await?;
        for id in &gone {
            ensure!(rows_with(t.db(), id).await?.is_empty(), "{id} is still there");
        }
        ensure!(rows_with(t.db(), "bad line").await?.is_empty(), "{:#?}", rows_with(t.db(), "bad line").await?);
        t.until_stored(&kept).await?;
        gone.push(kept);
        t.twitch().clear_chat(TOWN);
        let last = t.chat("alice", "after the flood");
        t.until_stored(&last).await?;
        t.until_embedded().await?;
        let texts: Vec<String> = t.lines().await?.into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["after the flood", "nothing to see here"]);
        assert_eq!(database::count(t.db(), "select count(*) from pedro.message_embedding").await?, 2);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_line_removed_the_moment_it_was_said_does_not_stay(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for number in 0..40 {
            let id = t.chat("mallory", &format!("spam number {number}"));
            t.twitch().delete_line(&id);
        }
        t.until_embedded().await?;
        let left = rows_with(t.db(), "spam number").await?;
        ensure!(left.is_empty(), "{left:#?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn relayed_lines_belong_to_who_wrote_them_and_may_ask_but_not_command(pool: PgPool) -> Result<()> {
    // The relay's id must be known before the bot starts.
    let relay = pedro_playground::Playground::start(pedro_playground::Settings::default()).await?;
    let id = relay.twitch().user("restreambot").to_string();
    let config = format!("communities: [{{name: town, twitch: [pedrotown], relay_user_id: \"{id}\"}}]");
    let setup = Setup { config: Some(config), ..Setup::default() };
    setup
        .run(pool, async |t| {
            assert_eq!(t.twitch().user("restreambot").to_string(), id);
            let line = t.chat("restreambot", "[YouTube: Carla Ñ] hello from the other side");
            let line = t.until_stored(&line).await?;
            assert_eq!((line.platform_user_id.as_str(), line.kind.as_str()), ("restream:youtube:carla ñ", "person"));
            assert_eq!(line.text, "hello from the other side");
            let question = t.chat("restreambot", "[YouTube: Carla Ñ] pedro, who am I?");
            t.next_reply_to(&question).await?;
            ensure!(t.prompts().last().is_some_and(|prompt| prompt.contains("Carla Ñ: who am I?")));
            let command = t.chat_with_badge("restreambot", "moderator", "[YouTube: Carla Ñ] !pedro-pause 5");
            ensure!(t.next_reply_to(&command).await?.contains("only moderators"));
            let broken = t.chat("restreambot", "[YouTube: Carla] no end [");
            let whole = t.chat("restreambot", "connected to 3 platforms");
            assert_eq!(t.until_stored(&whole).await?.kind, "bot");
            t.until_stored(&broken).await?;
            // Nobody else can write in another's name.
            let forged = t.chat("mallory", "[YouTube: Carla Ñ] I am a thief");
            let forged = t.until_stored(&forged).await?;
            assert_eq!(forged.text, "[YouTube: Carla Ñ] I am a thief");
            ensure!(forged.platform_user_id != "restream:youtube:carla ñ");
            Ok(())
        })
        .await
}
