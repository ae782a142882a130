//! Against a stand-in of the server, over a socket, with its failures.

use std::time::Duration;

use serde_json::json;

use super::OnePassword;
use crate::service::config::{ConfigProblems, OnePasswordArgs, settle};
use crate::service::secret::Secret;
use crate::testing::{ConnectTrouble, ScriptedConnect};

/// Must be in no error.
const VALUE: &str = "the-value-of-the-field";
const TOKEN: &str = "the-token-of-the-server";

async fn server() -> ScriptedConnect {
    let server = ScriptedConnect::start(TOKEN).await.unwrap();
    server.add("Pedro", "twitch", &[("token", VALUE), ("client id", "abc\n"), ("empty", "")]);
    server
}

fn one_password(host: &str, token: &str, wait: &str) -> OnePassword {
    OnePassword::new(OnePasswordArgs {
        op_connect_host: Some(host.to_owned()),
        op_connect_token: Some(Secret::new(token)),
        op_connect_wait: Some(wait.to_owned()),
        ..OnePasswordArgs::default()
    })
}

/// What one secret is, or all that is told.
async fn read(one_password: &OnePassword, reference: &str) -> Result<String, String> {
    let value = Secret::new(reference);
    let read = settle(one_password, |problems| problems.secret("TWITCH_TOKEN", Some(&value), None)).await;
    match read {
        Ok(secret) => Ok(secret.unwrap().expose().to_owned()),
        Err(problems) => {
            let told = problems.to_string();
            assert!(!told.contains(VALUE) && !told.contains(TOKEN), "{told}");
            Err(told)
        }
    }
}

#[tokio::test]
async fn vault_item_and_field_are_found_by_name_in_any_case_and_by_id() {
    let server = server().await;
    let item = server.add("Pedro", "discord bot", &[("token", "of-discord")]);
    let vault = server.vault_id("Pedro");
    let one = one_password(&server.url(), TOKEN, "1s");
    for (reference, expected) in [
        ("op://Pedro/twitch/token".to_owned(), VALUE),
        ("op://pedro/TWITCH/Token".to_owned(), VALUE),
        ("op://Pedro/twitch/client id".to_owned(), "abc"),
        (format!("op://{vault}/{item}/token"), "of-discord"),
    ] {
        assert_eq!(read(&one, &reference).await.as_deref(), Ok(expected), "{reference}");
    }
}

#[tokio::test]
async fn several_values_of_one_item_are_asked_for_once() {
    let server = server().await;
    let one = one_password(&server.url(), TOKEN, "1s");
    let (token, id) = (Secret::new("op://Pedro/twitch/token"), "op://Pedro/twitch/client id".to_owned());
    let both = |problems: &mut ConfigProblems| {
        let token = problems.secret("TWITCH_TOKEN", Some(&token), None);
        (token.unwrap().expose().to_owned(), problems.plain("TWITCH_ID", Some(&id)))
    };
    let read = settle(&one, both).await.unwrap();
    assert_eq!(read, (VALUE.to_owned(), Some("abc".to_owned())));
    assert_eq!(server.requests().len(), 3, "{:?}", server.requests());
}

#[tokio::test]
async fn a_section_tells_fields_of_one_name_apart() {
    let server = server().await;
    let field = |section: &str, value: &str| json!({ "id": value, "label": "token", "value": value, "section": { "id": section } });
    let sections = json!([{ "id": "s1", "label": "live" }, { "id": "s2", "label": "test" }]);
    server.add_item(
        "Pedro",
        "two",
        json!({ "sections": sections, "fields": [field("s1", "one"), field("s2", "two")] }),
    );
    let mut outside = field("s1", "one");
    outside["section"] = json!(null);
    outside["value"] = json!("outside");
    server.add_item("Pedro", "mixed", json!({ "sections": sections, "fields": [field("s2", "two"), outside] }));
    let one = one_password(&server.url(), TOKEN, "1s");
    assert_eq!(read(&one, "op://Pedro/two/live/token").await.as_deref(), Ok("one"));
    assert_eq!(read(&one, "op://Pedro/two/s2/token").await.as_deref(), Ok("two"));
    assert_eq!(read(&one, "op://Pedro/mixed/token").await.as_deref(), Ok("outside"));
    let told = read(&one, "op://Pedro/two/token").await.unwrap_err();
    assert!(told.contains("2 fields \"token\": name the section too"), "{told}");
    let told = read(&one, "op://Pedro/two/old/token").await.unwrap_err();
    assert!(told.contains("no section \"old\""), "{told}");
}

