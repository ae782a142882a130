//! `pedro links`: the helpful links of a community.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use pedro_core::store::link::{self, Link};

use crate::output;
use crate::target::{ListArgs, TargetArgs};

/// Longest name of a link, in characters.
const LONGEST_NAME: usize = 40;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all links
    List(ListArgs),
    /// Add a link, or replace the one with its name
    Add(Add),
    /// Remove a link
    Remove(Remove),
    /// Add or replace the links of a JSON file, all or none
    Import(Import),
    /// Print all links as JSON, as `import` reads them
    Export(TargetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its name: one word
    name: String,
    /// Where it leads: http:// or https://
    url: String,
    /// Words by which it is found besides its name
    words: Vec<String>,
    /// What it is, in a sentence
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Its name
    name: String,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A JSON list: [{"name", "url", "description", "words"}]; the last two may be missing
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(options) => list(options).await,
        Command::Add(options) => add(options).await,
        Command::Remove(options) => remove(options).await,
        Command::Import(options) => import(options).await,
        Command::Export(target) => {
            let target = target.find().await?;
            output::json(&link::list(&target.pool, target.id).await?)
        }
    }
}

async fn list(options: ListArgs) -> anyhow::Result<()> {
    let target = options.target.find().await?;
    let links = link::list(&target.pool, target.id).await?;
    if options.json {
        return output::json(&links);
    }
    if links.is_empty() {
        return output::line(format!("{} has no links yet: add one with `pedro links add NAME URL`", target.name));
    }
    let rows: Vec<_> = links.into_iter().map(|link| [link.name, link.url, link.words, link.description]).collect();
    output::table(["name", "url", "words", "description"], &rows)
}

async fn add(options: Add) -> anyhow::Result<()> {
    let Add { name, url, words, description, target } = options;
    let link = checked(Link { name, url, description, words: words.join(" ") })?;
    let target = target.find_or_make().await?;
    let is_new = link::put(&target.pool, target.id, &link).await?;
    output::line(format!("{} the link {} of {}", if is_new { "added" } else { "replaced" }, link.name, target.name))
}

async fn remove(options: Remove) -> anyhow::Result<()> {
    let target = options.target.find().await?;
    let name = options.name.trim().to_lowercase();
    if !link::remove(&target.pool, target.id, &name).await? {
        bail!("{} has no link {name:?}: `pedro links list` shows all", target.name);
    }
    output::line(format!("removed the link {name} of {}", target.name))
}

async fn import(options: Import) -> anyhow::Result<()> {
    let links = read(&options.file)?;
    let target = options.target.find_or_make().await?;
    let mut transaction = target.pool.begin().await?;
    let mut added = 0;
    for link in &links {
        added += usize::from(link::put(&mut *transaction, target.id, link).await?);
    }
    transaction.commit().await?;
    output::line(format!("{added} links added, {} replaced in {}", links.len() - added, target.name))
}

fn read(path: &Path) -> anyhow::Result<Vec<Link>> {
    let shown = path.display();
    let json = std::fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
    let links: Vec<Link> = serde_json::from_slice(&json).with_context(|| {
        format!("{shown} is no list of links such as [{{\"name\":\"setup\",\"url\":\"https://example.org\"}}]")
    })?;
    let checked = links
        .into_iter()
        .enumerate()
        .map(|(at, link)| checked(link).with_context(|| format!("link {} of {shown}", at + 1)));
    checked.collect()
}

/// A link as the database takes it.
fn checked(link: Link) -> anyhow::Result<Link> {
    let name = link.name.trim().to_lowercase();
    ensure!(!name.is_empty(), "its name is empty");
    ensure!(
        !name.contains(char::is_whitespace),
        "the name {name:?} is not one word: people ask for it by `!links name`"
    );
    ensure!(name.chars().count() <= LONGEST_NAME, "the name {name:?} is longer than {LONGEST_NAME} characters");
    let url = link.url.trim().to_owned();
    let parsed = url::Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    ensure!(
        parsed.is_some() && !url.contains(char::is_whitespace),
        "{url:?} is no URL such as https://example.org/page"
    );
    let text = |text: String| output::one_line(text.trim());
    Ok(Link { name, url, description: text(link.description), words: text(link.words) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(name: &str, url: &str) -> Link {
        Link { name: name.to_owned(), url: url.to_owned(), description: " a\nb ".to_owned(), words: String::new() }
    }

    #[test]
    fn a_link_is_tidied() {
        let link = checked(link(" Setup ", " https://example.org ")).unwrap();
        assert_eq!(
            (link.name.as_str(), link.url.as_str(), link.description.as_str()),
            ("setup", "https://example.org", "a b")
        );
    }

    #[test]
    fn what_the_database_would_refuse_is_told_in_words() {
        let long = "x".repeat(41);
        for (name, url, told) in [
            ("", "https://example.org", "empty"),
            ("two words", "https://example.org", "one word"),
            (&long, "https://example.org", "longer than 40"),
            ("a", "example.org", "no URL"),
            ("a", "ftp://example.org", "no URL"),
            ("a", "HTTPS:", "no URL"),
        ] {
            let error = checked(link(name, url)).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
