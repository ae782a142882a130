use sqlx::PgPool;

use crate::support::{TempDir, end, pedro, run};

#[tokio::test]
async fn help_needs_no_environment() {
    for command in [&["--help"][..], &["import", "--help"], &["eval", "--help"], &["links", "add", "--help"]] {
        let mut help = pedro(None, command);
        help.env_clear();
        assert!(end(help).await.ok().contains("Usage: pedro"));
    }
}

#[sqlx::test(migrations = false)]
async fn migrate_says_what_it_applied_and_then_that_nothing_is_to_do(pool: PgPool) {
    let first = run(&pool, &["migrate"]).await.ok();
    assert!(first.contains("applied 20261122100000 create chat"), "{first}");
    let second = run(&pool, &["migrate"]).await.ok();
    assert!(second.starts_with("the tables are up to date"), "{second}");
}

#[tokio::test]
async fn without_a_database_the_setting_is_named() {
    let told = end(pedro(None, &["migrate"])).await.failed();
    assert!(told.contains("DATABASE_URL: is not set") && told.contains("for example"), "{told}");
}

#[sqlx::test(migrations = false)]
async fn links_are_added_listed_carried_over_and_removed(pool: PgPool) {
    let add = ["links", "add", "Setup", "https://example.org/setup", "desk", "--description", "My desk"];
    let added = run(&pool, &[&add[..], &["--community", "tess"]].concat()).await;
    assert!(added.err.contains("there was no community \"tess\" yet"), "{}", added.err);
    assert_eq!(added.ok(), "added the link setup of tess\n");
    assert_eq!(
        run(&pool, &[&add[..], &["--community", "tess"]].concat()).await.ok(),
        "replaced the link setup of tess\n"
    );

    let exported = run(&pool, &["links", "export", "--community", "tess"]).await.ok();
    let dir = TempDir::new();
    let file = dir.file("links.json", &exported);
    run(&pool, &["links", "import", &file, "--community", "other"]).await.ok();
    assert_eq!(run(&pool, &["links", "export", "--community", "other"]).await.ok(), exported);
    let table = run(&pool, &["links", "list", "--community", "other"]).await.ok();
    assert_eq!(table.lines().nth(1), Some("setup  https://example.org/setup  desk   My desk"));

    run(&pool, &["links", "remove", "SETUP", "--community", "tess"]).await.ok();
    assert_eq!(run(&pool, &["links", "list", "--json", "--community", "tess"]).await.json(), serde_json::json!([]));
    let gone = run(&pool, &["links", "remove", "setup", "--community", "tess"]).await.failed();
    assert!(gone.contains("has no link \"setup\""), "{gone}");
}

#[sqlx::test(migrations = false)]
async fn a_file_with_one_wrong_link_changes_nothing(pool: PgPool) {
    let dir = TempDir::new();
    let file = dir.file("links.json", r#"[{"name":"a","url":"https://example.org"},{"name":"b","url":"nowhere"}]"#);
    run(&pool, &["links", "add", "x", "https://example.org", "--community", "tess"]).await.ok();
    let told = run(&pool, &["links", "import", &file, "--community", "tess"]).await.failed();
    assert!(told.contains("link 2 of") && told.contains("no URL"), "{told}");
    assert_eq!(
        run(&pool, &["links", "list", "--json", "--community", "tess"]).await.json().as_array().unwrap().len(),
        1
    );
}

#[sqlx::test(migrations = false)]
async fn titles_are_listed_newest_first(pool: PgPool) {
    run(&pool, &["links", "add", "x", "https://example.org", "--community", "tess"]).await.ok();
    let none = run(&pool, &["titles", "list", "--community", "tess"]).await.ok();
    assert!(none.contains("no title of tess is known yet"), "{none}");
    sqlx::raw_sql(
        "insert into pedro.channel (community_id, platform, platform_channel_id, name)
             select id, 'twitch', 'tess', 'tess' from pedro.community;
         insert into pedro.stream_title (channel_id, title, category, live, began_at, ended_at)
             select id, 'Old', 'Chess', true, '2026-01-01T10:00Z'::timestamptz, '2026-01-02T10:00Z'::timestamptz from pedro.channel union all
             select id, 'New', 'Chess', false, '2026-01-02T10:00Z', null from pedro.channel",
    )
    .execute(&pool)
    .await
    .unwrap();
    let table = run(&pool, &["titles", "list", "--community", "tess"]).await.ok();
    let rows: Vec<&str> = table.lines().skip(1).collect();
    assert!(rows[0].ends_with("New") && rows[0].contains("now") && rows[1].ends_with("Old"), "{table}");
}

#[sqlx::test(migrations = false)]
async fn planning_is_switched_for_the_one_channel_that_is_meant(pool: PgPool) {
    run(&pool, &["links", "add", "x", "https://example.org", "--community", "tess"]).await.ok();
    let none = run(&pool, &["channels", "list", "--community", "tess"]).await.ok();
    assert!(none.contains("tess has no channel yet"), "{none}");
    sqlx::raw_sql(
        "insert into pedro.channel (community_id, platform, platform_channel_id, name, own_thread)
             select community.id, seen.* from pedro.community, (values
                 ('twitch', 'tess', 'tess', false), ('discord', '100', 'general', false), ('discord', '200', 'general', false),
                 ('discord', '300', 'a thread of mine', true)) as seen",
    )
    .execute(&pool)
    .await
    .unwrap();
    let set =
        async |channel, mode| run(&pool, &["channels", "agentic-mode", channel, mode, "--community", "tess"]).await;
    assert_eq!(set("#Tess", "off").await.ok(), "planning is off in tess (twitch)\n");
    assert_eq!(set("200", "off").await.ok(), "planning is off in general (discord)\n");
    assert!(set("general", "off").await.failed().contains("several channels"));
    assert!(set("nowhere", "off").await.failed().contains("no channel \"nowhere\""));

    let listed = run(&pool, &["channels", "list", "--json", "--community", "tess"]).await.json();
    let agentic: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|channel| (channel["platform_channel_id"].as_str(), channel["agentic"].as_bool()))
        .collect();
    assert_eq!(agentic, [(Some("tess"), Some(false)), (Some("100"), Some(true)), (Some("200"), Some(false))]);
    set("tess", "on").await.ok();
    let table = run(&pool, &["channels", "list", "--community", "tess"]).await.ok();
    let words: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(words, ["twitch", "tess", "tess", "questions", "on", "-", "-"], "{table}");
}

