//! The Discord side of the page.

use anyhow::Result;
use serde_json::{Value, json};

use crate::bot::{Bot, text};
use crate::browser::{ALT, PLAIN, Person};
use crate::town::{Town, WIDE};

const EPHEMERAL: u64 = 1 << 6;

fn commands() -> Value {
    json!([
        { "name": "askpedro", "description": "Ask Pedro something", "options": [
            { "type": 3, "name": "question", "description": "What do you want to know?", "required": true },
            { "type": 5, "name": "plan", "description": "Make a plan first?" } ] },
        { "name": "links", "description": "Helpful links", "options": [
            { "type": 3, "name": "word", "description": "A word of it", "required": true, "autocomplete": true } ] },
        { "name": "privacy", "description": "What is stored", "options": [
            { "type": 1, "name": "what", "description": "What is stored" },
            { "type": 1, "name": "export", "description": "Get it as a file" } ] },
        { "name": "pedro-pause", "description": "Be quiet", "default_member_permissions": "32" },
    ])
}

/// Types a command as far as that it is the only one, and takes it.
async fn begins(person: &mut Person, typed: &str, command: &str) -> Result<()> {
    person.clicks("#talk-say", "").await?;
    person.types(typed).await?;
    person.sees("[role=option][aria-selected=true]", command).await?;
    person.presses("Enter", PLAIN).await?;
    person.sees(".command-name", command).await
}

