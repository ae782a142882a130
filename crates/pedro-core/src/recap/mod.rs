//! Recaps: what was said in a time, told by a model with a small context. Windows of lines become notes, notes become fewer
//! notes until they fit into one prompt, and that becomes the text.
//!
//! A recap is a question like any other: it waits in the queue, is held by a lease, goes on after a crash. Every call of the
//! model is kept with what it was made from, so that a process that takes over does not make the same notes again.

mod note;
mod range;
mod window;

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub use self::range::Range;
use self::window::{Room, Window, windows};
use crate::answer::{Sizes, presentable, whole};
use crate::chat::{ChannelId, MessageId, Platform};
use crate::llm::{LanguageModel, Priority, Purpose, Slots, keep};
use crate::places::Place;
use crate::prompt::{self, Quoted, RecapInput, estimate_tokens};
use crate::question::Failure;
use crate::reply;
use crate::service::metrics::record;
use crate::store::question::{self as questions, Question};
use crate::store::recap::{self as recaps, NewRecap, RecapKey, RecapLine};
use crate::store::{channel, generation, message, stream_title};
use crate::trigger::history::{self, When};

/// Windows of one recap, each of which is a call of the model: at a minute a call on a slow machine a recap takes a quarter of
/// an hour, and twelve notes fit into the prompt of the text.
pub const MOST_WINDOWS: usize = 12;

/// Calls of the model for one recap: the windows, then, where not even three notes fit into a prompt, four and two
/// merges, the text, and the text once more if it may not be said.
pub const MOST_CALLS: usize = MOST_WINDOWS + 4 + 2 + 2;

/// The longest prompt, in tokens: a small model on a CPU reads some hundreds a second, and twelve notes fit in.
const LONGEST_PROMPT: usize = 3_000;

/// The least that a window holds, however small the model's context is.
const SMALLEST_WINDOW: usize = 100;

/// Lines that are looked at: a very busy day. Of more, the newest.
const LINES: i64 = 20_000;

/// Titles that are looked at to find the stream.
const TITLES: i64 = 60;

/// A recap whose beginning and end are no further off, in seconds, is given again.
const SAME_TIME: f64 = 600.0;

/// Recaps that a process makes at once: it has more workers, so that other questions are answered meanwhile.
const AT_ONCE: usize = 2;

/// Makes recaps.
pub struct Recaps {
    pool: PgPool,
    model: Arc<dyn LanguageModel>,
    slots: Arc<Slots>,
    sizes: Sizes,
    busy: Semaphore,
}

/// What is to be told, to whom.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The question.
    pub question: &'a Question,
    /// Where the answer goes: only what everybody there can read is told.
    pub place: &'a Place,
    /// Which time.
    pub when: When,
    /// Told to give up.
    pub stop: &'a CancellationToken,
    /// Gets how far it is.
    pub progress: &'a watch::Sender<Progress>,
}

/// How far a recap is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Parts that were read.
    pub done: usize,
    /// Parts that there are; 0 if that is not known yet.
    pub of: usize,
}

/// What a text about a time is made from.
#[derive(Debug, Clone)]
pub struct Material {
    /// Which time.
    pub range: Range,
    /// Notes of what was said, or the lines themselves, oldest first.
    pub notes: Vec<String>,
    /// The messages behind them.
    pub sources: Vec<MessageId>,
}

/// A time, and who may hear of it.
struct Scope {
    range: Range,
    readable: Vec<ChannelId>,
    audience: String,
    lines: Vec<RecapLine>,
}

/// Notes, and what is behind them.
struct Notes {
    notes: Vec<Quoted>,
    sources: Vec<MessageId>,
}

impl Recaps {
    /// Recaps by this model.
    pub fn new(pool: PgPool, model: Arc<dyn LanguageModel>, slots: Arc<Slots>, sizes: Sizes) -> Self {
        Self { pool, model, slots, sizes, busy: Semaphore::new(AT_ONCE) }
    }

