//! The gateway, as a client on the wire sees it.

use std::time::Duration;

use anyhow::Result;
use pedro_playground::discord::{Whom, permission};
use serde_json::{Value, json};

use crate::support::{INTENTS, NO_CONTENT, PATIENCE, Shard, id, town};

#[tokio::test]
async fn a_bot_signs_in_and_is_told_of_its_guild() -> Result<()> {
    let town = town().await?;
    let bot = town.discord.bot();
    let thread = town.discord.begin_thread(town.general, "alice", "a thread", false);
    let (mut shard, ready) = Shard::ready(&town.playground, INTENTS).await?;
    assert_eq!((&ready["v"], &ready["shard"]), (&json!(10), &json!([0, 1])));
    assert_eq!(ready["guilds"], json!([{ "id": town.guild, "unavailable": true }]));
    assert_eq!((&ready["user"]["id"], &ready["user"]["bot"]), (&json!(bot), &json!(true)));
    assert_eq!(ready["application"]["id"], json!(bot));
    assert_eq!(ready["resume_gateway_url"], json!(town.playground.gateway_url()));

    let guild = shard.event("GUILD_CREATE").await?;
    assert_eq!((&guild["id"], &guild["name"]), (&json!(town.guild), &json!("Pedro Town")));
    assert_eq!(guild["channels"][0]["id"], json!(town.general));
    assert_eq!(guild["threads"][0]["id"], json!(thread));
    assert_eq!(guild["roles"][0]["name"], json!("@everyone"));
    assert_eq!(guild["member_count"], json!(4));
    let members = guild["members"].as_array().map(Vec::len);
    assert_eq!((members, &guild["members"][0]["user"]["id"]), (Some(1), &json!(bot)), "no others without presences");
    assert_eq!((shard.seq, town.discord.shards()), (2, vec![0]));
    town.discord.ready(1, PATIENCE).await
}

#[tokio::test]
async fn what_does_not_fit_is_turned_away_with_its_code() -> Result<()> {
    let town = town().await?;
    town.discord.set_token("good");
    town.discord.set_privileged_intents(0);
    town.discord.set_shards(2, 2);
    let turned_away = async |data: Value, code: u16| -> Result<()> {
        let mut shard = Shard::connect(&town.playground).await?;
        shard.send(data.clone()).await?;
        assert_eq!(shard.end().await?, Some(code), "{data}");
        Ok(())
    };
    let identify = |token: &str, intents: u64, shard: Value| json!({ "op": 2, "d": { "token": token, "intents": intents, "shard": shard, "properties": {} } });
    turned_away(identify("bad", 1, json!([0, 2])), 4004).await?;
    turned_away(identify("good", 1, json!([2, 2])), 4010).await?;
    turned_away(identify("good", 1, json!([0, 1])), 4011).await?;
    turned_away(identify("good", 1 << 40, json!([0, 2])), 4013).await?;
    turned_away(identify("good", 1 << 15, json!([0, 2])), 4014).await?;
    turned_away(json!({ "op": 3, "d": {} }), 4003).await?;
    turned_away(json!({ "op": 99 }), 4001).await?;
    turned_away(json!([]), 4002).await?;
    turned_away(json!({ "op": 2, "d": { "token": "x".repeat(5_000) } }), 4002).await?;

    let mut shard = Shard::connect(&town.playground).await?;
    shard.send(identify("Bot good", 1, json!([0, 2]))).await?;
    shard.event("READY").await?;
    shard.send(identify("good", 1, json!([0, 2]))).await?;
    assert_eq!(shard.end().await?, Some(4005));
    Ok(())
}

