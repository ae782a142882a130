//! Messages over REST: written, read, changed, removed, and who may.

use anyhow::{Context, Result};
use pedro_playground::discord::{Whom, permission};
use serde_json::{Value, json};

use crate::support::{INTENTS, Shard, Town, id, request, town};

fn path(town: &Town) -> String {
    format!("/channels/{}/messages", town.general)
}

#[tokio::test]
async fn a_bot_writes_and_everybody_is_told() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    let question = town.discord.say(town.general, "alice", "why?");
    shard.event("MESSAGE_CREATE").await?;
    let body = json!({
        "content": "because", "message_reference": { "message_id": question }, "allowed_mentions": { "parse": [] },
        "embeds": [{ "title": "More" }],
        "components": [{ "type": 1, "components": [{ "type": 2, "style": 2, "label": "Retry", "custom_id": "retry" }] }],
    });
    let sent = town.ok("POST", &path(&town), body).await?;
    assert_eq!((&sent["type"], &sent["referenced_message"]["id"]), (&json!(19), &json!(question)));
    assert_eq!((&sent["author"]["bot"], &sent["mentions"]), (&json!(true), &json!([])));
    assert_eq!(sent["components"][0]["components"][0]["id"], json!(2));

    let told = shard.event("MESSAGE_CREATE").await?;
    assert_eq!((&told["id"], &told["guild_id"]), (&sent["id"], &json!(town.guild)));
    assert!(told["member"]["joined_at"].is_string());
    let message = town.discord.message(id(&sent)?).context("it is there")?;
    assert_eq!((message.content.as_str(), message.reply_to, message.by_bot), ("because", Some(question), true));
    assert!(message.pinged.is_empty() && message.component("retry").is_some());
    assert_eq!(town.discord.violations(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_edit_keeps_what_was_there_before() -> Result<()> {
    let town = town().await?;
    let sent = town.post_message(town.general, "one").await?;
    let edit =
        async |text: &str| town.ok("PATCH", &format!("{}/{sent}", path(&town)), json!({ "content": text })).await;
    assert!(edit("two").await?["edited_timestamp"].is_string());
    edit("three").await?;
    let message = town.discord.message(sent).context("it is there")?;
    let versions: Vec<&str> = message.versions.iter().map(|version| version.content.as_str()).collect();
    assert_eq!(versions, ["one", "two", "three"]);
    edit("three").await?;
    assert_eq!(town.discord.violations(), ["an edit that changes nothing: \"three\""]);

    let theirs = town.discord.say(town.general, "alice", "mine");
    let theirs = format!("{}/{theirs}", path(&town));
    assert_eq!(town.refused("PATCH", &theirs, json!({ "content": "yours" })).await?, (403, 50_005));
    assert_eq!(town.refused("DELETE", &theirs, Value::Null).await?, (403, 50_013));
    town.ok("DELETE", &format!("{}/{sent}", path(&town)), Value::Null).await?;
    assert_eq!(town.refused("GET", &format!("{}/{sent}", path(&town)), Value::Null).await?, (404, 10_008));
    Ok(())
}

#[tokio::test]
async fn what_is_too_long_or_empty_is_refused_and_noted() -> Result<()> {
    let town = town().await?;
    let post = async |body: Value| town.bot("POST", &path(&town), body).await;
    assert_eq!(post(json!({ "content": "ä".repeat(2_000) })).await?.status, 200);
    let refused = post(json!({ "content": "ä".repeat(2_001) })).await?;
    let body = refused.json()?;
    assert_eq!((refused.status, &body["code"]), (400, &json!(50_035)));
    assert_eq!(body["errors"]["content"]["_errors"][0]["code"], "BASE_TYPE_BAD_LENGTH");
    assert_eq!(town.discord.violations(), ["a message of 2001 characters"]);
    assert_eq!(post(json!({ "content": "  " })).await?.json()?["code"], 50_006);
    let unknown = json!({ "content": "hi", "message_reference": { "message_id": "5" } });
    let refused = post(unknown).await?.json()?;
    assert_eq!(refused["errors"]["message_reference"]["_errors"][0]["code"], "REPLIES_UNKNOWN_MESSAGE");
    let forgiving = json!({ "content": "hi", "message_reference": { "message_id": "5", "fail_if_not_exists": false } });
    assert_eq!(post(forgiving).await?.json()?["type"], 0);
    let line = format!("POST /api/v10{}", path(&town));
    let broken = request(&town.playground, &line, "Authorization: Bot secret\r\n", "{ no json").await?;
    assert_eq!(broken.json()?["code"], 50_109);
    Ok(())
}

#[tokio::test]
async fn a_message_that_would_ping_is_noted() -> Result<()> {
    let town = town().await?;
    let text = format!("<@{}> @everyone", town.discord.user("alice"));
    let quiet = town.ok("POST", &path(&town), json!({ "content": text, "allowed_mentions": { "parse": [] } })).await?;
    assert_eq!((&quiet["mentions"], &quiet["mention_everyone"]), (&json!([]), &json!(false)));
    assert_eq!(town.discord.violations(), Vec::<String>::new());
    let loud = town.ok("POST", &path(&town), json!({ "content": text })).await?;
    assert_eq!(loud["mentions"][0]["username"], "alice");
    assert_eq!(town.discord.violations().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_nonce_keeps_a_message_from_being_sent_twice() -> Result<()> {
    let town = town().await?;
    let body = json!({ "content": "once", "nonce": "n1", "enforce_nonce": true });
    let first = town.ok("POST", &path(&town), body.clone()).await?;
    assert_eq!(town.ok("POST", &path(&town), body).await?["id"], first["id"]);
    assert_eq!((&first["nonce"], town.discord.bot_messages(town.general).len()), (&json!("n1"), 1));
    Ok(())
}

#[tokio::test]
async fn history_is_read_in_pages_the_newest_first() -> Result<()> {
    let town = town().await?;
    let said: Vec<_> = (0..5).map(|number| town.discord.say(town.general, "alice", &number.to_string())).collect();
    let texts = async |query: &str| -> Result<String> {
        let found = town.ok("GET", &format!("{}{query}", path(&town)), Value::Null).await?;
        Ok(found.as_array().into_iter().flatten().filter_map(|message| message["content"].as_str()).collect())
    };
    assert_eq!(texts("").await?, "43210");
    assert_eq!(texts("?limit=2").await?, "43");
    assert_eq!(texts(&format!("?limit=2&before={}", said[3])).await?, "21");
    assert_eq!(texts(&format!("?limit=2&after={}", said[0])).await?, "21");
    assert_eq!(texts(&format!("?limit=3&around={}", said[2])).await?, "321");
    assert_eq!(town.refused("GET", &format!("{}?limit=101", path(&town)), Value::Null).await?, (400, 50_035));
    assert_eq!(town.refused("GET", &format!("{}?limit=0", path(&town)), Value::Null).await?, (400, 50_035));

    town.discord.deny(town.general, &Whom::Everyone, permission::READ_MESSAGE_HISTORY);
    town.discord.set_overwrite(
        town.general,
        &Whom::Role(town.discord.bot_role(town.guild)),
        0,
        permission::READ_MESSAGE_HISTORY,
    );
    assert_eq!(texts("").await?, "");
    let reply = json!({ "content": "hi", "message_reference": { "message_id": said[0] } });
    assert_eq!(town.refused("POST", &path(&town), reply).await?, (403, 160_002));
    Ok(())
}

#[tokio::test]
async fn permissions_hold() -> Result<()> {
    let town = town().await?;
    let said = town.discord.say(town.general, "alice", "hi");
    let post = async || town.refused("POST", &path(&town), json!({ "content": "hi" })).await;
    town.discord.deny(town.general, &Whom::Everyone, permission::SEND_MESSAGES);
    assert_eq!(post().await?, (403, 50_013));
    town.discord.deny(town.general, &Whom::Everyone, permission::VIEW_CHANNEL);
    assert_eq!(post().await?, (403, 50_001));
    assert_eq!(town.refused("GET", &format!("/channels/{}", town.general), Value::Null).await?, (403, 50_001));
    assert_eq!(town.refused("GET", "/channels/5", Value::Null).await?, (404, 10_003));

    let both = permission::VIEW_CHANNEL | permission::SEND_MESSAGES;
    town.discord.allow(town.general, &Whom::Bot, both);
    town.post_message(town.general, "again").await?;
    let bulk = format!("{}/bulk-delete", path(&town));
    let another = town.discord.say(town.general, "alice", "bye");
    let body = json!({ "messages": [said, another] });
    assert_eq!(town.refused("POST", &bulk, body.clone()).await?, (403, 50_013));
    town.discord.allow(town.general, &Whom::Bot, permission::MANAGE_MESSAGES);
    assert_eq!(town.refused("POST", &bulk, json!({ "messages": [said] })).await?, (400, 50_016));
    town.ok("POST", &bulk, body).await?;
    assert!(town.discord.messages(town.general).iter().filter(|message| !message.by_bot).all(|gone| gone.deleted));

    town.discord.deny(town.general, &Whom::Bot, permission::ADD_REACTIONS);
    let own = town.post_message(town.general, "react to me").await?;
    let thumb = format!("{}/{own}/reactions/%F0%9F%91%8D/@me", path(&town));
    assert_eq!(town.refused("PUT", &thumb, Value::Null).await?, (403, 50_013));
    town.discord.react(own, "alice", "👍");
    town.ok("PUT", &thumb, Value::Null).await?;
    let people = town.ok("GET", thumb.trim_end_matches("/@me"), Value::Null).await?;
    assert_eq!(people.as_array().map(Vec::len), Some(2));
    town.ok("DELETE", &thumb, Value::Null).await?;
    let reactions = town.discord.message(own).context("it is there")?.reactions;
    assert_eq!((reactions[0].emoji.as_str(), &reactions[0].people), ("👍", &vec!["alice".to_owned()]));
    Ok(())
}

#[tokio::test]
async fn a_stranger_learns_nothing() -> Result<()> {
    let town = town().await?;
    let me = async |headers: &str| request(&town.playground, "GET /api/v10/users/@me", headers, "").await;
    town.discord.set_token("good");
    for headers in ["", "Authorization: Bot bad\r\n", "Authorization: Bearer good\r\n"] {
        let refused = me(headers).await?;
        assert_eq!((refused.status, refused.json()?), (401, json!({ "message": "401: Unauthorized", "code": 0 })));
    }
    assert_eq!(me("Authorization: Bot good\r\n").await?.json()?["id"], json!(town.discord.bot()));
    Ok(())
}

#[tokio::test]
async fn direct_messages_open_and_can_be_closed() -> Result<()> {
    let town = town().await?;
    let alice = town.discord.user("alice");
    let opened = town.ok("POST", "/users/@me/channels", json!({ "recipient_id": alice })).await?;
    assert_eq!((&opened["type"], &opened["recipients"][0]["username"]), (&json!(1), &json!("alice")));
    assert_eq!(id(&opened)?, town.discord.dm("alice"));
    town.post_message(id(&opened)?, "psst").await?;
    assert_eq!(town.discord.sees("alice", id(&opened)?)[0].content, "psst");
    assert!(town.discord.sees("bob", id(&opened)?).is_empty());
    town.discord.take_dms("alice", false);
    let path = format!("/channels/{}/messages", id(&opened)?);
    assert_eq!(town.refused("POST", &path, json!({ "content": "hello?" })).await?, (403, 50_007));
    assert_eq!(town.refused("POST", "/users/@me/channels", json!({ "recipient_id": "5" })).await?, (400, 50_033));
    Ok(())
}

#[tokio::test]
async fn guilds_can_be_looked_at() -> Result<()> {
    let town = town().await?;
    let (guild, alice) = (town.guild, town.discord.user("alice"));
    for (path, pointer, expected) in [
        (format!("/guilds/{guild}"), "/name", json!("Pedro Town")),
        (format!("/guilds/{guild}/channels"), "/0/name", json!("general")),
        (format!("/guilds/{guild}/roles"), "/0/id", json!(guild)),
        (format!("/guilds/{guild}/members/{alice}"), "/user/username", json!("alice")),
        ("/users/@me/guilds".to_owned(), "/0/id", json!(guild)),
        (format!("/users/{alice}"), "/username", json!("alice")),
        ("/applications/@me".to_owned(), "/id", json!(town.discord.bot())),
        ("/gateway/bot".to_owned(), "/url", json!(town.playground.gateway_url())),
    ] {
        assert_eq!(town.ok("GET", &path, Value::Null).await?.pointer(pointer), Some(&expected), "{path}");
    }
    let stranger = town.discord.user("carol");
    assert_eq!(town.refused("GET", &format!("/guilds/{guild}/members/{stranger}"), Value::Null).await?, (404, 10_007));
    assert_eq!(town.refused("GET", "/guilds/5", Value::Null).await?, (404, 10_004));
    assert_eq!(town.refused("GET", "/nonsense", Value::Null).await?, (404, 0));
    assert_eq!(town.refused("PUT", "/users/@me", Value::Null).await?, (405, 0));
    assert_eq!(town.refused("GET", "/channels/general", Value::Null).await?, (400, 50_035));
    Ok(())
}
