//! Hybrid retrieval: words and meaning, fused; names and times in the question as preferences; neighbouring lines.
//!
//! The bots, `pedro memory search` and `pedro eval` all come through here.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::future::try_join_all;
use pgvector::HalfVector;
use sqlx::PgPool;

use super::cue::{self, Cue, Said};
use super::fuse::{self, Preference, Weights, Why};
use super::word_statistics::WordStatistics;
use crate::chat::{AuthorId, ChannelId, CommunityId, MessageId};
use crate::embedder::Embedder;
use crate::service::metrics::record;
use crate::store::embedding::EmbeddingSpace;
use crate::store::message::MessageRow;
use crate::store::search::{self, Candidate, Named, Scope};
use crate::store::{StoreError, channel};

/// How many candidates each list gives.
const CANDIDATES: i64 = 100;

/// The best so many candidates bring their neighbours along, whether or not these were found themselves.
const WITH_NEIGHBOURS: usize = 40;

/// A question to memory.
#[derive(Debug, Clone)]
pub struct Recall<'a> {
    /// Whose memory.
    pub community: CommunityId,
    /// Where the answer goes: evidence is what everybody there can read. `None`: the whole community's public lines.
    pub place: Option<ChannelId>,
    /// The question.
    pub question: &'a str,
    /// The moment from which "yesterday" is understood.
    pub now: DateTime<Utc>,
    /// The community's time zone.
    pub zone: Tz,
    /// A line that must not be found: the question itself.
    pub exclude: Option<MessageId>,
    /// How many lines at most.
    pub count: usize,
    /// How words and meaning are fused.
    pub weights: Weights,
}

/// A line that was found.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Hit {
    /// The line.
    pub id: MessageId,
    /// Its scores.
    pub why: Why,
}

/// Lines that stand together, oldest first, with the hits among them.
#[derive(Debug, Clone)]
pub struct Window {
    /// The lines.
    pub lines: Vec<MessageRow>,
    /// Score of its best hit.
    pub score: f64,
}

/// What the question told, and what was found.
#[derive(Debug, Clone)]
pub struct Recalled {
    /// The lines, best first; empty if nothing reached the floor.
    pub hits: Vec<Hit>,
    /// How the question was read.
    pub cue: Cue,
    /// The people whom it names.
    pub people: Vec<String>,
}

/// Finds what was said.
pub struct Retriever {
    pool: PgPool,
    embedder: Arc<dyn Embedder>,
    space: EmbeddingSpace,
    statistics: WordStatistics,
}

/// A question made ready for the database.
struct Query {
    lexemes: Vec<String>,
    listed: Vec<String>,
    vector: Option<HalfVector>,
}

impl Retriever {
    /// Retrieval in one embedding space; the embedder must be of the space's model.
    pub fn new(pool: PgPool, embedder: Arc<dyn Embedder>, space: EmbeddingSpace) -> Self {
        Self { statistics: WordStatistics::new(pool.clone()), pool, embedder, space }
    }

