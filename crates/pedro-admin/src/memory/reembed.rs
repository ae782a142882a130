//! `pedro memory reembed`: every embedding is made anew in the space in use.

use clap::Args;
use pedro_core::boot;
use pedro_core::memory::embed_links;
use pedro_core::service::config::EmbeddingArgs;
use pedro_core::store::{embedding, link};

use crate::settings::settle;
use crate::target::TargetArgs;
use crate::{embed, output};

#[derive(Debug, Args)]
pub(crate) struct Reembed {
    /// Only mark the lines: the bots embed them in the background
    #[arg(long)]
    background: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    embedding: EmbeddingArgs,
}

pub(crate) async fn run(options: Reembed) -> anyhow::Result<()> {
    let settings = settle(|problems| options.embedding.clone().resolve(problems)).await?;
    let (pool, community) = match options.target.community.is_some() {
        true => {
            let target = options.target.find().await?;
            (target.pool, Some(target.id))
        }
        false => (crate::target::open_database(options.target.database).await?, None),
    };
    let (embedder, space) = boot::open_embedder(&pool, settings).await?;
    let lines = embedding::mark_all(&pool, community).await?;
    link::forget_embeddings(&pool, space).await?;
    let model = &embedder.model().name;
    if options.background {
        return output::line(format!("{} lines are marked: the bots embed them with {model}", output::count(lines)));
    }
    let done = embed::all(&pool, embedder.as_ref(), space).await?;
    while embed_links(&pool, embedder.as_ref(), space).await? > 0 {}
    output::line(format!("embedded {} lines, and all links, with {model}", output::count(done)))
}
