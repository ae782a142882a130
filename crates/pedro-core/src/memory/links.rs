//! Links by what they are about: for words that none of them has.

use pgvector::HalfVector;
use sqlx::PgPool;

use super::Retriever;
use crate::chat::CommunityId;
use crate::embedder::Embedder;
use crate::memory::EmbedWaitingError;
use crate::store::StoreError;
use crate::store::embedding::EmbeddingSpace;
use crate::store::link::{self, Link};

/// What is less like a link than this is not about it. With all-MiniLM-L6-v2, 15 links, 30 questions that have hardly a
/// word of theirs, and 30 others (`tests/store/links.rs` prints it):
///
/// | threshold | right | wrong link | for the others |
/// | --- | --- | --- | --- |
/// | 0.28 | 21 | 4 | 7 |
/// | 0.32 | 18 | 3 | 5 |
/// | 0.34 | 16 | 1 | 4 |
/// | **0.36** | 15 | 0 | 1 ("what is a goroutine?": the Tour of Go) |
/// | 0.40 | 8 | 0 | 0 |
///
/// Name, words and description in one vector find 12 at 0.36. By words alone 7 are found, by both 17.
const LIKE: f64 = 0.36;

/// Parts of links embedded at once.
const BATCH: i64 = 64;

/// Embeds parts of links that have no embedding in a space, or one of what they said before; how many there were.
///
/// # Errors
/// When the database or the embedder fails: they go on waiting.
pub async fn embed_links(
    pool: &PgPool,
    embedder: &dyn Embedder,
    space: EmbeddingSpace,
) -> Result<usize, EmbedWaitingError> {
    let parts = link::unembedded(pool, space, BATCH).await?;
    if !parts.is_empty() {
        let texts: Vec<String> = parts.iter().map(|part| part.text.clone()).collect();
        let vectors = embedder.embed(&texts).await?;
        link::put_embeddings(pool, space, &parts, &vectors).await?;
    }
    Ok(parts.len())
}

impl Retriever {
    /// The links that a text asks for, best first. One word is looked for among their words, and by meaning only if none
    /// has it; of a whole question every link has some word, so that what is like it in meaning comes before. Without its
    /// embedder it goes by words alone.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn links(&self, community: CommunityId, text: &str, count: i64) -> Result<Vec<Link>, StoreError> {
        let by_words = link::search(&self.pool, community, text, count).await?;
        if !by_words.is_empty() && text.split_whitespace().nth(1).is_none() {
            return Ok(by_words);
        }
        let by_meaning = self.links_like(community, text, count).await?;
        Ok(in_turns(by_meaning, by_words, usize::try_from(count).unwrap_or(0)))
    }

    async fn links_like(&self, community: CommunityId, text: &str, count: i64) -> Result<Vec<Link>, StoreError> {
        // Computing a meaning takes longer than looking whether there is anything to compare it with.
        let is_worth_it = text.contains(char::is_alphanumeric);
        if !is_worth_it || !link::has_embeddings(&self.pool, community, self.space).await? {
            return Ok(Vec::new());
        }
        let vector = match self.embedder.embed_query(text).await {
            Ok(vector) => HalfVector::from_f32_slice(&vector),
            Err(error) => {
                tracing::warn!(%error, "the embedder failed: links are found by words alone");
                return Ok(Vec::new());
            }
        };
        let near = link::nearest(&self.pool, community, self.space, &vector, count).await?;
        Ok(near.into_iter().filter(|near| near.similarity >= LIKE).map(|near| near.link).collect())
    }
}

/// The best of the first list, the best of the second, and so on, each link once.
fn in_turns(first: Vec<Link>, second: Vec<Link>, count: usize) -> Vec<Link> {
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut all: Vec<Link> = Vec::new();
    loop {
        let (one, other) = (first.next(), second.next());
        if one.is_none() && other.is_none() {
            break;
        }
        for link in [one, other].into_iter().flatten() {
            if !all.iter().any(|known| known.name == link.name) {
                all.push(link);
            }
        }
    }
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_has_its_turn_and_no_link_comes_twice() {
        let links = |names: &str| -> Vec<Link> {
            let link = |name: &str| Link {
                name: name.to_owned(),
                url: String::new(),
                description: String::new(),
                words: String::new(),
            };
            names.split(' ').filter(|name| !name.is_empty()).map(link).collect()
        };
        for (first, second, count, expected) in
            [("a b", "c a", 4, "a c b"), ("", "c a", 4, "c a"), ("a b", "", 1, "a"), ("", "", 3, "")]
        {
            assert_eq!(in_turns(links(first), links(second), count), links(expected), "{first} and {second}");
        }
    }
}
