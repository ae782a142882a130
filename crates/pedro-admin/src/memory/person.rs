//! `pedro memory forget` and `export`: what somebody asks the operator for who cannot ask Pedro.

use std::io::{BufRead, Write};

use anyhow::{Context, bail};
use clap::Args;
use pedro_core::chat::Platform;
use pedro_core::command::{self, Person as Account};
use pedro_core::memory::PersonHasher;
use pedro_core::service::config::{CommunityArgs, DatabaseArgs};
use pedro_core::store::{author, erase};
use serde_json::Value;
use sqlx::PgPool;

use crate::output;
use crate::settings::settle;

/// Who is meant, in which database.
#[derive(Debug, Args)]
pub(crate) struct Whom {
    /// User id, login or name of the person
    #[arg(long, value_name = "NAME|ID")]
    author: String,
    /// The platform that they wrote on: twitch, discord, import, terminal or http
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    platform: Platform,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    community: CommunityArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Forget {
    /// Do not ask before it is done
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    whom: Whom,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    whom: Whom,
}

/// Somebody who was found, or whose id was given.
struct Person {
    pool: PgPool,
    platform: Platform,
    platform_user_id: String,
    /// As they are shown to the operator.
    shown: String,
    hash: Vec<u8>,
}

fn platform(name: &str) -> Result<Platform, String> {
    let all = [Platform::Twitch, Platform::Discord, Platform::Import, Platform::Terminal, Platform::Http];
    let found = all.into_iter().find(|platform| platform.as_str() == name.trim().to_lowercase());
    found.ok_or_else(|| "give twitch, discord, import, terminal or http".to_owned())
}

impl Whom {
    async fn find(self) -> anyhow::Result<Person> {
        let Self { author: called, platform, database, community } = self;
        let community = settle(|problems| community.clone().resolve(problems)).await?;
        let pool = crate::target::open_database(database).await?;
        let secret = community.secret_key.as_ref().map(|key| key.expose().to_owned());
        let hasher = PersonHasher::new(&pool, secret.as_deref()).await?;
        let called = called.trim().trim_start_matches('@');
        let mut found = author::called(&pool, platform, called).await?;
        if found.len() > 1 {
            let all: Vec<String> = found
                .iter()
                .map(|one| format!("{} ({}, {} lines)", one.platform_user_id, one.display_name, one.lines))
                .collect();
            bail!("several people are called {called:?}: give the id of one by --author: {}", all.join(", "));
        }
        // Whoever only ever used slash commands has no line, and is known by nothing but the id.
        let (id, shown) = match found.pop() {
            Some(one) => {
                let shown = format!("{} ({}, id {})", one.display_name, platform.as_str(), one.platform_user_id);
                (one.platform_user_id, shown)
            }
            None => (called.to_owned(), format!("{called} ({})", platform.as_str())),
        };
        let hash = hasher.hash(platform, &id);
        Ok(Person { pool, platform, platform_user_id: id, shown, hash })
    }
}

impl Person {
    fn account(&self) -> Account<'_> {
        Account { platform: self.platform, platform_user_id: &self.platform_user_id, hash: &self.hash }
    }

    async fn export(&self) -> anyhow::Result<Value> {
        Ok(command::export(&self.account(), &self.pool).await?)
    }
}

pub(crate) async fn export(options: Export) -> anyhow::Result<()> {
    let person = options.whom.find().await?;
    output::json(&person.export().await?)
}

pub(crate) async fn forget(options: Forget) -> anyhow::Result<()> {
    let person = options.whom.find().await?;
    let had = person.export().await?;
    let [lines, questions, games] =
        ["lines", "questions", "games"].map(|what| had[what].as_array().map_or(0, Vec::len) as u64);
    if lines + questions + games == 0 {
        bail!("nothing of {} is stored: --author takes a user id, a login or a name, as it is now", person.shown);
    }
    let told = format!(
        "{} of {}",
        [counted(lines, "line"), counted(questions, "question"), counted(games, "game")].join(", "),
        person.shown
    );
    if !options.yes {
        confirm(&format!("Delete {told}, and everything that was made from them? Type yes: "))?;
    }
    let mut transaction = person.pool.begin().await?;
    let erased = erase::person(&mut transaction, person.platform, &person.platform_user_id, &person.hash).await?;
    transaction.commit().await?;
    let answers = erased.lines.saturating_sub(lines);
    output::line(format!("deleted {told}, and {} of Pedro's made from them", counted(answers, "line")))?;
    if person.platform == Platform::Discord && !erased.seen.said.is_empty() {
        let standing = counted(erased.seen.said.len() as u64, "message");
        output::note(format!(
            "{standing} of Pedro's about it can still be seen on Discord: only `/privacy forget` by the person replaces them"
        ));
    }
    Ok(())
}

fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", output::count(count), if count == 1 { "" } else { "s" })
}

fn confirm(question: &str) -> anyhow::Result<()> {
    let mut error = std::io::stderr();
    error.write_all(question.as_bytes()).and_then(|()| error.flush()).context("nobody can be asked")?;
    let mut said = String::new();
    std::io::stdin().lock().read_line(&mut said).context("nobody can be asked: add --yes")?;
    if said.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    bail!("nothing was deleted: confirm with yes, or add --yes")
}