    /// Makes the recap that a question wants, or takes an earlier one of the same time for the same readers, and keeps it as
    /// the answer.
    ///
    /// # Errors
    /// See [`Failure`]; notes that are made already are kept for the next attempt.
    pub async fn make(&self, wanted: Wanted<'_>) -> Result<String, Failure> {
        let _busy = self.busy.try_acquire().map_err(|_| Failure::Busy)?;
        let scope = self.scope(wanted).await?;
        let key = key(&scope, wanted.place);
        if let Some(found) = recaps::find(&self.pool, &key, &scope.readable, SAME_TIME).await?
            && self.give(wanted.question, found.id, &found.text).await?
        {
            return Ok(found.text);
        }
        match self.notes(wanted, &scope).await? {
            None => {
                let text = reply::recap::nothing(&scope.range, wanted.place.home.settings.time_zone);
                self.keep(wanted.question, &text).await?;
                Ok(text)
            }
            Some(notes) => self.tell(wanted, &scope, &notes).await,
        }
    }

    /// What a text about a time can be made from; `None` if nobody said anything.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn material(&self, wanted: Wanted<'_>) -> Result<Option<Material>, Failure> {
        let _busy = self.busy.try_acquire().map_err(|_| Failure::Busy)?;
        let scope = self.scope(wanted).await?;
        let key = RecapKey { platform: None, ..key(&scope, wanted.place) };
        if let Some(found) = recaps::find(&self.pool, &key, &scope.readable, SAME_TIME).await? {
            let sources = recaps::sources(&self.pool, found.id).await?;
            return Ok(Some(Material { range: scope.range, notes: found.notes, sources }));
        }
        let notes = self.notes(wanted, &scope).await?;
        Ok(notes.map(|Notes { notes, sources }| Material { notes: texts(&notes), sources, range: scope.range }))
    }

    /// Which time is meant, and what was said in it that everybody in the place can read.
    async fn scope(&self, wanted: Wanted<'_>) -> Result<Scope, Failure> {
        let Wanted { question, place, when, .. } = wanted;
        let readable = channel::readable_from(&self.pool, place.home.id, Some(place.id)).await?;
        let titles = stream_title::latest(&self.pool, place.home.id, TITLES).await?;
        let last_line = recaps::last_line(&self.pool, &readable).await?;
        // Not the present: another attempt is to find the same time, and its notes.
        let now = recaps::posted_for(&self.pool, question.id).await?.unwrap_or(question.asked_at);
        let range = range::range(when, &titles, last_line, now, place.home.settings.recap_after);
        let asked = message::find(&self.pool, place.key.platform, &question.platform_message_id).await?;
        let mut lines = recaps::lines(&self.pool, &readable, range.began_at, range.ended_at, LINES).await?;
        lines.retain(|line| Some(line.id) != asked && is_talk(&line.text, &place.home.ear.prefix));
        Ok(Scope { range, audience: recaps::audience(&self.pool, place.id).await?, readable, lines })
    }

    /// Notes that fit into the prompt of the text; few lines are their own notes.
    async fn notes(&self, wanted: Wanted<'_>, scope: &Scope) -> Result<Option<Notes>, Failure> {
        let zone = wanted.place.home.settings.time_zone;
        let room = Room { tokens: self.window_tokens(), windows: MOST_WINDOWS };
        let mut windows = windows(&scope.lines, zone, room);
        let fits = self.room_for_notes(wanted, scope);
        if windows.len() == 1 && tokens(&windows[0].lines) <= fits {
            return Ok(windows.pop().map(|window| Notes { notes: window.lines, sources: window.sources }));
        }
        if windows.is_empty() {
            return Ok(None);
        }
        let (notes, sources) = self.read(wanted, windows).await?;
        let notes = self.merged(wanted, notes, &sources, fits).await?;
        Ok(Some(Notes { notes, sources }))
    }

    /// Writes the text and keeps it, with its provenance.
    async fn tell(&self, wanted: Wanted<'_>, scope: &Scope, notes: &Notes) -> Result<String, Failure> {
        let Wanted { question, place, .. } = wanted;
        let messages = prompt::recap_messages(&input(place, scope, &notes.notes));
        let mut asked = messages.clone();
        let mut tried = 0;
        let (text, generation) = loop {
            let written = self.run(wanted, Priority::Interactive, &asked, self.sizes.max_tokens).await?;
            tried += 1;
            match presentable(&written.text, &asked, place) {
                Ok(text) => break (Some(whole(text, &written, self.sizes)), written),
                Err(why) if tried > 1 => {
                    record::answer_withheld(why);
                    break (None, written);
                }
                Err(_) => asked = prompt::second_try(&messages),
            }
        };
        let zone = place.home.settings.time_zone;
        let (covered, lines) = (notes.sources.len(), scope.lines.len());
        let text = text.map(|text| reply::recap::told(&text, &scope.range, covered, lines, zone));
        let answer = text.clone().unwrap_or_else(reply::declined);
        let mut transaction = self.pool.begin().await?;
        // As the row says now: the asker may have opted out while the model wrote.
        let ephemeral = questions::is_ephemeral(&mut transaction, question.id).await?;
        let row = keep::row(question, Purpose::Recap, &generation, &asked, &notes.sources, ephemeral);
        let id = generation::insert(&mut transaction, &row).await?;
        if let (Some(text), false) = (&text, ephemeral) {
            let new = NewRecap {
                key: key(scope, place),
                platform: place.key.platform,
                text,
                notes: &texts(&notes.notes),
                sources: &notes.sources,
                lines: i32::try_from(lines).unwrap_or(i32::MAX),
                generation: id,
            };
            let recap = recaps::insert(&mut transaction, &new).await?;
            recaps::give(&mut transaction, recap, question.id).await?;
        }
        questions::keep_answer(&mut transaction, question.id, question.lease_owner, &answer).await?;
        transaction.commit().await?;
        Ok(answer)
    }

    /// Answers a question by a recap that is there. False if it is there no more.
    async fn give(&self, question: &Question, recap: i64, text: &str) -> Result<bool, Failure> {
        let mut transaction = self.pool.begin().await?;
        let given = recaps::give(&mut transaction, recap, question.id).await?;
        if given {
            questions::keep_answer(&mut transaction, question.id, question.lease_owner, text).await?;
        }
        transaction.commit().await?;
        Ok(given)
    }

    async fn keep(&self, question: &Question, text: &str) -> Result<(), Failure> {
        let mut transaction = self.pool.begin().await?;
        questions::keep_answer(&mut transaction, question.id, question.lease_owner, text).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Tokens of lines that fit into a prompt of notes.
    fn window_tokens(&self) -> usize {
        let room = self.sizes.context.saturating_sub(note::tokens(self.sizes)) as usize;
        room.min(LONGEST_PROMPT).saturating_sub(prompt::note_overhead()).max(SMALLEST_WINDOW)
    }

    /// Tokens of notes that fit into the prompt of the text.
    fn room_for_notes(&self, wanted: Wanted<'_>, scope: &Scope) -> usize {
        let room = self.sizes.context.saturating_sub(self.sizes.max_tokens) as usize;
        let overhead = prompt::recap_overhead(&input(wanted.place, scope, &[]));
        room.min(LONGEST_PROMPT).saturating_sub(overhead).max(SMALLEST_WINDOW)
    }
}

