//! Hybrid retrieval: words and meaning, fused; names and times in the question as preferences; neighbouring lines.
//!
//! The bots, `pedro memory search` and `pedro eval` all come through here.

use std::collections::{HashMap, HashSet};
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
use crate::store::search::{self, Candidate, MOST_WANTED, Named, Scope};
use crate::store::{StoreError, channel};

/// The best so many candidates bring their neighbours along, whether or not these were found themselves.
const WITH_NEIGHBOURS: usize = 40;

/// "Yesterday" is a border if something that was said then fits the question this well by itself; otherwise it is a
/// preference, and everything is searched.
const WITHIN_BORDER: f64 = 0.35;

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
    pub(super) pool: PgPool,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) space: EmbeddingSpace,
    statistics: WordStatistics,
}

/// A question made ready for the database.
struct Query {
    lexemes: Vec<String>,
    /// Those that lines are looked up by.
    listed: Vec<String>,
    vector: Option<HalfVector>,
    /// The question's own line is no candidate: it fits itself best, and would lend that to its neighbours.
    exclude: Option<MessageId>,
}

impl Query {
    fn allows(&self, line: &Candidate) -> bool {
        self.exclude != Some(MessageId(line.id))
    }
}

impl Retriever {
    /// Retrieval in one embedding space; the embedder must be of the space's model.
    pub fn new(pool: PgPool, embedder: Arc<dyn Embedder>, space: EmbeddingSpace) -> Self {
        Self { statistics: WordStatistics::new(pool.clone()), pool, embedder, space }
    }