#[tokio::test]
async fn each_guild_belongs_to_one_shard_and_direct_messages_to_the_first() -> Result<()> {
    let town = town().await?;
    let shards = 2;
    let wanted = (town.guild.get() >> 22) % shards;
    let mut other = String::new();
    let elsewhere = (0..)
        .map(|number| {
            other = format!("guild {number}");
            town.discord.add_guild(&other)
        })
        .find(|guild| (guild.get() >> 22) % shards != wanted);
    let elsewhere = town.discord.add_channel(elsewhere.unwrap_or_default(), "elsewhere");
    let mut connected = Vec::new();
    for number in 0..shards {
        let mut shard = Shard::connect(&town.playground).await?;
        shard.identify(json!({ "token": "x", "intents": INTENTS, "shard": [number, shards] })).await?;
        shard.event("READY").await?;
        shard.heard().await?;
        connected.push(shard);
    }
    town.discord.say(town.general, "alice", "to one shard");
    town.discord.say(elsewhere, "alice", "to the other");
    town.discord.say(town.discord.dm("alice"), "alice", "in private");
    for (number, mut shard) in connected.into_iter().enumerate() {
        let mut texts = Vec::new();
        for _ in 0..if number == 0 { 2 } else { 1 } {
            texts.push(shard.event("MESSAGE_CREATE").await?["content"].clone());
        }
        let guilds = if number as u64 == wanted { "to one shard" } else { "to the other" };
        assert_eq!(texts[0], guilds);
        assert_eq!(texts.get(1).is_some_and(|text| text == "in private"), number == 0);
        assert_eq!(shard.heard().await?, Vec::<String>::new());
    }
    Ok(())
}

#[tokio::test]
async fn who_comes_back_is_told_what_it_missed() -> Result<()> {
    let town = town().await?;
    let (mut shard, ready) = Shard::ready(&town.playground, INTENTS).await?;
    shard.event("GUILD_CREATE").await?;
    let first = town.discord.say(town.general, "alice", "before");
    shard.event("MESSAGE_CREATE").await?;
    let seq = shard.seq;
    town.discord.drop_connections();
    assert_eq!(shard.end().await?, None);
    let missed = town.discord.say(town.general, "alice", "meanwhile");
    town.discord.edit(first, "changed");

    let mut shard = Shard::connect(&town.playground).await?;
    shard.resume(&ready["session_id"], seq).await?;
    assert_eq!(id(&shard.event("MESSAGE_CREATE").await?)?, missed);
    assert_eq!(shard.seq, seq + 1);
    assert_eq!(shard.event("MESSAGE_UPDATE").await?["content"], "changed");
    shard.event("RESUMED").await?;
    assert_eq!((shard.seq, town.discord.resumes()), (seq + 3, 1));
    town.discord.say(town.general, "alice", "after");
    assert_eq!(shard.heard().await?, ["MESSAGE_CREATE"]);
    Ok(())
}

#[tokio::test]
async fn a_session_that_is_gone_cannot_be_resumed() -> Result<()> {
    let town = town().await?;
    let (shard, ready) = Shard::ready(&town.playground, INTENTS).await?;
    shard.close(1000).await?;
    town.discord.until(PATIENCE, |discord| discord.sessions() == 0).await?;
    let refused = async |session: &Value, seq: u64| -> Result<Shard> {
        let mut shard = Shard::connect(&town.playground).await?;
        shard.resume(session, seq).await?;
        Ok(shard)
    };
    let invalid = refused(&ready["session_id"], 1).await?.op(9).await?;
    assert_eq!(invalid["d"], false);

    let (shard, ready) = Shard::ready(&town.playground, INTENTS).await?;
    shard.close(4000).await?;
    assert_eq!(refused(&ready["session_id"], 99).await?.end().await?, Some(4007));
    town.discord.set_session_lifetime(Duration::ZERO);
    town.discord.until(PATIENCE, |discord| discord.sessions() == 0).await?;
    refused(&ready["session_id"], 1).await?.op(9).await?;
    Ok(())
}

#[tokio::test]
async fn heartbeats_are_answered_asked_for_and_missed() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    shard.heard().await?;
    town.discord.request_heartbeats();
    shard.op(1).await?;
    shard.heard().await?;
    assert_eq!(town.discord.heartbeats(), 2);

    town.discord.set_heartbeat_interval(Duration::from_millis(10));
    assert_eq!(shard.end().await?, Some(4009));
    assert_eq!(town.discord.sessions(), 0);
    Ok(())
}

#[tokio::test]
async fn a_bot_is_told_only_what_it_asked_for() -> Result<()> {
    let town = town().await?;
    let (mut shard, _) = Shard::ready(&town.playground, 1 << 12).await?;
    assert_eq!(shard.heard().await?, Vec::<String>::new(), "no GUILD_CREATE without the intent for guilds");
    let message = town.discord.say(town.general, "alice", "in the guild");
    town.discord.react(message, "bob", "👍");
    town.discord.type_in(town.general, "alice");
    town.discord.add_member(town.guild, "carol", &[]);
    assert_eq!(shard.heard().await?, Vec::<String>::new());
    town.discord.say(town.discord.dm("alice"), "alice", "in private");
    assert_eq!(shard.heard().await?, ["MESSAGE_CREATE"]);
    Ok(())
}