#[tokio::test]
async fn a_command_is_typed_answered_and_goes_on_in_its_thread() -> Result<()> {
    let town = Town::new().await?;
    let mut bot = Bot::with(&town, commands()).await?;
    let mut person = town.visitor(WIDE).await?;
    person.sees("#discord-state", "pedro is connected").await?;
    begins(&mut person, "/as", "/askpedro").await?;
    // Nothing is sent without what is required.
    person.presses("Enter", PLAIN).await?;
    person.sees("#discord-problem", "This option is required").await?;
    person.types("when is the stream?").await?;
    person.presses("Tab", PLAIN).await?;
    person.is_in(".tail").await?;
    person.presses("ArrowDown", PLAIN).await?;
    person.presses("Tab", PLAIN).await?;
    person.sees("#suggest-head", "plan").await?;
    person.presses("Enter", PLAIN).await?;
    person.is_in(".tail").await?;
    person.presses("Enter", PLAIN).await?;

    let asked = bot.interaction().await?;
    let expected = json!([
        { "type": 3, "name": "question", "value": "when is the stream?" },
        { "type": 5, "name": "plan", "value": true } ]);
    assert_eq!((&asked["data"]["name"], &asked["data"]["options"]), (&json!("askpedro"), &expected));
    person.sees(".pending", "Sending command").await?;
    person.is_in("#talk-say").await?;
    bot.responds(&asked, json!({ "type": 5 })).await?;
    person.sees(".msg.bot", "pedro is thinking…").await?;
    person.sees(".msg.bot .above", "alice used /askpedro").await?;
    person.does_not_see(".pending", "").await?;

    let shown = bot.answers(&asked, json!({ "content": "**alice** asks:\n> when is the stream?" })).await?;
    person.sees(".msg.bot blockquote", "when is the stream?").await?;
    let path = format!("/channels/{}/messages/{}/threads", town.general, text(&shown, "id"));
    let thread = bot.does("POST", &path, json!({ "name": "when is the stream?" })).await?;
    let thread = text(&thread, "id");
    let posted = bot.does("POST", &format!("/channels/{thread}/messages"), json!({ "content": "Let me" })).await?;
    person.clicks(".thread-card", "when is the stream?").await?;
    person.sees("#talk-name", "when is the stream?").await?;
    person.sees(".msg.bot .body", "Let me").await?;
    let path = format!("/channels/{thread}/messages/{}", text(&posted, "id"));
    bot.does("PATCH", &path, json!({ "content": "Let me see: on **Thursday**." })).await?;
    person.sees(".msg.bot .body strong", "Thursday").await?;
    person.sees(".msg.bot .edited", "edited").await?;
    person.clicks(".thumb", "").await?;
    person.sees(".reaction[aria-pressed=true]", "👎, 1: alice").await?;
    person.clicks("#talk-say", "").await?;
    person.types("thank you").await?;
    person.presses("Enter", PLAIN).await?;
    person.sees(".msg .body", "thank you").await?;
    person.clicks("#talk-up", "").await?;
    person.sees("#talk-name", "general").await?;
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn a_button_is_pressed_and_one_that_nobody_answers_says_so() -> Result<()> {
    let town = Town::new().await?;
    let mut bot = Bot::with(&town, commands()).await?;
    let buttons = json!([{ "type": 1, "components": [
        { "type": 2, "style": 1, "label": "Yes", "custom_id": "yes" },
        { "type": 2, "style": 2, "label": "No", "custom_id": "no" } ] }]);
    let question = json!({ "content": "Is it alive?", "components": buttons });
    bot.does("POST", &format!("/channels/{}/messages", town.general), question).await?;
    let mut person = town.visitor(WIDE).await?;
    person.clicks(".pressable", "Yes").await?;
    let pressed = bot.interaction().await?;
    assert_eq!((&pressed["data"]["custom_id"], &pressed["type"]), (&json!("yes"), &json!(3)));
    person.sees(".pressable[aria-busy=true]", "Yes").await?;
    bot.responds(&pressed, json!({ "type": 7, "data": { "content": "Is it an animal?" } })).await?;
    person.sees(".msg.bot .body", "Is it an animal?").await?;
    person.does_not_see(".pressable[aria-busy=true]", "").await?;

    person.clicks(".pressable", "No").await?;
    bot.interaction().await?;
    person.sees(".msg .failure", "This interaction failed").await?;
    begins(&mut person, "/askpedro", "/askpedro").await?;
    person.types("anybody there?").await?;
    person.presses("Enter", PLAIN).await?;
    person.sees(".pending.failed", "The application did not respond").await?;
    person.clicks(".pending .dismiss", "").await?;
    person.does_not_see(".pending", "").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_for_one_person_no_other_sees() -> Result<()> {
    let town = Town::new().await?;
    let mut bot = Bot::with(&town, commands()).await?;
    town.discord.say(town.mods, "modmia", "for moderators");
    let mut person = town.visitor(WIDE).await?;
    person.does_not_see(".channel", "mods").await?;
    begins(&mut person, "/privacy ex", "/privacy export").await?;
    person.presses("Enter", PLAIN).await?;
    let asked = bot.interaction().await?;
    assert_eq!(asked["data"]["options"], json!([{ "type": 1, "name": "export", "options": [] }]));
    bot.responds(&asked, json!({ "type": 4, "data": { "content": "all of it", "flags": EPHEMERAL } })).await?;
    person.sees(".msg.ephemeral .body", "all of it").await?;
    person.sees(".msg.ephemeral .below", "Only you can see this").await?;

    person.presses("2", ALT).await?;
    person.sees("#people [aria-checked=true]", "bob").await?;
    person.does_not_see(".msg", "all of it").await?;
    person.clicks("#talk-say", "").await?;
    person.types("/").await?;
    person.sees("[role=option]", "/askpedro").await?;
    person.does_not_see("[role=option]", "/pedro-pause").await?;
    person.presses("Escape", PLAIN).await?;
    person.presses("4", ALT).await?;
    person.clicks(".channel", "mods").await?;
    person.sees("#talk-name", "mods").await?;
    person.sees(".msg .body", "for moderators").await?;
    person.until("document.querySelector('#talk-name .glyph.lock')").await?;
    person.presses("1", ALT).await?;
    person.sees("#talk-name", "general").await?;
    person.sees(".msg.ephemeral .body", "all of it").await?;
    person.does_not_see(".msg", "for moderators").await?;
    Ok(())
}

#[tokio::test]
async fn people_edit_reply_and_talk_in_private_threads() -> Result<()> {
    let town = Town::new().await?;
    town.discord.say(town.general, "bob", "hello **there**");
    let mut person = town.visitor(WIDE).await?;
    person.clicks("#talk-say", "").await?;
    person.types("hi @bo").await?;
    person.sees("[role=option][aria-selected=true]", "bob").await?;
    person.presses("Tab", PLAIN).await?;
    person.types("and all").await?;
    person.presses("Enter", PLAIN).await?;
    person.sees(".msg .mention", "@bob").await?;
    let bob = town.discord.user("bob");
    assert_eq!(town.discord.messages(town.general)[1].content, format!("hi <@{bob}> and all"));
    person.presses("ArrowUp", PLAIN).await?;
    person.sees("#talk-context", "Editing your message").await?;
    person.types("!").await?;
    person.presses("Enter", PLAIN).await?;
    person.sees(".msg .body", "and all! (edited)").await?;
    person.presses("ArrowUp", ALT).await?;
    person.presses("ArrowUp", PLAIN).await?;
    person.presses("Enter", PLAIN).await?;
    person.sees("#talk-context", "Replying to @bob").await?;
    person.types("indeed").await?;
    person.presses("Enter", PLAIN).await?;
    person.sees(".msg .context", "@bob: hello **there**").await?;

    person.clicks("#new-thread", "").await?;
    person.types("secret plans").await?;
    person.value("document.querySelector('#form select').value = 'private'").await?;
    person.presses("Enter", PLAIN).await?;
    person.sees("#talk-name", "secret plans").await?;
    person.sees(".channel.thread", "private secret plans").await?;
    person.is_in("#talk-say").await?;
    person.presses("2", ALT).await?;
    person.sees("#talk-name", "general").await?;
    person.does_not_see(".channel", "secret plans").await?;
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn suggestions_come_while_somebody_types() -> Result<()> {
    let town = Town::new().await?;
    let mut bot = Bot::with(&town, commands()).await?;
    let mut person = town.visitor(WIDE).await?;
    begins(&mut person, "/links", "/links").await?;
    let asked = bot.interaction().await?;
    assert_eq!((&asked["type"], &asked["data"]["options"][0]["focused"]), (&json!(4), &json!(true)));
    let choices = json!([{ "name": "rules", "value": "rules" }, { "name": "schedule", "value": "the schedule" }]);
    bot.responds(&asked, json!({ "type": 8, "data": { "choices": choices } })).await?;
    person.sees("[role=option]", "schedule").await?;
    person.presses("ArrowDown", PLAIN).await?;
    person.presses("ArrowDown", PLAIN).await?;
    person.presses("Enter", PLAIN).await?;
    person.presses("Enter", PLAIN).await?;
    let sent = bot.interaction().await?;
    assert_eq!((&sent["type"], &sent["data"]["options"][0]["value"]), (&json!(2), &json!("the schedule")));
    Ok(())
}

#[tokio::test]
async fn what_people_say_is_shown_and_never_obeyed() -> Result<()> {
    let town = Town::new().await?;
    let said = "<img src=x onerror=document.title='gone'> [a](javascript:document.title='gone') \
                <script>document.title='gone'</script> **<b>bold</b>**\n```html\n<i>code</i>\n```\n- one\n- `two`";
    town.discord.say(town.general, "bob", said);
    let mut person = town.visitor(WIDE).await?;
    person.sees(".msg .body", "<img src=x").await?;
    person.sees(".msg .body", "[a](javascript:").await?;
    person.sees(".msg .body strong", "<b>bold</b>").await?;
    person.sees(".msg .body pre code", "<i>code</i>").await?;
    person.sees(".msg .body li code", "two").await?;
    let made = person.value("document.querySelectorAll('.msg img, .msg script, .msg .body a, .msg b').length").await?;
    assert_eq!(made, json!(0));
    assert_eq!(person.value("document.title").await?, json!("Pedro's playground"));
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}