#[sqlx::test(migrations = false)]
async fn a_channel_keeps_its_lines_for_its_own_time(pool: PgPool) {
    run(&pool, &["links", "add", "x", "https://example.org", "--community", "tess"]).await.ok();
    sqlx::raw_sql(
        "insert into pedro.channel (community_id, platform, platform_channel_id, name)
         select id, 'twitch', 'tess', 'tess' from pedro.community",
    )
    .execute(&pool)
    .await
    .unwrap();
    let set = async |days| run(&pool, &["channels", "retention", "tess", days, "--community", "tess"]).await;
    let kept = async || {
        let listed = run(&pool, &["channels", "list", "--json", "--community", "tess"]).await.json();
        listed[0]["retention_days"].as_i64()
    };
    assert_eq!(set("30").await.ok(), "lines of tess (twitch) are deleted after 30 days, within a day\n");
    assert_eq!(kept().await, Some(30));
    for wrong in ["0", "36501", "-1", "never"] {
        assert_eq!(set(wrong).await.code, 2, "{wrong}");
    }
    assert_eq!(set("default").await.ok(), "lines of tess (twitch) are kept as retention_days of its community says\n");
    assert_eq!(kept().await, None);
}

#[sqlx::test(migrations = false)]
async fn trained_prompts_are_added_tested_carried_over_and_removed(pool: PgPool) {
    let add = ["prompts", "add", "Desk", "the desk is oak", "--example", "what is the desk made of?", "--word", "desk"];
    let added = run(&pool, &[&add[..], &["--community", "tess"]].concat()).await.ok();
    assert_eq!(added, "added the trained prompt desk of tess\n");
    let again = run(&pool, &[&add[..], &["--cooldown", "10m", "--community", "tess"]].concat()).await.ok();
    assert_eq!(again, "replaced the trained prompt desk of tess\n");

    let taken = run(&pool, &["prompts", "test", "what is your desk made of?", "--community", "tess"]).await.ok();
    assert!(
        taken.starts_with("taken for desk: the desk is oak\n") && taken.contains("what is the desk made of?"),
        "{taken}"
    );
    let test = async |line| run(&pool, &["prompts", "test", line, "--json", "--community", "tess"]).await.json();
    for (line, asks, word) in [
        ("what is the cat made of?", "the room", false),
        ("the desk is made of oak", "nothing", true),
        ("bob: what is the desk made of?", "nothing", true),
    ] {
        let told = test(line).await;
        assert_eq!((&told["taken_for"], &told["asks"]), (&serde_json::Value::Null, &asks.into()), "{told}");
        assert_eq!(told["near"][0]["has_word"], word, "{told}");
    }

    let exported = run(&pool, &["prompts", "export", "--community", "tess"]).await.ok();
    let dir = TempDir::new();
    let file = dir.file("prompts.yaml", &exported);
    run(&pool, &["prompts", "import", &file, "--community", "other"]).await.ok();
    assert_eq!(run(&pool, &["prompts", "export", "--community", "other"]).await.ok(), exported);
    assert!(exported.contains("600s"), "{exported}");
    let wrong = dir.file("wrong.yaml", "trained_prompts: [{name: a b, examples: [x], answer: y}]");
    assert!(run(&pool, &["prompts", "import", &wrong, "--community", "tess"]).await.failed().contains("one word"));
    let table = run(&pool, &["prompts", "list", "--community", "tess"]).await.ok();
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["desk", "added", "1", "-"], "{table}");
    run(&pool, &["prompts", "remove", "DESK", "--community", "tess"]).await.ok();
    assert!(
        run(&pool, &["prompts", "remove", "desk", "--community", "tess"]).await.failed().contains("no trained prompt")
    );
    assert!(run(&pool, &["prompts", "list", "--community", "tess"]).await.ok().contains("no trained prompts yet"));
}
