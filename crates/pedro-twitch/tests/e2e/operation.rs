//! What an operator sees: wrong settings, missing services, pages, figures.

use anyhow::{Result, ensure};
use sqlx::{ConnectOptions, PgPool};

use crate::bot::Environment;
use crate::tester::{Setup, TOKEN, TwitchTester, run_test};

const NOT_STARTED: Setup = Setup {
    within: None,
    channels: Vec::new(),
    config: None,
    environment: Vec::new(),
    helix: false,
    proxied: false,
    not_started: true,
};

/// The bot does not start with these values, and says all of these words.
async fn refused(t: &mut TwitchTester, values: &[(&str, &str)], words: &[&str]) -> Result<String> {
    t.expect_error("pedro-twitch cannot start");
    let mut environment = t.environment.clone();
    environment.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let (status, told) = t.run_to_its_end(&[], &environment).await?;
    ensure!(!status.success(), "it started with {values:?}");
    for word in words {
        ensure!(told.contains(word), "{word:?} is not in {told}");
    }
    ensure!(!told.contains("panicked") && !told.contains("RUST_BACKTRACE"), "{told}");
    Ok(told)
}

#[sqlx::test(migrations = false)]
async fn all_wrong_values_are_named_at_once_and_no_secret_is_shown(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            let wrong = [
                ("TWITCH_CHANNEL", "not a login"),
                ("TWITCH_BOT_LOGIN", "neither!"),
                ("TWITCH_IRC_URL", "http://wrong"),
                ("TWITCH_HELIX_URL", "nonsense"),
                ("TWITCH_POLL_INTERVAL", "soon"),
                ("DATABASE_URL", "mysql://root:hunter2secret@host/db"),
                ("LLAMA_CPP_PATH", "not a url"),
                ("MODEL_TIMEOUT", "for ever"),
                ("MODEL_CONTEXT", "7"),
                ("EMBEDDINGS_MODEL_DIR", "/no/such/directory"),
                ("PEDRO_LISTEN", "nowhere"),
                ("PEDRO_TIME_ZONE", "Utah"),
                ("PEDRO_SECRET_KEY", "hunter2"),
                ("PEDRO_CONFIG", "/no/such/file.yaml"),
                ("PEDRO_LOG_FORMAT", "xml"),
            ];
            let names: Vec<&str> = wrong.iter().map(|(name, _)| *name).collect();
            let told = refused(t, &wrong, &names).await?;
            ensure!(told.contains("15 settings are wrong") && told.contains("for example"), "{told}");
            ensure!(!told.contains("hunter2") && !told.contains(TOKEN), "a secret is shown: {told}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn what_is_missing_is_named_and_an_empty_variable_counts_as_missing(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            t.expect_error("pedro-twitch cannot start");
            let (status, told) = t.run_to_its_end(&[], &Environment::new()).await?;
            ensure!(!status.success());
            for name in ["TWITCH_TOKEN: is not set", "DATABASE_URL: is not set", "TWITCH_CHANNEL: is not set"] {
                ensure!(told.contains(name), "{told}");
            }
            refused(
                t,
                &[("TWITCH_TOKEN", ""), ("DATABASE_URL", " ")],
                &["TWITCH_TOKEN: is not set", "DATABASE_URL: is not set"],
            )
            .await?;
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn the_help_needs_no_environment_and_names_every_variable(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            let (status, help) = t.run_to_its_end(&["--help"], &Environment::new()).await?;
            ensure!(status.success());
            for name in t.environment.keys() {
                ensure!(help.contains(name.as_str()), "{name} is not in the help");
            }
            let (status, help) = t.run_to_its_end(&["--help"], &t.environment.clone()).await?;
            ensure!(status.success() && !help.contains(TOKEN), "the help shows the token");
            let (status, version) = t.run_to_its_end(&["--version"], &Environment::new()).await?;
            ensure!(status.success() && version.starts_with("pedro-twitch "), "{version}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn what_is_wrong_with_the_database_is_said_in_a_sentence_that_helps(pool: PgPool) -> Result<()> {
    let url = pool.connect_options().to_url_lossy();
    NOT_STARTED
        .run(pool, async |t| {
            let with = |change: fn(&mut url::Url)| {
                let mut url = url.clone();
                change(&mut url);
                url.to_string()
            };
            let missing = with(|url| url.set_path("/nosuchdatabase"));
            refused(t, &[("DATABASE_URL", &missing)], &["nosuchdatabase", "createdb", "DATABASE_URL"]).await?;
            let stranger = with(|url| {
                let _ = url.set_username("nosuchuser");
                let _ = url.set_password(Some("hunter2secret"));
            });
            let told =
                refused(t, &[("DATABASE_URL", &stranger)], &["nosuchuser", "check the user and the password"]).await?;
            ensure!(!told.contains("hunter2secret"), "{told}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn without_a_database_server_the_start_ends_with_a_sentence_after_a_while(pool: PgPool) -> Result<()> {
    // A port that is ours and where nobody listens.
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind((std::net::Ipv4Addr::LOCALHOST, 0).into())?;
    let place = socket.local_addr()?.to_string();
    let url = format!("postgres://pedro:hunter2secret@{place}/pedro");
    NOT_STARTED
        .run(pool, async |t| {
            let words =
                ["PostgreSQL does not answer at", &place, "trying again for 30 s", "start it, or correct DATABASE_URL"];
            let told = refused(t, &[("DATABASE_URL", &url)], &words).await?;
            ensure!(!told.contains("hunter2secret"), "{told}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_proxy_without_a_database_behind_it_is_told_like_a_missing_database(pool: PgPool) -> Result<()> {
    let proxied = Setup { proxied: true, ..NOT_STARTED };
    proxied
        .run(pool, async |t| {
            if let Some(proxy) = &t.proxy {
                proxy.cut();
            }
            refused(t, &[], &["trying again for 30 s", "PostgreSQL", "DATABASE_URL"]).await.map(drop)
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_database_server_that_never_answers_is_told_and_given_up(pool: PgPool) -> Result<()> {
    // It is never accepted from: the system completes the connection, and nobody reads.
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let place = listener.local_addr()?.to_string();
    let url = format!("postgres://pedro@{place}/pedro");
    NOT_STARTED
        .run(pool, async |t| {
            refused(t, &[("DATABASE_URL", &url)], &["PostgreSQL", &place, "DATABASE_URL"]).await.map(drop)
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_missing_embedding_model_is_told_with_the_way_to_get_it(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            let empty = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-model-here");
            std::fs::create_dir_all(&empty)?;
            let dir = empty.display().to_string();
            refused(t, &[("EMBEDDINGS_MODEL_DIR", &dir)], &["no-model-here", "pedro model fetch"]).await?;
            // Unset, and nothing where it is looked for.
            refused(t, &[("EMBEDDINGS_MODEL_DIR", ""), ("XDG_DATA_HOME", &dir)], &["pedro model fetch"]).await?;
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_taken_port_is_told_and_the_running_bot_is_not_disturbed(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let address = t.listen()?;
        refused(t, &[("PEDRO_LISTEN", &address)], &[&address, "taken by another program", "PEDRO_LISTEN"]).await?;
        assert_eq!(t.twitch().connections_total(), 1, "the second bot must not join");
        let question = t.chat("alice", "pedro, are you still there?");
        t.next_reply_to(&question).await.map(drop)
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn health_says_whether_a_bot_runs(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.expect_error("the bot does not answer");
        let listen = Environment::from([("PEDRO_LISTEN".to_owned(), t.listen()?)]);
        ensure!(t.run_to_its_end(&["--health"], &listen).await?.0.success());
        assert_eq!(t.page("/healthz").await?, (200, "ok".to_owned()));
        assert_eq!(t.page("/nowhere").await?.0, 404);
        t.terminate().await?;
        ensure!(!t.run_to_its_end(&["--health"], &listen).await?.0.success());
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn the_figures_that_operators_watch_exist_and_move(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for name in [
            "successful_llm_gen_count",
            "failed_llm_gen_count",
            "empty_llm_response_count",
            "twitch_message_sent_count",
            "pedro_model_requests_total",
            "pedro_model_errors_total",
            "pedro_model_failures_total",
            "pedro_queue_depth",
            "pedro_messages_stored_total",
            "pedro_messages_dropped_total",
            "pedro_embedding_lag_messages",
        ] {
            assert_eq!(t.metric(name).await?, 0.0, "{name}");
        }
        assert_eq!(t.metric("twitch_connection_count").await?, 1.0);
        assert_eq!(t.metric("pedro_build_info").await?, 1.0);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.next_reply_to(&question).await?;
        t.until_all_answered().await?;
        t.until_embedded().await?;
        for name in [
            "successful_llm_gen_count",
            "pedro_model_requests_total",
            "twitch_message_sent_count",
            "http_request_duration_seconds_count",
            "pedro_reply_duration_seconds_count",
            "pedro_generation_duration_seconds_count",
            "pedro_generation_tokens_total",
            "pedro_retrieval_duration_seconds_count",
            "pedro_retrieval_hits_count",
            "pedro_embeddings_total",
            "pedro_overhead_duration_seconds_count",
            "process_resident_memory_bytes",
            "process_open_fds",
            "tokio_workers",
            "tokio_alive_tasks",
        ] {
            ensure!(t.metric(name).await? > 0.0, "{name} did not move");
        }
        assert_eq!(t.metric("twitch_message_recieved_count").await?, 2.0);
        t.until("connected", async |t| Ok((t.metric("pedro_connected").await? == 1.0).then_some(()))).await?;
        ensure!(t.metric("pedro_last_event_age_seconds").await? < 60.0);
        let (_, page) = t.page("/metrics").await?;
        ensure!(!page.contains("alice") && !page.contains("lifetime"), "a person or a text is a label");
        let expected = r#"http_request_duration_seconds_bucket{handler="ask",method="POST",status="200",le="2"}"#;
        ensure!(page.contains(expected), "{page}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn the_log_can_be_json_and_tells_no_secret_at_the_finest_level(pool: PgPool) -> Result<()> {
    let environment = vec![("PEDRO_LOG_FORMAT", "json".to_owned()), ("PEDRO_LOG", "trace".to_owned())];
    let setup = Setup { environment, helix: true, ..NOT_STARTED };
    setup
        .run(pool, async |t| {
            let (status, told) = t
                .run_to_its_end(&[], &{
                    let mut environment = t.environment.clone();
                    environment.insert("TWITCH_CHANNEL".to_owned(), String::new());
                    environment
                })
                .await?;
            ensure!(!status.success());
            for line in told.lines() {
                let object: serde_json::Value = serde_json::from_str(line)?;
                ensure!(object["level"].is_string() && object["message"].is_string(), "{line}");
            }
            Ok(())
        })
        .await
}