#[tokio::test]
async fn a_reference_that_leads_nowhere_is_told_with_its_variable_and_the_part_that_is_wrong() {
    let server = server().await;
    server.add("Pedro", "twins", &[("token", VALUE)]);
    server.add("Pedro", "twins", &[("token", VALUE)]);
    server.add("Private", "twitch", &[("token", VALUE)]);
    server.forbid("Private");
    let one = one_password(&server.url(), TOKEN, "1s");
    for (reference, expected) in [
        ("op://Pedra/twitch/token", "names op://Pedra/twitch/token, but there is no vault \"Pedra\""),
        ("op://Pedro/twitsch/token", "the vault \"Pedro\" has no item \"twitsch\""),
        ("op://Pedro/twitch/toke", "the item has no field \"toke\""),
        ("op://Pedro/twitch/empty", "the field \"empty\" has no value"),
        ("op://Pedro/twins/token", "the vault \"Pedro\" has 2 items \"twins\": use the item's id"),
        ("op://Private/twitch/token", "may not read the vault \"Private\""),
        ("op://Pedro/twitch", "is no whole 1Password reference"),
        ("op://zzzzzzzzzzzzzzzzzzzzzzzzzz/twitch/token", "there is no vault \"zzzz"),
    ] {
        let told = read(&one, reference).await.unwrap_err();
        assert!(told.contains("\n  TWITCH_TOKEN: ") && told.contains(expected), "{told}");
        assert_eq!(told.lines().count(), 2, "{told}");
    }
}

#[tokio::test]
async fn an_item_that_was_put_away_does_not_count_beside_one_in_use() {
    let server = server().await;
    let fields = |value: &str| json!([{ "id": "t", "label": "token", "value": value }]);
    server.add_item("Pedro", "renewed", json!({ "state": "ARCHIVED", "fields": fields("old") }));
    server.add_item("Pedro", "renewed", json!({ "fields": fields("new") }));
    let one = one_password(&server.url(), TOKEN, "1s");
    assert_eq!(read(&one, "op://Pedro/renewed/token").await.as_deref(), Ok("new"));
}

#[tokio::test]
async fn a_server_that_starts_is_waited_for() {
    let server = server().await;
    for trouble in [ConnectTrouble::Status(500), ConnectTrouble::Status(503), ConnectTrouble::Status(429)] {
        server.push(trouble);
    }
    let one = one_password(&server.url(), TOKEN, "60s");
    assert_eq!(read(&one, "op://Pedro/twitch/token").await.as_deref(), Ok(VALUE));
}

#[tokio::test]
async fn a_server_that_does_not_help_is_told_once_with_all_that_need_it() {
    let server = server().await;
    let slow = ConnectTrouble::Slow(Duration::from_secs(600));
    let html = ConnectTrouble::Says("<html>Welcome</html>".to_owned());
    let quoting = ConnectTrouble::Says(format!("[{{\"id\": 7, \"name\": \"{VALUE}\"}}]"));
    for (trouble, token, expected) in [
        (None, "wrong", "OP_CONNECT_TOKEN: 1Password Connect at http://127.0.0.1:"),
        (Some(ConnectTrouble::Status(401)), TOKEN, "refuses it: it is wrong, or was taken back"),
        (Some(ConnectTrouble::Status(500)), TOKEN, "answers 500 Internal Server Error, and 1 s were waited"),
        (Some(slow), TOKEN, "does not answer in time"),
        (Some(html), TOKEN, "answers with something that cannot be read: that is not 1Password Connect"),
        (Some(quoting), TOKEN, "answers with something that cannot be read"),
        (Some(ConnectTrouble::Status(404)), TOKEN, "OP_CONNECT_HOST: http://127.0.0.1:"),
        (Some(ConnectTrouble::Status(302)), TOKEN, "answers 302 Found"),
    ] {
        if let Some(trouble) = trouble {
            server.always(trouble);
        }
        let one = one_password(&server.url(), token, "600ms");
        let (token, url) = (Secret::new("op://Pedro/twitch/token"), Secret::new("op://Pedro/database/url"));
        let both = |problems: &mut ConfigProblems| {
            problems.secret("TWITCH_TOKEN", Some(&token), None);
            problems.required_secret("DATABASE_URL", Some(&url), None, ("a URL", "postgres://"));
            problems.add("DATABASE_URL", "is no PostgreSQL URL", "a URL", "postgres://");
        };
        let told = settle(&one, both).await.unwrap_err().to_string();
        assert!(told.contains(expected) && told.contains("(needed by TWITCH_TOKEN, DATABASE_URL, kept"), "{told}");
        assert_eq!(told.lines().count(), 2, "{told}");
        assert!(!told.contains(VALUE) && !told.contains(TOKEN), "{told}");
    }
}

