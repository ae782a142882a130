//! People use the bot, and the bot answers.

use std::time::Duration;

use anyhow::{Context, Result};
use pedro_playground::discord::{InteractionState, permission};
use serde_json::{Value, json};

use crate::support::{INTENTS, PATIENCE, Shard, Town, paths, town};

async fn town_with_commands() -> Result<(Town, Shard)> {
    let town = town().await?;
    let manage = permission::MANAGE_GUILD.to_string();
    town.register(json!([
        { "name": "askpedro", "description": "Asks Pedro", "options": [
            { "type": 3, "name": "question", "description": "What?", "required": true, "autocomplete": true },
            { "type": 5, "name": "plan", "description": "Make a plan?" } ] },
        { "name": "pause", "description": "Be quiet", "default_member_permissions": manage },
    ]))
    .await?;
    let shard = Shard::in_town(&town, INTENTS).await?;
    Ok((town, shard))
}

fn button(id: &str) -> Value {
    json!([{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "Press", "custom_id": id }] }])
}

#[tokio::test]
async fn a_command_is_deferred_answered_and_followed_up() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    let options = [("question", json!("why?")), ("plan", json!("true"))];
    let handle = town.discord.slash(town.general, "alice", "askpedro", &options)?;
    let told = shard.event("INTERACTION_CREATE").await?;
    assert_eq!((&told["id"], &told["type"], &told["data"]["name"]), (&json!(handle), &json!(2), &json!("askpedro")));
    let expected = json!([
        { "type": 3, "name": "question", "value": "why?" }, { "type": 5, "name": "plan", "value": true } ]);
    assert_eq!(told["data"]["options"], expected);
    assert_eq!(told["member"]["user"]["username"], json!("alice"));
    assert_eq!((&told["channel"]["id"], &told["context"]), (&json!(town.general), &json!(0)));
    let (callback, webhook) = paths(&town, &told);
    assert_eq!(town.refused("GET", &format!("{webhook}/messages/@original"), Value::Null).await?, (404, 10_015));

    assert_eq!(town.bot("POST", &callback, json!({ "type": 5 })).await?.status, 204);
    assert_eq!(town.refused("POST", &callback, json!({ "type": 5 })).await?, (400, 40_060));
    let seen = town.discord.sees("bob", town.general);
    assert!(seen[0].is_loading() && seen[0].content.is_empty());
    assert_eq!(town.discord.interaction(handle).map(|found| found.state), Some(InteractionState::Thinking));
    assert_eq!(shard.event("MESSAGE_CREATE").await?["flags"], json!(128));

    let edited = town.ok("PATCH", &format!("{webhook}/messages/@original"), json!({ "content": "because" })).await?;
    assert_eq!((&edited["content"], &edited["flags"], &edited["type"]), (&json!("because"), &json!(0), &json!(20)));
    assert_eq!(edited["interaction_metadata"]["name"], json!("askpedro"));
    assert_eq!(shard.event("MESSAGE_UPDATE").await?["content"], json!("because"));
    assert_eq!(town.discord.answered(handle, PATIENCE).await?.notice(), None);
    let more = town.ok("POST", &webhook, json!({ "content": "and more" })).await?;
    assert_eq!(more["message_reference"]["message_id"], edited["id"]);
    let path = format!("{webhook}/messages/{}", more["id"].as_str().context("an id")?);
    town.ok("PATCH", &path, json!({ "content": "and even more" })).await?;
    town.ok("DELETE", &path, Value::Null).await?;
    assert_eq!(town.discord.sees("bob", town.general).len(), 1);
    assert_eq!(town.discord.violations(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_first_follow_up_after_a_deferral_is_the_answer() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    town.discord.slash(town.general, "alice", "askpedro", &[("question", json!("why?"))])?;
    let (callback, webhook) = paths(&town, &shard.event("INTERACTION_CREATE").await?);
    let told = town.ok("POST", &format!("{callback}?with_response=true"), json!({ "type": 5 })).await?;
    assert_eq!(told["interaction"]["response_message_loading"], json!(true));
    let answer = town.ok("POST", &webhook, json!({ "content": "because" })).await?;
    assert_eq!(answer["id"], told["resource"]["message"]["id"]);
    assert_eq!(town.discord.messages(town.general).len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_ephemeral_answer_is_for_one_person_only() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    let handle = town.discord.slash(town.general, "alice", "askpedro", &[("question", json!("why?"))])?;
    let (callback, webhook) = paths(&town, &shard.event("INTERACTION_CREATE").await?);
    let body = json!({ "type": 4, "data": { "content": "psst", "flags": 64, "components": button("more") } });
    town.ok("POST", &callback, body).await?;
    assert_eq!(shard.heard().await?, Vec::<String>::new(), "nobody else is told");
    let message = town.discord.sees("alice", town.general).pop().context("alice sees it")?;
    assert_eq!((message.content.as_str(), message.is_ephemeral()), ("psst", true));
    assert!(town.discord.sees("bob", town.general).is_empty());
    assert!(town.discord.interaction(handle).is_some_and(|found| found.ephemeral));
    let path = format!("/channels/{}/messages/{}", town.general, message.id);
    assert_eq!(town.refused("GET", &path, Value::Null).await?, (404, 10_008));
    assert_eq!(town.ok("GET", &format!("{webhook}/messages/@original"), Value::Null).await?["content"], "psst");
    assert!(town.discord.press(message.id, "more", "bob").is_err());
    town.discord.press(message.id, "more", "alice")?;
    Ok(())
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_none() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    town.discord.set_answer_within(Duration::from_millis(1));
    let handle = town.discord.slash(town.general, "alice", "askpedro", &[("question", json!("why?"))])?;
    let (callback, webhook) = paths(&town, &shard.event("INTERACTION_CREATE").await?);
    let failed = town.discord.answered(handle, PATIENCE).await?;
    assert_eq!(failed.notice(), Some("The application did not respond"));
    assert_eq!(town.refused("POST", &callback, json!({ "type": 5 })).await?, (404, 10_062));
    assert_eq!(town.refused("POST", &webhook, json!({ "content": "hi" })).await?, (404, 10_015));
    assert_eq!(town.discord.violations().len(), 1);
    assert_eq!(town.refused("POST", "/interactions/5/x/callback", json!({ "type": 5 })).await?, (404, 10_062));
    Ok(())
}

#[tokio::test]
async fn a_token_ends() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    town.discord.slash(town.general, "alice", "askpedro", &[("question", json!("why?"))])?;
    let (callback, webhook) = paths(&town, &shard.event("INTERACTION_CREATE").await?);
    town.ok("POST", &callback, json!({ "type": 5 })).await?;
    town.discord.set_token_lifetime(Duration::ZERO);
    assert_eq!(town.refused("POST", &webhook, json!({ "content": "hi" })).await?, (401, 50_027));
    let original = format!("{webhook}/messages/@original");
    assert_eq!(town.refused("PATCH", &original, json!({ "content": "hi" })).await?, (401, 50_027));
    // The message itself can still be changed as any of the bot's.
    let message = town.discord.messages(town.general)[0].id;
    let path = format!("/channels/{}/messages/{message}", town.general);
    town.ok("PATCH", &path, json!({ "content": "late, but here" })).await?;
    assert!(!town.discord.messages(town.general)[0].is_loading());
    Ok(())
}

#[tokio::test]
async fn what_a_person_may_not_do_is_refused_before_the_bot_hears_of_it() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    let slash = |person: &str, name: &str, options: &[(&str, Value)]| {
        town.discord.slash(town.general, person, name, options).is_ok()
    };
    let question = ("question", json!("why?"));
    assert!(!slash("alice", "nonsense", &[]));
    assert!(!slash("alice", "askpedro", &[]));
    assert!(!slash("alice", "askpedro", &[question.clone(), ("plan", json!("maybe"))]));
    assert!(!slash("stranger", "askpedro", std::slice::from_ref(&question)));
    assert!(!slash("alice", "pause", &[]));
    assert_eq!(shard.heard().await?, Vec::<String>::new());
    let moderators = town.discord.add_role(town.guild, "mods", permission::MANAGE_GUILD);
    town.discord.set_roles(town.guild, "alice", &[moderators]);
    assert!(slash("alice", "/pause", &[]));
    town.discord.slash(town.discord.dm("alice"), "alice", "askpedro", &[question])?;
    let names = shard.heard().await?;
    assert_eq!(names.iter().filter(|name| *name == "INTERACTION_CREATE").count(), 2);
    Ok(())
}

