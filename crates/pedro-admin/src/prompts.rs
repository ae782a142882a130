//! `pedro prompts`: what Pedro was taught to answer, and what a line would be taken for.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use pedro_core::boot;
use pedro_core::knowledge::{Match, THRESHOLD, TrainedPrompts, prompt_file};
use pedro_core::service::config::{EmbeddingArgs, parse_duration};
use pedro_core::store::trained_prompt::{self, Source, TrainedPrompt};
use pedro_core::trigger::overhear::{self, Asks};
use serde_json::json;

use crate::output;
use crate::settings::settle;
use crate::target::{ListArgs, TargetArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all trained prompts
    List(ListArgs),
    /// Add a trained prompt, or replace the one with its name
    Add(Add),
    /// Remove a trained prompt
    Remove(Remove),
    /// Add or replace the trained prompts of a YAML file, all or none
    Import(Import),
    /// Print all trained prompts, as `import` and the file of a community read them
    Export(TargetArgs),
    /// Show what a line would be taken for, and why
    Test(Test),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its name: one word
    name: String,
    /// How to answer, as facts
    answer: String,
    /// How people ask it; give it several times, differently put
    #[arg(long = "example", value_name = "TEXT", required = true)]
    examples: Vec<String>,
    /// A word of which a line must have one; may be given several times
    #[arg(long = "word", value_name = "WORD")]
    words: Vec<String>,
    /// How long it is not answered again in a channel
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    cooldown: Duration,
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
    /// A YAML file with a list named trained_prompts: [{name, examples, answer, words, cooldown}]; the last two may be missing
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The line, as somebody would write it in chat
    text: String,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    embedding: EmbeddingArgs,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(options) => list(options).await,
        Command::Add(options) => add(options).await,
        Command::Remove(options) => remove(options).await,
        Command::Import(options) => import(options).await,
        Command::Export(target) => {
            let target = target.find().await?;
            let prompts = trained_prompt::list(&target.pool, target.id).await?;
            output::json(&json!({ "trained_prompts": prompts.iter().map(exported).collect::<Vec<_>>() }))
        }
        Command::Test(options) => test(options).await,
    }
}

async fn list(options: ListArgs) -> anyhow::Result<()> {
    let target = options.target.find().await?;
    let prompts = trained_prompt::list(&target.pool, target.id).await?;
    if options.json {
        return output::json(&prompts);
    }
    if prompts.is_empty() {
        return output::line(none(&target.name));
    }
    let answered = trained_prompt::last_answered(&target.pool, target.id).await?;
    let rows: Vec<_> = prompts
        .into_iter()
        .map(|prompt| {
            let last = answered.get(&prompt.id).map(|at| at.with_timezone(&target.zone).format("%Y-%m-%d %H:%M"));
            let last = last.map_or("-".to_owned(), |last| last.to_string());
            let examples = prompt.examples.len().to_string();
            [prompt.name, prompt.source.as_str().to_owned(), examples, last, prompt.answer]
        })
        .collect();
    output::table(["name", "from", "examples", "last answered", "answer"], &rows)
}

async fn add(options: Add) -> anyhow::Result<()> {
    let Add { name, answer, examples, words, cooldown, target } = options;
    let prompt = prompt_file::checked(&name, examples, &answer, &words, cooldown)?;
    let target = target.find_or_make().await?;
    let mut transaction = target.pool.begin().await?;
    let is_new = trained_prompt::put(&mut transaction, target.id, &prompt, Source::Added).await?;
    transaction.commit().await?;
    let done = if is_new { "added" } else { "replaced" };
    output::line(format!("{done} the trained prompt {} of {}", prompt.name, target.name))
}

async fn remove(options: Remove) -> anyhow::Result<()> {
    let target = options.target.find().await?;
    let name = options.name.trim().to_lowercase();
    let Some(source) = trained_prompt::remove(&target.pool, target.id, &name).await? else {
        bail!("{} has no trained prompt {name:?}: `pedro prompts list` shows all", target.name);
    };
    if source == Source::File {
        output::note(
            "it came from the community's file: when a bot reads that anew, it comes back unless you remove it there",
        );
    }
    output::line(format!("removed the trained prompt {name} of {}", target.name))
}

async fn import(options: Import) -> anyhow::Result<()> {
    let shown = options.file.display();
    let yaml = std::fs::read_to_string(&options.file).with_context(|| format!("{shown} cannot be read"))?;
    let prompts = prompt_file::parse(&yaml).with_context(|| format!("{shown} is wrong"))?;
    let target = options.target.find_or_make().await?;
    let mut transaction = target.pool.begin().await?;
    let mut added = 0;
    for prompt in &prompts {
        added += usize::from(trained_prompt::put(&mut transaction, target.id, prompt, Source::Added).await?);
    }
    transaction.commit().await?;
    let replaced = prompts.len() - added;
    output::line(format!("{added} trained prompts added, {replaced} replaced in {}", target.name))
}

async fn test(options: Test) -> anyhow::Result<()> {
    let embedding = settle(|problems| options.embedding.clone().resolve(problems)).await?;
    let target = options.target.find().await?;
    let (embedder, space) = boot::open_embedder(&target.pool, embedding).await?;
    let prompts = TrainedPrompts::new(target.pool.clone(), embedder, space);
    prompts.embed_new().await?;
    let near = prompts.near_text(target.id, &options.text).await?;
    let asks = overhear::asks(&options.text, "", &[], &[]);
    let taken = near.first().filter(|best| best.matches && asks > Asks::Nothing);
    if options.json {
        let asks = match asks {
            Asks::Nothing => "nothing",
            Asks::Something => "something",
            Asks::TheRoom => "the room",
        };
        let taken = taken.map(|best| &best.fit.name);
        return output::json(&json!({ "asks": asks, "taken_for": taken, "threshold": THRESHOLD, "near": near }));
    }
    output::line(match (near.first(), taken) {
        (None, _) => none(&target.name),
        (_, Some(best)) => format!("taken for {}: {}", best.fit.name, best.fit.answer),
        (Some(best), None) if best.matches => {
            format!("near to {}, but taken for nothing: it asks nothing, or somebody in particular", best.fit.name)
        }
        (Some(_), None) => format!("taken for nothing: a score of {THRESHOLD} is needed, and a word that is demanded"),
    })?;
    let rows: Vec<_> = near.into_iter().map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    output::table(["name", "score", "meaning", "words shared", "demanded word", "nearest example"], &rows)
}

fn row(near: Match) -> [String; 6] {
    let Match { fit, score, .. } = near;
    let word = if fit.has_word { "yes" } else { "missing" };
    [
        fit.name,
        format!("{score:.2}"),
        format!("{:.2}", fit.similarity),
        format!("{:.2}", fit.shared),
        word.to_owned(),
        fit.example,
    ]
}

/// As the file of a community has it: JSON is YAML too.
fn exported(prompt: &TrainedPrompt) -> serde_json::Value {
    let words: Vec<&str> = prompt.words.split_whitespace().collect();
    let cooldown = format!("{}s", prompt.cooldown_seconds.max(1));
    json!({ "name": prompt.name, "examples": prompt.examples, "answer": prompt.answer, "words": words, "cooldown": cooldown })
}

fn none(name: &str) -> String {
    format!("{name} has no trained prompts yet: `pedro prompts add` or `!teach` makes one, or a file of them")
}
