use pedro_core::testing::{ScriptedModelServer, Turn};
use sqlx::PgPool;

use crate::support::{end_with_input, pedro, run};

#[sqlx::test(migrations = false)]
async fn piped_questions_and_commands_are_answered_in_order_and_the_chat_ends(pool: PgPool) {
    let model = ScriptedModelServer::start().unwrap();
    model.push(Turn::say("Neovim, of course."));
    model.push(Turn::say("Tuesdays and Thursdays."));
    let mut chat = pedro(Some(&pool), &["chat", "--community", "tess", "--as", "tess"]);
    chat.env("LLAMA_CPP_PATH", model.url().as_str());
    let input = "which editor do I use?\n\n!addlink setup https://example.org/setup\nwhen do we stream?\n!links\n";
    let said = end_with_input(chat, input).await.ok();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "pedro: Neovim, of course.");
    assert!(lines[1].contains("added the link setup"), "{said}");
    assert_eq!(lines[2], "pedro: Tuesdays and Thursdays.");
    assert!(lines[3].contains("https://example.org/setup") && lines.len() == 4, "{said}");
    assert_eq!(model.requests().len(), 2);

    // What was typed and said is remembered, and stays between operator and Pedro.
    let stats = run(&pool, &["memory", "stats", "--community", "tess", "--json"]).await.json();
    assert_eq!(stats[0]["messages"], 8);
    let public: bool = sqlx::query_scalar("select public from pedro.channel").fetch_one(&pool).await.unwrap();
    assert!(!public);
    let open: i64 = sqlx::query_scalar("select count(*) from pedro.question where status <> 'answered'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(open, 0);
}

#[sqlx::test(migrations = false)]
async fn a_community_keeps_its_time_zone_when_it_is_not_configured_here(pool: PgPool) {
    run(&pool, &["migrate"]).await.ok();
    sqlx::raw_sql("insert into pedro.community (name, time_zone) values ('tess', 'America/Denver')")
        .execute(&pool)
        .await
        .unwrap();
    end_with_input(pedro(Some(&pool), &["chat", "--community", "tess"]), "!help\n").await.ok();
    let zone: String = sqlx::query_scalar("select time_zone from pedro.community").fetch_one(&pool).await.unwrap();
    assert_eq!(zone, "America/Denver");
}