#[tokio::test]
async fn without_a_server_a_reference_is_refused_together_with_what_else_is_wrong() {
    let one = OnePassword::default();
    let url = Secret::new("op://Pedro/database/url");
    let told = settle(&one, |problems| {
        problems.secret("DATABASE_URL", Some(&url), None);
        problems.add("MODEL_TIMEOUT", "\"soon\" is no duration", "a duration", "20m");
    });
    let told = told.await.unwrap_err().to_string();
    assert!(told.contains("OP_CONNECT_HOST: is not set (needed by DATABASE_URL, kept in 1Password)"), "{told}");
    assert!(told.contains("MODEL_TIMEOUT: "), "{told}");
    let one = one_password("http://127.0.0.1:1", "", "200ms");
    assert!(read(&one, "op://a/b/c").await.unwrap_err().contains("OP_CONNECT_TOKEN: is not set"));
    let one = one_password("127.0.0.1:1", "", "200ms");
    let told = read(&one, "op://a/b/c").await.unwrap_err();
    assert!(told.contains("OP_CONNECT_HOST: ") && told.contains("is no"), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[tokio::test]
async fn what_opens_1password_comes_from_a_variable_or_a_file_and_not_from_1password() {
    let server = server().await;
    let dir = std::env::temp_dir().join(format!("pedro-connect-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(dir.join(name), text).unwrap();
        dir.join(name).to_str().map(str::to_owned)
    };
    let args = OnePasswordArgs {
        op_connect_host_file: file("host", &format!("{}\n", server.url())),
        op_connect_token_file: file("token", &format!("{TOKEN}\n")),
        ..OnePasswordArgs::default()
    };
    let one = OnePassword::new(args.clone());
    // A reference may stand in a file, too.
    let reference = file("reference", "op://Pedro/twitch/token\n");
    let read_file = settle(&one, |problems| problems.secret("DATABASE_URL", None, reference.as_deref())).await;
    assert_eq!(read_file.unwrap().unwrap().expose(), VALUE);
    let twice = OnePassword::new(OnePasswordArgs { op_connect_token: Some(Secret::new(TOKEN)), ..args.clone() });
    let told = read(&twice, "op://Pedro/twitch/token").await.unwrap_err();
    assert!(told.contains("OP_CONNECT_TOKEN: is set twice"), "{told}");
    let inside = OnePasswordArgs { op_connect_token_file: file("inside", "op://Pedro/connect/token"), ..args };
    let told = read(&OnePassword::new(inside), "op://Pedro/twitch/token").await.unwrap_err();
    assert!(told.contains("OP_CONNECT_TOKEN: is a 1Password reference"), "{told}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn settings_with_references_that_nobody_looked_up_are_handed_to_nobody() {
    let mut problems = ConfigProblems::default();
    let secret = problems.secret("TWITCH_TOKEN", Some(&Secret::new("op://a/b/c")), None);
    assert!(problems.into_result(secret).unwrap_err().to_string().contains("TWITCH_TOKEN: is a 1Password reference"));
}
