//! Menus: what people choose from, who may, and what Discord accepts of them.

use anyhow::Result;
use pedro_playground::discord::Snowflake;
use serde_json::{Value, json};

use crate::support::{INTENTS, Shard, Town, id, paths, town};

fn row(menu: &Value) -> Value {
    json!([{ "type": 1, "components": [menu] }])
}

fn menu() -> Value {
    json!({ "type": 3, "custom_id": "games", "placeholder": "Which games?", "min_values": 1, "max_values": 2, "options": [
        { "label": "Chess", "value": "chess", "description": "Slow" }, { "label": "Go", "value": "go" },
        { "label": "Quake", "value": "quake", "default": true } ] })
}

async fn post(town: &Town, menu: &Value) -> Result<Snowflake> {
    let body = json!({ "content": "choose", "components": row(menu) });
    id(&town.ok("POST", &format!("/channels/{}/messages", town.general), body).await?)
}

#[tokio::test]
async fn the_bot_hears_what_was_chosen_and_from_what_kind_of_menu() -> Result<()> {
    let town = town().await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    let message = post(&town, &menu()).await?;
    town.discord.select(message, "games", "alice", &["go", "chess"])?;
    let told = shard.event("INTERACTION_CREATE").await?;
    assert_eq!((&told["type"], &told["message"]["id"]), (&json!(3), &json!(message)));
    let expected = json!({ "custom_id": "games", "component_type": 3, "id": 2, "values": ["go", "chess"] });
    assert_eq!((&told["data"], &told["member"]["user"]["username"]), (&expected, &json!("alice")));
    let update = json!({ "type": 7, "data": { "content": "go it is", "components": [] } });
    town.ok("POST", &paths(&town, &told).0, update).await?;
    assert!(town.discord.select(message, "games", "alice", &["go"]).is_err(), "the menu is gone");
    Ok(())
}

#[tokio::test]
async fn nobody_chooses_what_they_cannot_see_or_what_is_not_there() -> Result<()> {
    let town = town().await?;
    town.register(json!([{ "name": "pick", "description": "Picks" }])).await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    let message = post(&town, &menu()).await?;
    let choose = |message, person: &str, values: &[&str]| town.discord.select(message, "games", person, values).is_ok();
    assert!(!choose(message, "stranger", &["go"]));
    assert!(!choose(message, "alice", &[]) && !choose(message, "alice", &["go", "chess", "quake"]));
    assert!(!choose(message, "alice", &["ludo"]) && !choose(message, "alice", &["go", "go"]));
    assert!(town.discord.press(message, "games", "alice").is_err(), "a menu is no button");

    town.discord.slash(town.general, "alice", "pick", &[])?;
    let (callback, _) = paths(&town, &shard.event("INTERACTION_CREATE").await?);
    let data = json!({ "content": "for alice", "flags": 64, "components": row(&menu()) });
    town.ok("POST", &callback, json!({ "type": 4, "data": data })).await?;
    let hers = town.discord.sees("alice", town.general).last().map(|message| message.id).unwrap_or_default();
    assert!(!choose(hers, "bob", &["go"]) && choose(hers, "alice", &["go"]));

    let mut disabled = menu();
    disabled["disabled"] = json!(true);
    let message = post(&town, &disabled).await?;
    assert!(!choose(message, "alice", &["go"]));
    Ok(())
}

#[tokio::test]
async fn a_menu_that_discord_would_refuse_is_refused() -> Result<()> {
    let town = town().await?;
    let path = format!("/channels/{}/messages", town.general);
    let code = async |field: &str, value: Value, place: &str| -> Result<Value> {
        let mut menu = menu();
        menu[field] = value;
        let refused = town.bot("POST", &path, json!({ "components": row(&menu) })).await?.json()?;
        let errors = &refused["errors"]["components"]["0"]["components"]["0"];
        Ok(errors.pointer(&format!("{place}/_errors/0/code")).cloned().unwrap_or(refused))
    };
    let option = |value: usize| json!({ "label": "x", "value": value.to_string() });
    let many: Vec<Value> = (0..26).map(option).collect();
    assert_eq!(code("options", json!(many), "/options").await?, "BASE_TYPE_BAD_LENGTH");
    assert_eq!(
        code("options", json!([option(1), option(1)]), "/options/1/value").await?,
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
    );
    assert_eq!(code("placeholder", json!("x".repeat(151)), "/placeholder").await?, "BASE_TYPE_BAD_LENGTH");
    assert_eq!(code("max_values", json!(26), "/max_values").await?, "NUMBER_TYPE_MAX");
    assert_eq!(code("max_values", json!(0), "/max_values").await?, "NUMBER_TYPE_MIN");
    assert_eq!(code("min_values", json!(3), "/min_values").await?, "BASE_TYPE_BAD_LENGTH");
    assert_eq!(code("custom_id", json!(null), "/custom_id").await?, "BASE_TYPE_REQUIRED");
    Ok(())
}