#[tokio::test]
async fn what_people_say_is_empty_without_the_intent_unless_it_concerns_the_bot() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, NO_CONTENT).await?;
    let mention = format!("hi <@{}>", town.discord.bot());
    town.discord.say(town.general, "alice", "among people");
    town.discord.say(town.general, "alice", &mention);
    town.discord.say(town.discord.dm("alice"), "alice", "in private");
    let own = town.post_message(town.general, "my own").await?;
    town.discord.reply(town.general, "alice", "to you", own);
    for expected in ["", &mention, "in private", "my own", "to you"] {
        assert_eq!(shard.event("MESSAGE_CREATE").await?["content"], expected);
    }
    Ok(())
}

#[tokio::test]
async fn a_channel_that_the_bot_cannot_see_is_silent() -> Result<()> {
    let town = town().await?;
    let mods = town.discord.add_channel(town.guild, "mods");
    town.discord.deny(mods, &Whom::Everyone, permission::VIEW_CHANNEL);
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    town.discord.say(mods, "alice", "secret");
    let thread = town.discord.begin_thread(town.general, "alice", "private", true);
    town.discord.say(thread, "alice", "secret too");
    assert_eq!(shard.heard().await?, Vec::<String>::new());

    town.discord.allow(mods, &Whom::Bot, permission::VIEW_CHANNEL);
    town.discord.say(mods, "alice", "no secret");
    assert_eq!(shard.heard().await?, ["CHANNEL_UPDATE", "THREAD_LIST_SYNC", "MESSAGE_CREATE"]);
    let bot = "pedro";
    town.discord.join_thread(thread, bot);
    town.discord.say(thread, "alice", "welcome");
    assert_eq!(shard.heard().await?, ["THREAD_CREATE", "THREAD_MEMBERS_UPDATE", "MESSAGE_CREATE"]);
    Ok(())
}

#[tokio::test]
async fn everything_that_happens_has_its_event() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS | (1 << 1)).await?;
    let discord = &town.discord;
    let said: Vec<_> = ["one", "two", "three"].map(|text| discord.say(town.general, "alice", text)).into();
    discord.edit(said[0], "uno");
    discord.react(said[0], "bob", "👍");
    discord.unreact(said[0], "bob", "👍");
    discord.delete(said[0]);
    discord.bulk_delete(town.general, &said);
    discord.type_in(town.general, "alice");
    let expected = [
        "MESSAGE_CREATE",
        "MESSAGE_CREATE",
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "TYPING_START",
    ];
    assert_eq!(shard.heard().await?, expected);

    let channel = discord.add_channel(town.guild, "second");
    discord.rename_channel(channel, "third");
    discord.delete_channel(channel);
    let role = discord.add_role(town.guild, "friends", 0);
    discord.set_role_permissions(town.guild, role, permission::MANAGE_GUILD);
    discord.add_member(town.guild, "carol", &[]);
    discord.set_roles(town.guild, "carol", &[role]);
    discord.remove_member(town.guild, "carol");
    discord.remove_member(town.guild, "pedro");
    discord.invite_bot(town.guild);
    let expected = [
        "CHANNEL_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "GUILD_ROLE_CREATE",
        "GUILD_ROLE_UPDATE",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "GUILD_MEMBER_REMOVE",
        "GUILD_DELETE",
        "GUILD_CREATE",
    ];
    assert_eq!(shard.heard().await?, expected);
    Ok(())
}

#[tokio::test]
async fn members_can_be_asked_for() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    shard.send(json!({ "op": 8, "d": { "guild_id": town.guild, "query": "al", "limit": 5, "nonce": "n" } })).await?;
    let chunk = shard.event("GUILD_MEMBERS_CHUNK").await?;
    assert_eq!(chunk["members"][0]["user"]["username"], "alice");
    assert_eq!((&chunk["nonce"], &chunk["chunk_count"]), (&json!("n"), &json!(1)));
    Ok(())
}