    /// Finds the lines that bear on a question. Without its embedder it goes by words alone.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn recall(&self, recall: &Recall<'_>) -> Result<Recalled, StoreError> {
        let began = Instant::now();
        let people = self.people(recall).await?;
        let mut names: Vec<String> = people.iter().map(|named| named.name.clone()).collect();
        names.sort();
        names.dedup();
        let authors: Vec<AuthorId> = people.iter().map(|named| named.id).collect();
        let cue = cue::read(recall.question, &names, recall.now, recall.zone);
        let channels = channel::readable_from(&self.pool, recall.community, recall.place).await?;
        let query = self.prepare(&cue, &channels).await?;
        let base = Scope { channels, ..Scope::default() };
        let candidates = self.find(&base, &authors, &cue, &query).await?;
        let hits = self.rank(recall, &cue, &authors, &query, candidates).await?;
        record::retrieved(began.elapsed(), hits.len());
        Ok(Recalled { hits, cue, people: names })
    }

    /// The people whom a question names. Logins are common words too ("do", "ubuntu"): such a word names somebody only
    /// if it is written like a name, or if chat hardly ever uses it otherwise.
    async fn people(&self, recall: &Recall<'_>) -> Result<Vec<Named>, StoreError> {
        let mut people = search::people(&self.pool, recall.community, &cue::possible_names(recall.question)).await?;
        let mut common = HashSet::new();
        for named in &people {
            let said = cue::how_said(recall.question, &named.name, &named.written);
            if said == Said::Addressed || common.contains(&named.name) {
                continue;
            }
            let lexemes = search::lexemes(&self.pool, &named.name).await?;
            // A stop word has no lexeme at all.
            if lexemes.is_empty() || said == Said::Plain && self.statistics.is_common(&lexemes).await {
                common.insert(named.name.clone());
            }
        }
        people.retain(|named| !common.contains(&named.name));
        Ok(people)
    }

    async fn prepare(&self, cue: &Cue, channels: &[ChannelId]) -> Result<Query, StoreError> {
        let (lexemes, vector) =
            tokio::join!(self.lexemes(&cue.words, channels), self.embedder.embed_query(&cue.meaning));
        let vector = vector
            .map(|vector| HalfVector::from_f32_slice(&vector))
            .inspect_err(|error| tracing::warn!(%error, "the embedder failed: retrieval goes by words alone"))
            .ok();
        let lexemes = lexemes?;
        let listed = self.statistics.selective(&lexemes).await;
        Ok(Query { lexemes, listed, vector })
    }

    /// The lexemes of a text; one that no line has is joined by those that are spelled like it.
    async fn lexemes(&self, text: &str, channels: &[ChannelId]) -> Result<Vec<String>, StoreError> {
        let mut lexemes = search::lexemes(&self.pool, text).await?;
        let rare = self.statistics.possibly_unknown(&lexemes).await;
        for word in search::unknown(&self.pool, &rare).await? {
            // Short words are near to too much.
            if word.chars().count() >= 4 {
                lexemes.extend(search::respell(&self.pool, channels, &word).await?);
            }
        }
        lexemes.sort();
        lexemes.dedup();
        Ok(lexemes)
    }

    /// The ids of all lines that any list brings up. "Yesterday" is a border, if anything was said then; a date is
    /// only a preference.
    async fn find(&self, base: &Scope, authors: &[AuthorId], cue: &Cue, query: &Query) -> Result<Vec<i64>, StoreError> {
        let by_authors = |scope: &Scope| Scope { authors: authors.to_vec(), ..scope.clone() };
        let in_range = |scope: &Scope| match &cue.range {
            Some(range) => Scope { from: Some(range.from), until: Some(range.until), ..scope.clone() },
            None => scope.clone(),
        };
        let mut scopes = vec![base.clone()];
        if let Some(range) = &cue.range {
            let ranged = in_range(base);
            if range.relative && search::size_up_to_exact(&self.pool, &ranged).await? > 0 {
                scopes = vec![ranged];
            } else {
                scopes.push(ranged);
            }
        }
        if !authors.is_empty() {
            scopes.extend(scopes.iter().map(by_authors).collect::<Vec<_>>());
        }
        let lists = try_join_all(scopes.iter().map(|scope| self.list(scope, query))).await?;
        let ids: HashSet<i64> = lists.into_iter().flatten().map(|id| id.0).collect();
        Ok(ids.into_iter().collect())
    }

    async fn list(&self, scope: &Scope, query: &Query) -> Result<Vec<MessageId>, StoreError> {
        let words = async {
            if query.listed.is_empty() {
                return Ok(Vec::new());
            }
            search::by_words(&self.pool, scope, &query.listed, CANDIDATES).await
        };
        let meaning = async {
            let Some(vector) = &query.vector else { return Ok(Vec::new()) };
            if scope.is_narrow() && search::size_up_to_exact(&self.pool, scope).await? <= search::EXACT_UP_TO {
                search::by_meaning_exact(&self.pool, scope, self.space, vector, CANDIDATES).await
            } else {
                search::by_meaning(&self.pool, scope, self.space, vector, CANDIDATES).await
            }
        };
        let (mut found, near) = tokio::try_join!(words, meaning)?;
        found.extend(near);
        Ok(found)
    }

    async fn rank(
        &self,
        recall: &Recall<'_>,
        cue: &Cue,
        authors: &[AuthorId],
        query: &Query,
        ids: Vec<i64>,
    ) -> Result<Vec<Hit>, StoreError> {
        let rarity = self.statistics.rarity(&query.lexemes).await;
        let prefer = Preference {
            author: &|line| authors.contains(&AuthorId(line.author_id)),
            date: &|line| cue.range.as_ref().is_some_and(|range| (range.from..range.until).contains(&line.sent_at)),
        };
        let mut candidates = self.read(&ids, query).await?;
        if recall.weights.before + recall.weights.after > 0.0 {
            let best = fuse::rank(&candidates, &rarity, &prefer, &recall.weights);
            let known: HashSet<i64> = ids.into_iter().collect();
            let beside = neighbours_of(&candidates, best.iter().take(WITH_NEIGHBOURS).map(|(id, _)| *id), &known);
            candidates.extend(self.read(&beside, query).await?);
        }
        let ranked = fuse::rank(&candidates, &rarity, &prefer, &recall.weights);
        // The question's own line fits itself best, and proves nothing.
        let mut others = ranked.iter().filter(|(id, _)| Some(MessageId(*id)) != recall.exclude);
        if !others.any(|(_, why)| why.own(&recall.weights) >= recall.weights.floor) {
            return Ok(Vec::new());
        }
        let hits = ranked.into_iter().filter(|(id, why)| Some(MessageId(*id)) != recall.exclude && why.score > 0.0);
        Ok(hits.take(recall.count).map(|(id, why)| Hit { id: MessageId(id), why }).collect())
    }

    async fn read(&self, ids: &[i64], query: &Query) -> Result<Vec<Candidate>, StoreError> {
        search::candidates(&self.pool, ids, &query.lexemes, query.vector.as_ref(), Some(self.space)).await
    }

    /// The hits with `around` lines before and after each, joined where they overlap; the best window first.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn windows(&self, hits: &[Hit], around: i64) -> Result<Vec<Window>, StoreError> {
        let ids: Vec<i64> = hits.iter().map(|hit| hit.id.0).collect();
        let lines = search::windows(&self.pool, &ids, around).await?;
        Ok(join_windows(lines, hits))
    }
}