#[tokio::test]
async fn a_button_updates_its_message_and_a_menu_tells_what_was_chosen() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    let menu = json!({ "type": 1, "components": [{ "type": 3, "custom_id": "menu", "options": [
        { "label": "A", "value": "a" }, { "label": "B", "value": "b" } ] }] });
    let components = json!([button("retry")[0], menu]);
    let path = format!("/channels/{}/messages", town.general);
    let sent = town.ok("POST", &path, json!({ "content": "plan", "components": components })).await?;
    let message = sent["id"].as_str().context("an id")?.parse()?;

    assert!(town.discord.press(message, "nonsense", "alice").is_err());
    let handle = town.discord.press(message, "retry", "alice")?;
    let told = shard.event("INTERACTION_CREATE").await?;
    assert_eq!((&told["type"], &told["message"]["id"]), (&json!(3), &sent["id"]));
    let expected = json!({ "custom_id": "retry", "component_type": 2, "id": 2 });
    assert_eq!(told["data"], expected);
    let update = json!({ "type": 7, "data": { "content": "plan, again", "components": [] } });
    town.ok("POST", &paths(&town, &told).0, update).await?;
    let answered = town.discord.answered(handle, PATIENCE).await?;
    assert_eq!(answered.response, Some(message));
    assert!(answered.answered_after.is_some());
    assert_eq!(town.discord.messages(town.general)[0].content, "plan, again");
    assert!(town.discord.press(message, "retry", "alice").is_err(), "the button is gone");

    town.ok("PATCH", &format!("{path}/{message}"), json!({ "components": components })).await?;
    assert!(town.discord.select(message, "menu", "bob", &["c"]).is_err());
    town.discord.set_answer_within(Duration::from_millis(1));
    let handle = town.discord.select(message, "menu", "bob", &["b"])?;
    assert_eq!(shard.event("INTERACTION_CREATE").await?["data"]["values"], json!(["b"]));
    assert_eq!(town.discord.answered(handle, PATIENCE).await?.notice(), Some("This interaction failed"));
    Ok(())
}

