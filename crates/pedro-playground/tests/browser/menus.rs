//! What hangs on the bot's messages: menus to choose from, buttons that cannot be pressed, files.

use anyhow::Result;
use serde_json::{Value, json};

use crate::bot::Bot;
use crate::browser::{PLAIN, Person};
use crate::town::{NARROW, Town, WIDE};

fn menu(id: &str, most: u64) -> Value {
    let menu = json!({ "type": 3, "custom_id": id, "placeholder": "Which game?", "max_values": most, "options": [
        { "label": "Chess", "value": "chess", "description": "Slow and deep" }, { "label": "Go", "value": "go" },
        { "label": "Quake", "value": "quake" } ] });
    json!({ "type": 1, "components": [menu] })
}

async fn open(person: &mut Person) -> Result<()> {
    person.clicks(".menu", "Which game?").await?;
    person.sees("[role=option]", "Chess").await
}

#[tokio::test]
async fn one_thing_is_chosen_by_mouse_or_by_keyboard() -> Result<()> {
    let town = Town::new().await?;
    let mut bot = Bot::with(&town, json!([])).await?;
    let question = json!({ "content": "Let us play.", "components": [menu("one", 1)] });
    bot.does("POST", &format!("/channels/{}/messages", town.general), question).await?;
    let mut person = town.visitor(WIDE).await?;
    open(&mut person).await?;
    person.sees("[role=option]", "Slow and deep").await?;
    person.clicks("[role=option]", "Go").await?;
    let chosen = bot.interaction().await?;
    assert_eq!((&chosen["data"]["component_type"], &chosen["data"]["values"]), (&json!(3), &json!(["go"])));
    person.does_not_see("[role=option]", "Chess").await?;
    person.sees(".menu[aria-busy=true]", "Go").await?;
    bot.responds(&chosen, json!({ "type": 6 })).await?;
    person.does_not_see(".menu[aria-busy=true]", "").await?;
    person.sees(".menu", "Which game?: Go").await?;

    // The focus is still there; arrow keys look, and only Enter chooses.
    person.is_in(".menu").await?;
    person.presses("ArrowDown", PLAIN).await?;
    person.sees("[role=option].active", "Go").await?;
    person.presses("ArrowDown", PLAIN).await?;
    person.presses("Escape", PLAIN).await?;
    person.does_not_see("[role=option]", "Chess").await?;
    person.is_in(".menu").await?;
    person.presses("ArrowDown", PLAIN).await?;
    person.presses("ArrowDown", PLAIN).await?;
    person.sees("[role=option].active", "Quake").await?;
    person.presses("Enter", PLAIN).await?;
    let chosen = bot.interaction().await?;
    assert_eq!(chosen["data"]["values"], json!(["quake"]));
    bot.responds(&chosen, json!({ "type": 7, "data": { "content": "Quake it is.", "components": [] } })).await?;
    person.sees(".msg.bot .body", "Quake it is.").await?;
    person.does_not_see(".menu", "").await?;
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn several_things_are_marked_and_then_sent() -> Result<()> {
    let town = Town::new().await?;
    let mut bot = Bot::with(&town, json!([])).await?;
    let question = json!({ "content": "Let us play.", "components": [menu("many", 2)] });
    bot.does("POST", &format!("/channels/{}/messages", town.general), question).await?;
    let mut person = town.visitor(WIDE).await?;
    person.resize(NARROW.0, NARROW.1).await?;
    person.clicks("[data-tab]", "Discord").await?;
    open(&mut person).await?;
    person.sees(".menu-popup footer", "Choose 1 to 2").await?;
    person.until("document.querySelector('.menu-popup .primary').disabled").await?;
    person.clicks("[role=option]", "Quake").await?;
    person.clicks("[role=option]", "Chess").await?;
    // Two are all that may be chosen.
    person.clicks("[role=option]", "Go").await?;
    person.sees(".menu", "Which game?: Chess, Quake").await?;
    person.clicks(".menu-popup .primary", "Choose").await?;
    let chosen = bot.interaction().await?;
    assert_eq!(chosen["data"]["values"], json!(["chess", "quake"]));
    bot.responds(&chosen, json!({ "type": 6 })).await?;
    person.is_in(".menu").await?;
    person.presses("ArrowDown", PLAIN).await?;
    person.presses(" ", PLAIN).await?;
    person.presses("Enter", PLAIN).await?;
    assert_eq!(bot.interaction().await?["data"]["values"], json!(["quake"]));
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn buttons_have_their_styles_and_some_cannot_be_pressed() -> Result<()> {
    let town = Town::new().await?;
    let bot = Bot::with(&town, json!([])).await?;
    let button = |style: u64, more: Value| {
        let mut button = json!({ "type": 2, "style": style, "label": format!("style {style}") });
        for (key, value) in more.as_object().into_iter().flatten() {
            button[key] = value.clone();
        }
        button
    };
    let row: Vec<Value> = (1..=4).map(|style| button(style, json!({ "custom_id": style.to_string() }))).collect();
    let others = [
        button(5, json!({ "url": "https://pedro.example/workflow" })),
        button(4, json!({ "custom_id": "off", "label": "off", "disabled": true })),
    ];
    let components = json!([{ "type": 1, "components": row }, { "type": 1, "components": others }]);
    let body = json!({ "content": "look", "components": components });
    bot.does("POST", &format!("/channels/{}/messages", town.general), body).await?;
    let mut person = town.visitor(WIDE).await?;
    for (style, class) in [(1, "primary"), (2, "secondary"), (3, "success"), (4, "danger")] {
        person.sees(&format!("button.pressable.{class}"), &format!("style {style}")).await?;
    }
    person.sees("a.pressable[href='https://pedro.example/workflow'][target=_blank]", "style 5").await?;
    person.sees("button.pressable:disabled", "off").await?;
    Ok(())
}

#[tokio::test]
async fn a_file_is_a_link_with_its_name_and_size_and_is_saved() -> Result<()> {
    let town = Town::new().await?;
    let mut bot = Bot::with(&town, json!([{ "name": "export", "description": "Exports" }])).await?;
    let mut person = town.visitor(WIDE).await?;
    person.clicks("#talk-say", "").await?;
    person.types("/export").await?;
    person.sees("[role=option][aria-selected=true]", "/export").await?;
    person.presses("Enter", PLAIN).await?;
    person.presses("Enter", PLAIN).await?;
    let asked = bot.interaction().await?;
    let content = format!("{{\"lines\":\"{}\"}}", "x".repeat(1_488));
    let answer = json!({ "type": 4, "data": { "content": "All of it.", "flags": 64 } });
    bot.responds_with_file(&asked, answer, "export.json", &content).await?;
    person.sees(".msg.ephemeral .file", "export.json").await?;
    person.sees(".file small", "1.5 KB").await?;
    let (name, saved) = person.saves(".file", "export.json").await?;
    assert_eq!((name.as_str(), String::from_utf8(saved)?), ("export.json", content));
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}