fn neighbours_of(candidates: &[Candidate], best: impl Iterator<Item = i64>, known: &HashSet<i64>) -> Vec<i64> {
    let best: HashSet<i64> = best.collect();
    let beside = candidates.iter().filter(|line| best.contains(&line.id)).flat_map(|line| [line.before, line.after]);
    let fresh: HashSet<i64> = beside.flatten().filter(|id| !known.contains(id)).collect();
    fresh.into_iter().collect()
}

/// Cuts lines, ordered by channel and time, into windows: a new one begins with another channel or after a pause.
fn join_windows(lines: Vec<MessageRow>, hits: &[Hit]) -> Vec<Window> {
    let score_of = |id: MessageId| hits.iter().find(|hit| hit.id == id).map_or(0.0, |hit| hit.why.score);
    let pause = chrono::Duration::minutes(search::NEIGHBOUR_GAP_MINUTES.into());
    let mut windows: Vec<Window> = Vec::new();
    for line in lines {
        let score = score_of(line.id);
        let joins = windows
            .last()
            .and_then(|window| window.lines.last())
            .is_some_and(|last: &MessageRow| last.channel_id == line.channel_id && line.sent_at - last.sent_at < pause);
        match windows.last_mut() {
            Some(window) if joins => {
                window.score = window.score.max(score);
                window.lines.push(line);
            }
            _ => windows.push(Window { score, lines: vec![line] }),
        }
    }
    windows.sort_by(|a, b| b.score.total_cmp(&a.score));
    windows
}
