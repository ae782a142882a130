//! Files: they come with messages, new and changed, and with answers to interactions; and they can be fetched.

use anyhow::{Context, Result};
use pedro_playground::discord::Snowflake;
use serde_json::{Value, json};

use crate::support::{INTENTS, Shard, Town, id, paths, request, town};

const TEN_MIB: usize = 10 * 1024 * 1024;

fn path(town: &Town) -> String {
    format!("/channels/{}/messages", town.general)
}

/// What the files of a message are called.
fn names(town: &Town, message: Snowflake) -> Vec<String> {
    town.discord.files(message).into_iter().map(|file| file.filename).collect()
}

#[tokio::test]
async fn a_file_travels_with_its_message_and_can_be_fetched() -> Result<()> {
    let town = town().await?;
    let about = json!([{ "id": 0, "filename": "plan é.txt", "description": "a plan" }]);
    let files = [("plan.txt", "text/plain", "step one"), ("data.json", "", "{}")];
    let fields = json!({ "content": "here", "attachments": about });
    let sent = town.form("POST", &path(&town), fields, &files).await?.json()?;
    let (plan, data) = (&sent["attachments"][0], &sent["attachments"][1]);
    assert_eq!(
        (&plan["filename"], &plan["size"], &plan["description"]),
        (&json!("plan_é.txt"), &json!(8), &json!("a plan"))
    );
    assert_eq!((&plan["content_type"], &plan["ephemeral"]), (&json!("text/plain"), &Value::Null));
    assert_eq!(data["content_type"], "application/json; charset=utf-8");

    let url = plan["url"].as_str().and_then(|url| url.strip_prefix(&town.playground.http_url())).context("a url")?;
    let fetched = request(&town.playground, &format!("GET {url}"), "", "").await?;
    assert_eq!((fetched.status, fetched.body.as_str()), (200, "step one"));
    assert_eq!((fetched.header("content-type"), fetched.header("content-length")), (Some("text/plain"), Some("8")));
    assert_eq!(fetched.header("content-disposition"), Some("attachment; filename*=utf-8''plan_%c3%a9.txt"));
    let renamed = url.replace("plan", "other");
    assert_eq!(request(&town.playground, &format!("GET {renamed}"), "", "").await?.status, 404);

    assert_eq!(town.discord.attachment(id(plan)?), Some(b"step one".to_vec()));
    let kept = town.discord.files(id(&sent)?);
    assert_eq!(
        (kept[0].content_type.as_deref(), kept[0].bytes.as_slice()),
        (Some("text/plain"), b"step one".as_slice())
    );
    assert_eq!(names(&town, id(&sent)?), ["plan_é.txt", "data.json"]);
    Ok(())
}

#[tokio::test]
async fn a_change_of_a_message_keeps_drops_and_adds_files() -> Result<()> {
    let town = town().await?;
    let two = [("one.txt", "", "1"), ("two.txt", "", "2")];
    let sent = town.form("POST", &path(&town), json!({}), &two).await?.json()?;
    let (message, kept) = (id(&sent)?, id(&sent["attachments"][1])?);
    let change = format!("{}/{message}", path(&town));
    town.ok("PATCH", &change, json!({ "content": "both" })).await?;
    assert_eq!(names(&town, message), ["one.txt", "two.txt"]);
    let fields = json!({ "attachments": [{ "id": kept }, { "id": 0, "filename": "three.txt" }] });
    let changed = town.form("PATCH", &change, fields, &[("3.txt", "", "3")]).await?;
    assert_eq!(changed.json()?["attachments"].as_array().map(Vec::len), Some(2));
    assert_eq!(names(&town, message), ["two.txt", "three.txt"]);
    town.ok("PATCH", &change, json!({ "attachments": [] })).await?;
    assert!(names(&town, message).is_empty());
    assert_eq!(town.refused("PATCH", &change, json!({ "content": "" })).await?, (400, 50_006));
    Ok(())
}

#[tokio::test]
async fn an_interaction_is_answered_and_followed_up_with_files() -> Result<()> {
    let town = town().await?;
    town.register(json!([{ "name": "export", "description": "Exports" }])).await?;
    let mut shard = Shard::in_town(&town, INTENTS).await?;
    town.discord.slash(town.general, "alice", "export", &[])?;
    let (callback, webhook) = paths(&town, &shard.event("INTERACTION_CREATE").await?);
    let data = json!({ "content": "all of it", "flags": 64, "attachments": [{ "id": 0, "filename": "all.json" }] });
    let answer = json!({ "type": 4, "data": data });
    assert_eq!(town.form("POST", &callback, answer, &[("all.json", "application/json", "[]")]).await?.status, 204);
    let shown = &town.discord.sees("alice", town.general)[0];
    assert_eq!(
        (&shown.attachments[0]["filename"], &shown.attachments[0]["ephemeral"]),
        (&json!("all.json"), &json!(true))
    );
    assert!(town.discord.sees("bob", town.general).is_empty());

    let more = town.form("POST", &webhook, json!({ "content": "more" }), &[("more.txt", "", "x")]).await?.json()?;
    assert_eq!(names(&town, id(&more)?), ["more.txt"]);
    let original = format!("{webhook}/messages/@original");
    let fields = json!({ "attachments": [] });
    town.form("PATCH", &original, fields, &[("again.txt", "", "y")]).await?;
    assert_eq!(names(&town, shown.id), ["again.txt"]);

    // A deferred answer becomes one with a file alone.
    town.discord.slash(town.general, "alice", "export", &[])?;
    let (callback, webhook) = paths(&town, &shard.event("INTERACTION_CREATE").await?);
    town.ok("POST", &callback, json!({ "type": 5 })).await?;
    let late =
        town.form("PATCH", &format!("{webhook}/messages/@original"), json!({}), &[("late.txt", "", "z")]).await?;
    assert_eq!((late.status, late.json()?["flags"].clone()), (200, json!(0)));
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_or_not_there_is_refused() -> Result<()> {
    let town = town().await?;
    let large = "x".repeat(TEN_MIB);
    assert_eq!(town.form("POST", &path(&town), json!({}), &[("a.txt", "", &large)]).await?.status, 200);
    let larger = town.form("POST", &path(&town), json!({}), &[("a.txt", "", &format!("{large}x"))]).await?;
    assert_eq!((larger.status, &larger.json()?["code"]), (413, &json!(40_005)));
    let eleven = [("a.txt", "", "x"); 11];
    assert_eq!(town.form("POST", &path(&town), json!({}), &eleven).await?.json()?["code"], 50_035);
    let missing = json!({ "content": "here", "attachments": [{ "id": 0, "filename": "a.txt" }] });
    let refused = town.bot("POST", &path(&town), missing).await?.json()?;
    assert_eq!(refused["errors"]["attachments"]["0"]["_errors"][0]["code"], "ATTACHMENT_NOT_FOUND");
    let line = format!("POST /api/v10{}", path(&town));
    let headers = "Authorization: Bot secret\r\nContent-Type: multipart/form-data; boundary=x\r\n";
    let broken = request(&town.playground, &line, headers, "no form").await?;
    assert_eq!((broken.status, &broken.json()?["code"]), (400, &json!(50_035)));
    Ok(())
}
