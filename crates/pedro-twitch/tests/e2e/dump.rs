//! What lies in the database and what stands in the figures, for whoever gets to see a dump or a dashboard.

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::tester::{Setup, TOKEN};

const REFRESH: &str = "refreshtokenthatnobodymaysee01234567";
const KEY: &str = "a key that nobody can guess, for dumps";
const API_TOKEN: &str = "apitokenthatnobodymaysee9876543210";
const MODEL_KEY: &str = "modelkeythatnobodymaysee5555";
const SECRETS: [&str; 5] = [TOKEN, REFRESH, KEY, API_TOKEN, MODEL_KEY];

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Every row of every table, as text.
async fn dump(pool: &PgPool) -> Result<Vec<(String, String)>> {
    let tables = "select table_name::text from information_schema.tables where table_schema = 'pedro' and table_type = 'BASE TABLE'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(pool).await?;
    let mut dump = Vec::new();
    for table in tables {
        let rows = format!("select coalesce(string_agg(row_to_json(t)::text, ' '), '') from pedro.\"{table}\" t");
        dump.push((table, sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(pool).await?));
    }
    Ok(dump)
}

#[sqlx::test(migrations = false)]
async fn a_dump_of_the_database_holds_no_secret_and_the_figures_hold_no_person_and_no_word(pool: PgPool) -> Result<()> {
    let environment = [
        ("TWITCH_REFRESH_TOKEN", REFRESH),
        ("PEDRO_SECRET_KEY", KEY),
        ("PEDRO_API_TOKEN", API_TOKEN),
        ("LLAMA_CPP_API_KEY", MODEL_KEY),
        ("SEARCH_PROVIDERS", "none"),
    ];
    let environment = environment.map(|(name, value)| (name, value.to_owned())).into();
    let setup = Setup { helix: true, environment, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.model.push(Turn::say("Zanzibarish indeed."));
            let question = t.chat("quetzalcoatl_fan", "pedro, is it zanzibarish?");
            t.next_reply_to(&question).await?;
            let opted = t.chat("somebody_shy", "!optout");
            t.next_reply_to(&opted).await?;
            t.until_all_answered().await?;
            t.until_embedded().await?;
            let dump = dump(t.db()).await?;
            let rows = |name: &str| {
                dump.iter().find(|(table, _)| table == name).map(|(_, rows)| rows.as_str()).unwrap_or_default()
            };
            ensure!(rows("twitch_token").contains("pedro_bot"), "no token is stored: nothing was looked at");
            ensure!(rows("message").contains("zanzibarish"), "no line is stored: nothing was looked at");
            ensure!(rows("opt_out").len() > 10 && !rows("opt_out").contains("somebody_shy"), "{}", rows("opt_out"));
            for (table, rows) in &dump {
                for secret in SECRETS {
                    ensure!(!rows.contains(secret) && !rows.contains(&hex(secret)), "{table} holds a secret");
                }
            }
            let (_, figures) = t.page("/metrics").await?;
            for word in ["quetzalcoatl", "somebody_shy", "zanzibar", "Zanzibar", "pedrotown"].iter().chain(&SECRETS) {
                ensure!(!figures.contains(word), "{word} is in the figures");
            }
            let (_, ready) = t.page("/readyz").await?;
            ensure!(SECRETS.iter().all(|secret| !ready.contains(secret)), "{ready}");
            Ok(())
        })
        .await
}
