//! Registering commands.

use anyhow::Result;
use serde_json::{Value, json};

use crate::support::town;

#[tokio::test]
async fn commands_are_registered_changed_and_removed() -> Result<()> {
    let town = town().await?;
    let base = format!("/applications/{}/commands", town.discord.bot());
    let ask = json!({ "name": "askpedro", "description": "Asks Pedro", "options": [
        { "type": 3, "name": "question", "description": "What?", "required": true } ] });
    let first = town.register(json!([ask, { "name": "title", "description": "The title" }])).await?;
    let again = town.register(json!([ask])).await?;
    assert_eq!((&again[0]["id"], &again[0]["version"]), (&first[0]["id"], &first[0]["version"]));
    assert_eq!((town.discord.commands(None).len(), town.discord.command_overwrites()), (1, 2));

    let one = json!({ "name": "links", "description": "Links" });
    assert_eq!(town.bot("POST", &base, one.clone()).await?.status, 201);
    let answer = town.bot("POST", &base, one).await?;
    assert_eq!(answer.status, 200);
    let path = format!("{base}/{}", answer.json()?["id"].as_str().unwrap_or_default());
    let changed = town.ok("PATCH", &path, json!({ "description": "All links" })).await?;
    assert_eq!((&changed["description"], &changed["name"]), (&json!("All links"), &json!("links")));
    assert_ne!(changed["version"], answer.json()?["version"]);
    town.ok("DELETE", &path, Value::Null).await?;
    assert_eq!(town.refused("GET", &path, Value::Null).await?, (404, 10_063));

    let own = format!("/applications/{}/guilds/{}/commands", town.discord.bot(), town.guild);
    let registered = town.ok("PUT", &own, json!([{ "name": "here", "description": "Only here" }])).await?;
    assert_eq!(registered[0]["guild_id"], json!(town.guild));
    assert_eq!(town.ok("GET", &base, Value::Null).await?.as_array().map(Vec::len), Some(1));
    assert_eq!(town.refused("GET", "/applications/5/commands", Value::Null).await?, (403, 20_012));
    Ok(())
}

#[tokio::test]
async fn a_command_that_discord_would_not_take_is_refused_with_its_place() -> Result<()> {
    let town = town().await?;
    let base = format!("/applications/{}/commands", town.discord.bot());
    let good = json!({ "name": "ask", "description": "x" });
    for (commands, pointer) in [
        (json!([{ "name": "askPedro", "description": "x" }]), "/0/name/_errors/0/code"),
        (json!([good, { "name": "title", "description": "" }]), "/1/description/_errors/0/code"),
        (json!([good, good]), "/1/_errors/0/code"),
        (
            json!([{ "name": "ask", "description": "x", "options": [
            { "type": 3, "name": "a", "description": "x" },
            { "type": 3, "name": "b", "description": "x", "required": true } ] }]),
            "/0/options/1/_errors/0/code",
        ),
    ] {
        let refused = town.bot("PUT", &base, commands.clone()).await?;
        let body = refused.json()?;
        assert_eq!((refused.status, &body["code"]), (400, &json!(50_035)));
        assert!(body["errors"].pointer(pointer).is_some(), "{commands}: {body}");
    }
    assert!(town.discord.commands(None).is_empty());
    Ok(())
}