    /// The database that it searches.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Finds the lines that bear on a question. Without its embedder it goes by words alone.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn recall(&self, recall: &Recall<'_>) -> Result<Recalled, StoreError> {
        let began = Instant::now();
        let (people, channels) =
            tokio::try_join!(self.people(recall), channel::readable_from(&self.pool, recall.community, recall.place))?;
        let mut names: Vec<String> = people.iter().map(|named| named.name.clone()).collect();
        names.sort();
        names.dedup();
        let authors: Vec<AuthorId> = people.iter().map(|named| named.id).collect();
        let cue = cue::read(recall.question, &names, recall.now, recall.zone);
        let bordered = cue.range.as_ref().is_some_and(|range| range.relative);
        let scopes = scopes(&channels, &authors, &cue, bordered);
        let (query, candidates) = self.search(&cue, &channels, recall.exclude, &scopes).await?;
        let mut hits = self.rank(recall, &cue, &authors, &query, candidates).await?;
        if bordered && !hits.iter().any(|hit| hit.why.own(&recall.weights) >= WITHIN_BORDER) {
            let scopes = self::scopes(&channels, &authors, &cue, false);
            let (found, sizes) = tokio::try_join!(self.by_words(&scopes, &query.listed), self.sizes(&scopes))?;
            let candidates = self.join_by_meaning(found, &scopes, &sizes, &query).await?;
            hits = self.rank(recall, &cue, &authors, &query, candidates).await?;
        }
        record::retrieved(began.elapsed(), hits.len());
        Ok(Recalled { hits, cue, people: names })
    }

    /// The people whom a question names. Logins are common words too ("do", "ubuntu"): such a word names somebody only
    /// if it is written like a name, or if chat hardly ever uses it otherwise.
    async fn people(&self, recall: &Recall<'_>) -> Result<Vec<Named>, StoreError> {
        let mut people = search::people(&self.pool, recall.community, &cue::possible_names(recall.question)).await?;
        let mut common = HashSet::new();
        for named in &people {
            let plain = cue::how_said(recall.question, &named.name, &named.written) == Said::Plain;
            if plain && (named.lexemes.is_empty() || self.statistics.is_common(&named.lexemes).await) {
                common.insert(named.name.clone());
            }
        }
        people.retain(|named| !common.contains(&named.name));
        Ok(people)
    }

    /// Makes the question ready for the database and searches for it. All that its words can do is done while its meaning
    /// is computed.
    async fn search(
        &self,
        cue: &Cue,
        channels: &[ChannelId],
        exclude: Option<MessageId>,
        scopes: &[Scope],
    ) -> Result<(Query, Vec<Candidate>), StoreError> {
        let words = async {
            let lexemes = self.lexemes(&cue.words, channels, exclude).await?;
            let listed = self.statistics.selective(&lexemes).await;
            let found = self.by_words(scopes, &listed).await?;
            Ok::<_, StoreError>((lexemes, listed, found))
        };
        let embed = async {
            let vector = self.embedder.embed_query(&cue.meaning).await;
            let vector = vector
                .map(|vector| HalfVector::from_f32_slice(&vector))
                .inspect_err(|error| tracing::warn!(%error, "the embedder failed: retrieval goes by words alone"));
            Ok(vector.ok())
        };
        let ((lexemes, listed, found), sizes, vector) = tokio::try_join!(words, self.sizes(scopes), embed)?;
        let query = Query { lexemes, listed, vector, exclude };
        let candidates = self.join_by_meaning(found, scopes, &sizes, &query).await?;
        Ok((query, candidates))
    }

    /// The lexemes of a text; one that no line has is joined by those that are spelled like it.
    async fn lexemes(
        &self,
        text: &str,
        channels: &[ChannelId],
        exclude: Option<MessageId>,
    ) -> Result<Vec<String>, StoreError> {
        let mut lexemes = search::lexemes(&self.pool, text).await?;
        let rare = self.statistics.possibly_unknown(&lexemes).await;
        for word in search::unknown(&self.pool, channels, &rare, exclude).await? {
            // Short words are near to too much.
            if word.chars().count() >= 4 {
                lexemes.extend(search::respell(&self.pool, channels, &word).await?);
            }
        }
        lexemes.sort();
        lexemes.dedup();
        Ok(lexemes)
    }

    async fn by_words(&self, scopes: &[Scope], listed: &[String]) -> Result<Vec<Candidate>, StoreError> {
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let lists = scopes.iter().map(|scope| search::by_words(&self.pool, scope, listed, MOST_WANTED));
        Ok(try_join_all(lists).await?.concat())
    }

    /// How many lines each scope holds, as far as that matters.
    async fn sizes(&self, scopes: &[Scope]) -> Result<Vec<i64>, StoreError> {
        try_join_all(scopes.iter().map(|scope| search::size_up_to_exact(&self.pool, scope))).await
    }

    /// Joins lines that were found by their words and those nearest in meaning, each once, and says of all how near they
    /// are.
    async fn join_by_meaning(
        &self,
        by_words: Vec<Candidate>,
        scopes: &[Scope],
        sizes: &[i64],
        query: &Query,
    ) -> Result<Vec<Candidate>, StoreError> {
        let ids: Vec<i64> = by_words.iter().map(|line| line.id).collect();
        let (nearest, similarities) = match &query.vector {
            Some(vector) => tokio::try_join!(
                self.by_meaning(scopes, sizes, vector),
                search::similarities(&self.pool, &ids, vector, self.space)
            )?,
            None => Default::default(),
        };
        let by_words =
            by_words.into_iter().map(|line| Candidate { similarity: similarities.get(&line.id).copied(), ..line });
        let lines: HashMap<i64, Candidate> = by_words.chain(nearest).map(|line| (line.id, line)).collect();
        Ok(lines.into_values().filter(|line| query.allows(line)).collect())
    }

    async fn by_meaning(
        &self,
        scopes: &[Scope],
        sizes: &[i64],
        near: &HalfVector,
    ) -> Result<Vec<Candidate>, StoreError> {
        let lists = scopes.iter().zip(sizes).map(async |(scope, &size)| {
            if size <= search::EXACT_UP_TO {
                search::by_meaning_exact(&self.pool, scope, self.space, near, MOST_WANTED).await
            } else {
                search::by_meaning(&self.pool, scope, self.space, near, MOST_WANTED).await
            }
        });
        Ok(try_join_all(lists).await?.concat())
    }

    /// Reads lines that nothing found, with how near they are in meaning.
    async fn read(&self, ids: &[i64], query: &Query) -> Result<Vec<Candidate>, StoreError> {
        let similarities = async {
            let Some(vector) = &query.vector else { return Ok(HashMap::new()) };
            search::similarities(&self.pool, ids, vector, self.space).await
        };
        let (mut lines, similarities) = tokio::try_join!(search::candidates(&self.pool, ids), similarities)?;
        lines.retain(|line| query.allows(line));
        for line in &mut lines {
            line.similarity = similarities.get(&line.id).copied();
        }
        Ok(lines)
    }

    async fn rank(
        &self,
        recall: &Recall<'_>,
        cue: &Cue,
        authors: &[AuthorId],
        query: &Query,
        mut candidates: Vec<Candidate>,
    ) -> Result<Vec<Hit>, StoreError> {
        let rarity = self.statistics.rarity(&query.lexemes).await;
        let prefer = Preference {
            author: &|line| authors.contains(&AuthorId(line.author_id)),
            date: &|line| cue.range.as_ref().is_some_and(|range| (range.from..range.until).contains(&line.sent_at)),
            moment: &|line| cue.is_told_by(&line.lexemes),
            asks: cue.asks,
        };
        if recall.weights.before + recall.weights.after > 0.0 {
            let best = fuse::rank(&candidates, &rarity, &prefer, &recall.weights);
            let beside = neighbours_of(&candidates, best.iter().take(WITH_NEIGHBOURS).map(|(id, _)| *id));
            candidates.extend(self.read(&beside, query).await?);
        }
        let ranked = fuse::rank(&candidates, &rarity, &prefer, &recall.weights);
        if !ranked.iter().any(|(_, why)| why.own(&recall.weights) >= recall.weights.floor) {
            return Ok(Vec::new());
        }
        let hits = ranked.into_iter().filter(|(_, why)| why.score > 0.0);
        Ok(hits.take(recall.count).map(|(id, why)| Hit { id: MessageId(id), why }).collect())
    }

    /// The hits with `around` lines before and after each, the best window first. No line stands in two of them.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn windows(&self, hits: &[Hit], around: i64) -> Result<Vec<Window>, StoreError> {
        let ids: Vec<i64> = hits.iter().map(|hit| hit.id.0).collect();
        let lines = search::windows(&self.pool, &ids, around).await?;
        Ok(windows_of(&lines, hits))
    }
}