#[tokio::test]
async fn suggestions_come_while_somebody_types() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    let options = [("question", json!("wh"))];
    assert!(town.discord.autocomplete(town.general, "alice", "askpedro", &options, "plan").is_err());
    let handle = town.discord.autocomplete(town.general, "alice", "askpedro", &options, "question")?;
    let told = shard.event("INTERACTION_CREATE").await?;
    assert_eq!((&told["type"], &told["data"]["options"][0]["focused"]), (&json!(4), &json!(true)));
    let (callback, _) = paths(&town, &told);
    assert_eq!(town.refused("POST", &callback, json!({ "type": 4 })).await?, (400, 50_035));
    let choices = json!([{ "name": "why?", "value": "why?" }]);
    town.ok("POST", &callback, json!({ "type": 8, "data": { "choices": choices } })).await?;
    assert_eq!(json!(town.discord.answered(handle, PATIENCE).await?.choices), choices);
    Ok(())
}

#[tokio::test]
async fn a_form_is_opened_and_sent() -> Result<()> {
    let (town, mut shard) = town_with_commands().await?;
    let opener = town.discord.slash(town.general, "alice", "askpedro", &[("question", json!("why?"))])?;
    let (callback, _) = paths(&town, &shard.event("INTERACTION_CREATE").await?);
    let field = json!({ "type": 4, "custom_id": "text", "style": 1, "label": "Text", "required": true });
    let form = json!({ "custom_id": "form", "title": "A form", "components": [{ "type": 1, "components": [field] }] });
    town.ok("POST", &callback, json!({ "type": 9, "data": form })).await?;
    assert!(town.discord.submit(opener, &[]).is_err(), "the field is required");
    let handle = town.discord.submit(opener, &[("text", json!("hello"))])?;
    let told = shard.event("INTERACTION_CREATE").await?;
    assert_eq!((&told["type"], &told["data"]["custom_id"]), (&json!(5), &json!("form")));
    assert_eq!(told["data"]["components"][0]["components"][0]["value"], "hello");
    town.ok("POST", &paths(&town, &told).0, json!({ "type": 4, "data": { "content": "thanks" } })).await?;
    let response = town.discord.answered(handle, PATIENCE).await?.response.context("an answer")?;
    let path = format!("/channels/{}/messages/{response}", town.general);
    let metadata = &town.ok("GET", &path, Value::Null).await?["interaction_metadata"];
    assert_eq!(metadata["triggering_interaction_metadata"]["id"], json!(opener));
    assert_eq!(town.discord.message(response).map(|message| message.content), Some("thanks".to_owned()));
    Ok(())
}
