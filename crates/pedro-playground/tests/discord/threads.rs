//! Threads over REST.

use anyhow::{Context, Result};
use pedro_playground::discord::{Whom, permission};
use serde_json::{Value, json};

use crate::support::{INTENTS, PATIENCE, Shard, id, town};

#[tokio::test]
async fn a_thread_begins_with_a_message_and_people_talk_in_it() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    let question = town.discord.say(town.general, "alice", "why?");
    let path = format!("/channels/{}/messages/{question}/threads", town.general);
    let body = json!({ "name": "why", "auto_archive_duration": 60 });
    let answer = town.bot("POST", &path, body.clone()).await?;
    let thread = answer.json()?;
    assert_eq!((answer.status, &thread["type"], id(&thread)?), (201, &json!(11), question));
    assert_eq!((&thread["owner_id"], &thread["parent_id"]), (&json!(town.discord.bot()), &json!(town.general)));
    assert_eq!(shard.event("THREAD_CREATE").await?["newly_created"], json!(true));
    assert_eq!(town.refused("POST", &path, body).await?, (400, 160_004));

    town.post_message(question, "because").await?;
    town.discord.say(question, "alice", "I see");
    assert_eq!(town.discord.messages(question)[0].kind, 21, "the thread shows its beginning");
    assert_eq!(town.discord.next_bot_message(question, PATIENCE).await?.content, "because");
    assert_eq!(town.discord.threads(town.general)[0].members.len(), 2);
    let members = town.ok("GET", &format!("/channels/{question}/thread-members"), Value::Null).await?;
    assert_eq!(members.as_array().map(Vec::len), Some(2));
    let start = town.ok("GET", &format!("/channels/{}/messages/{question}", town.general), Value::Null).await?;
    assert_eq!(start["thread"]["message_count"], json!(2));
    Ok(())
}

#[tokio::test]
async fn a_thread_without_a_message_is_announced_unless_it_is_private() -> Result<()> {
    let town = town().await?;
    let path = format!("/channels/{}/threads", town.general);
    town.ok("POST", &path, json!({ "name": "game", "type": 11 })).await?;
    let notice = &town.discord.messages(town.general)[0];
    assert_eq!((notice.kind, notice.content.as_str()), (18, "game"));
    let private = id(&town.ok("POST", &path, json!({ "name": "secret" })).await?)?;
    assert_eq!(town.discord.messages(town.general).len(), 1);
    assert_eq!(town.discord.permissions("alice", private), 0);
    let alice = town.discord.user("alice");
    town.ok("PUT", &format!("/channels/{private}/thread-members/{alice}"), Value::Null).await?;
    assert_ne!(town.discord.permissions("alice", private), 0);
    let active = town.ok("GET", &format!("/guilds/{}/threads/active", town.guild), Value::Null).await?;
    assert_eq!(active["threads"].as_array().map(Vec::len), Some(2));

    for (body, expected) in [
        (json!({ "name": "" }), (400, 50_035)),
        (json!({ "name": "x".repeat(101) }), (400, 50_035)),
        (json!({ "name": "x", "auto_archive_duration": 61 }), (400, 50_035)),
        (json!({}), (400, 50_035)),
    ] {
        assert_eq!(town.refused("POST", &path, body).await?, expected);
    }
    town.discord.deny(town.general, &Whom::Bot, permission::CREATE_PUBLIC_THREADS);
    assert_eq!(town.refused("POST", &path, json!({ "name": "x", "type": 11 })).await?, (403, 50_013));
    let inside = format!("/channels/{private}/threads");
    assert_eq!(town.refused("POST", &inside, json!({ "name": "x" })).await?, (400, 50_024));
    Ok(())
}

#[tokio::test]
async fn an_archived_thread_opens_with_the_next_word_unless_it_is_locked() -> Result<()> {
    let town = town().await?;
    let thread = town.discord.begin_thread(town.general, "alice", "talk", false);
    let first = town.post_message(thread, "hello").await?;
    let archived = async || -> Result<bool> { Ok(town.discord.threads(town.general)[0].archived) };
    town.discord.archive_thread(thread, true, false);
    let edit = format!("/channels/{thread}/messages/{first}");
    assert_eq!(town.refused("PATCH", &edit, json!({ "content": "x" })).await?, (400, 50_083));
    let list = town.ok("GET", &format!("/channels/{}/threads/archived/public", town.general), Value::Null).await?;
    assert_eq!((&list["threads"][0]["id"], &list["has_more"]), (&json!(thread), &json!(false)));
    town.post_message(thread, "again").await?;
    assert!(!archived().await?);

    town.discord.archive_thread(thread, true, true);
    let path = format!("/channels/{thread}");
    assert_eq!(town.refused("POST", &format!("{path}/messages"), json!({ "content": "x" })).await?, (403, 160_005));
    assert_eq!(town.refused("PATCH", &path, json!({ "archived": false })).await?, (403, 50_013));
    town.discord.allow(town.general, &Whom::Bot, permission::MANAGE_THREADS);
    town.ok("PATCH", &path, json!({ "archived": false, "locked": false, "name": "new name" })).await?;
    let view = town.discord.threads(town.general).into_iter().next().context("a thread")?;
    assert_eq!((view.name.as_str(), view.archived, view.locked), ("new name", false, false));
    town.ok("DELETE", &path, Value::Null).await?;
    assert!(town.discord.threads(town.general).is_empty());
    Ok(())
}

#[tokio::test]
async fn in_threads_another_permission_counts() -> Result<()> {
    let town = town().await?;
    let thread = town.discord.begin_thread(town.general, "alice", "talk", false);
    town.discord.deny(town.general, &Whom::Everyone, permission::SEND_MESSAGES);
    town.discord.deny(town.general, &Whom::Bot, permission::SEND_MESSAGES);
    town.post_message(thread, "still here").await?;
    town.discord.deny(town.general, &Whom::Bot, permission::SEND_MESSAGES_IN_THREADS);
    let path = format!("/channels/{thread}/messages");
    assert_eq!(town.refused("POST", &path, json!({ "content": "x" })).await?, (403, 50_013));
    Ok(())
}