/// Where to look: in all lines that may be evidence (not if `bordered`), in those of the time that the question names,
/// and in those of the people whom it names.
fn scopes(channels: &[ChannelId], authors: &[AuthorId], cue: &Cue, bordered: bool) -> Vec<Scope> {
    let base = Scope { channels: channels.to_vec(), ..Scope::default() };
    let mut scopes = if bordered { Vec::new() } else { vec![base.clone()] };
    if let Some(range) = &cue.range {
        scopes.push(Scope { from: Some(range.from), until: Some(range.until), ..base });
    }
    if !authors.is_empty() {
        let by_authors = |scope: &Scope| Scope { authors: authors.to_vec(), ..scope.clone() };
        scopes.extend(scopes.iter().map(by_authors).collect::<Vec<_>>());
    }
    scopes
}

/// The neighbours of the best candidates that are not candidates themselves.
fn neighbours_of(candidates: &[Candidate], best: impl Iterator<Item = i64>) -> Vec<i64> {
    let known: HashSet<i64> = candidates.iter().map(|line| line.id).collect();
    let best: HashSet<i64> = best.collect();
    let beside = candidates.iter().filter(|line| best.contains(&line.id)).flat_map(|line| [line.before, line.after]);
    beside.flatten().filter(|id| !known.contains(id)).collect()
}

/// Gives each hit the lines around it, best hit first, without those that a better one has already.
fn windows_of(lines: &[(MessageId, MessageRow)], hits: &[Hit]) -> Vec<Window> {
    let mut shown = HashSet::new();
    let mut windows = Vec::new();
    for hit in hits.iter().filter(|hit| lines.iter().any(|(of, _)| *of == hit.id)) {
        if shown.contains(&hit.id) {
            continue;
        }
        let around = lines.iter().filter(|(of, line)| *of == hit.id && shown.insert(line.id));
        windows.push(Window { lines: around.map(|(_, line)| line.clone()).collect(), score: hit.why.score });
    }
    windows
}
