//! What is in the log, and what never is.

use anyhow::{Context, Result, ensure};
use pedro_core::testing::{ScriptedConnect, Turn};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgPool};

use crate::tester::{BOT, Setup, TwitchTester};

/// Every secret of these tests ends so.
const MARK: &str = "-for-the-grep-test";

/// What people and Pedro say in these tests has this in it.
const CHAT: &str = "zanzibarian";

const SCOPES: [&str; 5] = ["chat:read", "chat:edit", "user:read:chat", "user:write:chat", "user:bot"];

fn secret(name: &str) -> String {
    format!("secret-{name}{MARK}")
}

/// A log in JSON.
fn lines(t: &TwitchTester) -> Result<Vec<Value>> {
    let log = t.log();
    // What follows the last newline is still being written.
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))).collect()
}

/// The messages of all lines that have this id.
fn life(lines: &[Value], key: &str, id: &str) -> Vec<String> {
    let of_it = lines.iter().filter(|line| line[key] == id);
    of_it.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits until all of these are told of an id, in this order.
async fn until_told(t: &mut TwitchTester, key: &str, id: &str, expected: &[&str]) -> Result<()> {
    t.until(&format!("the log tells {expected:?} of {key} {id}"), async |t| {
        let life = life(&lines(t)?, key, id);
        let mut rest = life.iter();
        Ok(expected.iter().all(|words| rest.any(|message| message.contains(words))).then_some(()))
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn one_question_is_followed_by_its_id_from_hearing_to_sending_over_a_kill(pool: PgPool) -> Result<()> {
    let environment = vec![("PEDRO_LOG_FORMAT", "json".to_owned()), ("PEDRO_LOG", "info,pedro_core=debug".to_owned())];
    Setup { environment, ..Setup::default() }
        .run(pool, async |t| {
            t.model.push(Turn::Hang);
            let line = t.chat("alice", "pedro, what is a lifetime?");
            t.until_generating(1).await?;
            t.kill().await?;
            t.start().await?;
            t.next_reply_to(&line).await?;
            t.until_all_answered().await?;
            let heard = ["a line was heard", "is accepted", "is taken up", "is taken up", "was sent", "is seen to"];
            until_told(t, "message.id", &line, &heard).await?;
            let log = lines(t)?;
            let accepted = log.iter().find(|one| one["message.id"] == *line && one["question.id"].is_string());
            let id = accepted.context("the question was accepted")?["question.id"].as_str().unwrap_or_default();
            let of_question =
                ["is accepted", "is taken up", "is taken up", "a generation was written", "was sent", "is seen to"];
            until_told(t, "question.id", id, &of_question).await?;

            // A plan's steps belong to it, and a command to its line.
            t.model.reply_with(|request| match request["response_format"]["json_schema"]["name"] == "plan" {
                true => json!({"steps": [
                    {"id": "s1", "action": "reference_check", "params": {"query": "lifetime"}, "depends_on": []},
                    {"id": "s2", "action": "return_response", "params": {}, "depends_on": ["s1"]},
                ]})
                .to_string(),
                false => "As planned.".to_owned(),
            });
            let line = t.chat("bob", "!plan what did we say of lifetimes?");
            t.next_reply_to(&line).await?;
            t.until_all_answered().await?;
            let planned = [
                "a line was heard",
                "is accepted",
                "is taken up",
                "a plan was made",
                "a step begins",
                "a step ends",
                "was sent",
                "is seen to",
            ];
            until_told(t, "message.id", &line, &planned).await?;
            let command = t.chat("carol", "!title");
            t.next_reply_to(&command).await?;
            until_told(t, "message.id", &command, &["a line was heard", "a command is carried out", "was sent"]).await
        })
        .await
}

/// Calls a page with a bearer token.
async fn call(t: &TwitchTester, path: &str, token: &str) -> Result<String> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    Ok(http.get(format!("http://{}{path}", t.listen()?)).bearer_auth(token).send().await?.text().await?)
}

/// A bot with a secret in every option, at the level at which most is logged.
async fn with_secrets(connect: &ScriptedConnect) -> Setup {
    connect.add("Pedro", "api", &[("token", &secret("api"))]);
    connect.add("Pedro", "twitch", &[("client secret", &secret("client"))]);
    let url = |name: &str| format!("postgres://pedro:{}@127.0.0.1:1/pedro", secret(name));
    let environment = vec![
        ("PEDRO_LOG", "trace".to_owned()),
        ("TWITCH_TOKEN", format!("oauth:{}", secret("token"))),
        ("TWITCH_REFRESH_TOKEN", secret("refresh")),
        ("TWITCH_SECRET", "op://Pedro/twitch/client secret".to_owned()),
        ("TWITCH_SIGN_IN_WEBHOOK", format!("http://127.0.0.1:1/api/webhooks/1/{}", secret("webhook"))),
        ("LLAMA_CPP_API_KEY", secret("model")),
        ("EMBEDDINGS_API_KEY", secret("embeddings")),
        ("SEARCH_PROVIDERS", "brave".to_owned()),
        ("SEARCH_BRAVE_URL", "http://127.0.0.1:1".to_owned()),
        ("SEARCH_BRAVE_API_KEY", secret("brave")),
        ("OPENAI_BASE_URL", "http://127.0.0.1:1".to_owned()),
        ("OPENAI_API_KEY", secret("openai")),
        ("DUCKDUCKGO_API_URL", "none".to_owned()),
        ("WIKIPEDIA_URL", "none".to_owned()),
        ("PEDRO_SECRET_KEY", secret("key")),
        ("PEDRO_API_TOKEN", "op://Pedro/api/token".to_owned()),
        ("OP_CONNECT_HOST", connect.url()),
        ("OP_CONNECT_TOKEN", secret("connect")),
        ("POSTGRES_URL", url("older")),
        ("POSTGRES_VECTOR_URL", url("vector")),
        ("WEATHER_KEY", secret("weather")),
    ];
    let config = "communities:\n  - name: pedrotown\napi_tools:\n  - name: weather\n    description: the weather of a city\n    \
                  url: http://127.0.0.1:1/{city}\n    secret: {env: WEATHER_KEY, header: authorization, prefix: 'Bearer '}\n    \
                  allow_private: true\n";
    Setup { environment, config: Some(config.to_owned()), helix: true, not_started: true, ..Setup::default() }
}

/// A plan whose steps use keys, all in vain.
fn plan() -> String {
    let step =
        |id: &str, action: &str, params: Value| json!({"id": id, "action": action, "params": params, "depends_on": []});
    let query = format!("{CHAT} keyboards");
    json!({"steps": [
        step("s1", "web_search", json!({"query": query})),
        step("s2", "api_call", json!({"tool": "openai", "query": query})),
        step("s3", "api_call", json!({"tool": "weather", "city": query})),
        {"id": "s4", "action": "return_response", "params": {}, "depends_on": ["s1", "s2", "s3"]},
    ]})
    .to_string()
}

/// Asks, and waits for an answer.
async fn ask(t: &mut TwitchTester, login: &str, question: &str) -> Result<()> {
    let line = t.chat(login, question);
    t.next_reply_to(&line).await?;
    t.until_all_answered().await
}

#[sqlx::test(migrations = false)]
async fn no_secret_is_in_the_log_or_on_a_page_at_any_level_and_chat_is_not_above_debug(pool: PgPool) -> Result<()> {
    let connect = ScriptedConnect::start(&secret("connect")).await?;
    let setup = with_secrets(&connect).await;
    setup
        .run(pool, async |t| {
            t.expect_error("Twitch refused the sign-in");
            t.expect_error("pedro-twitch cannot start");
            t.twitch().add_token(&secret("token"), BOT, &SCOPES);
            t.twitch().add_refresh_token(&secret("refresh"), BOT);
            let count = std::sync::atomic::AtomicUsize::new(0);
            t.model.reply_with(move |request| match request["response_format"]["json_schema"]["name"] == "plan" {
                true => plan(),
                // Never the same twice.
                false => format!("A {CHAT} word, the {}th.", count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
            });
            t.start().await?;
            t.chat("alice", &format!("the {CHAT} meetup is in the old library"));
            ask(t, "alice", &format!("pedro, where is the {CHAT} meetup?")).await?;
            ask(t, "bob", &format!("!plan which {CHAT} keyboard should I buy?")).await?;
            // The model refuses its key; then there is an answer.
            t.model.push(Turn::Status(401));
            ask(t, "carol", &format!("pedro, are you {CHAT}?")).await?;
            // Twitch refuses the token, then the refresh token, and the webhook cannot be told of the code.
            t.twitch().expire_tokens();
            t.twitch().drop_connections();
            t.until("the token was exchanged", async |t| Ok(t.log().contains("was exchanged").then_some(()))).await?;
            t.until_ready().await?;
            t.twitch().revoke_tokens();
            t.twitch().drop_connections();
            let code = t.until("there is a code", async |t| Ok(t.twitch().device_codes().pop())).await?;
            t.until("the webhook failed", async |t| {
                Ok(t.log().contains("TWITCH_SIGN_IN_WEBHOOK could not be told").then_some(()))
            })
            .await?;
            t.until_red("twitch").await?;
            t.twitch().authorize_device(&code, BOT);
            t.until_ready().await?;
            ask(t, "dana", &format!("pedro, one more {CHAT} thing?")).await?;

            let mut seen = String::new();
            for path in
                ["/metrics", "/readyz", "/healthz", "/overlay?channel=pedrotown", "/v1/openapi.json", "/nowhere"]
            {
                seen += &t.page(path).await?.1;
            }
            seen += &call(t, "/v1/plans/5d6d0000-0000-4000-8000-000000000000", &secret("api")).await?;
            seen += &call(t, "/v1/plans/x", &secret("not-the-api")).await?;
            ensure!(t.terminate().await?.success());

            // Starts that fail.
            let mut database = t.db().connect_options().to_url_lossy();
            database.set_username("nobody_is_called_so").ok().context("a user")?;
            database.set_password(Some(&secret("database"))).ok().context("a password")?;
            connect.add("Pedro", "empty", &[("token", "")]);
            for (name, value) in [
                ("DATABASE_URL", database.to_string()),
                ("DATABASE_URL", format!("postgres://pedro:{}@127.0.0.1:port/pedro", secret("url"))),
                ("TWITCH_TOKEN", "op://Pedro/empty/token".to_owned()),
                ("OP_CONNECT_TOKEN", secret("wrong-connect")),
                ("TWITCH_SIGN_IN_WEBHOOK", secret("no-url")),
                ("TWITCH_TOKEN_FILE", secret("file")),
                ("PEDRO_API_TOKEN_FILE", format!("/{}", "no/such/file")),
            ] {
                let mut environment = t.environment.clone();
                environment.insert(name.to_owned(), value);
                let (status, _) = t.run_to_its_end(&[], &environment).await?;
                ensure!(!status.success(), "it started with a wrong {name}");
            }
            seen += &t.log();
            let shown: Vec<&str> = seen.lines().filter(|line| line.contains(MARK)).collect();
            ensure!(shown.is_empty(), "secrets are shown: {shown:#?}");
            for token in t.twitch().tokens() {
                ensure!(!seen.contains(&token), "a token is shown");
            }
            let log = t.log();
            ensure!(log.contains(" DEBUG "), "everything that may be logged is");
            let above =
                log.lines().filter(|line| [" INFO ", " WARN ", " ERROR "].iter().any(|level| line.contains(level)));
            let chat: Vec<&str> = above.filter(|line| line.contains(CHAT)).collect();
            ensure!(chat.is_empty(), "chat is logged above debug: {chat:#?}");
            Ok(())
        })
        .await
}