fn key<'a>(scope: &'a Scope, place: &Place) -> RecapKey<'a> {
    RecapKey {
        community: place.home.id,
        platform: Some(place.key.platform),
        audience: &scope.audience,
        began_at: scope.range.began_at,
        ended_at: scope.range.ended_at,
    }
}

fn input<'a>(place: &'a Place, scope: &'a Scope, notes: &'a [Quoted]) -> RecapInput<'a> {
    RecapInput {
        persona: &place.home.persona,
        platform: place.key.platform,
        links_allowed: place.key.platform != Platform::Twitch || place.home.settings.links_allowed,
        zone: place.home.settings.time_zone,
        began_at: scope.range.began_at,
        ended_at: scope.range.ended_at,
        titles: &scope.range.titles,
        notes,
    }
}

/// Whether a line belongs to the talk: commands are words to a bot, and so are the requests for recaps.
fn is_talk(text: &str, prefix: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && !text.starts_with('!') && !text.starts_with(prefix) && history::read(text).is_none()
}

fn texts(quoted: &[Quoted]) -> Vec<String> {
    quoted.iter().map(|line| line.as_str().to_owned()).collect()
}

fn tokens(quoted: &[Quoted]) -> usize {
    quoted.iter().map(|line| estimate_tokens(line.as_str()) + 1).sum()
}
