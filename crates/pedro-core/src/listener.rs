//! Lines become rows, and only then are looked at: which want a command carried out, which ask something.

mod unasked;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::chat::{AuthorKind, ChatMessage, Chattiness, MessageId, Platform, Role};
use crate::memory::PersonHasher;
use crate::patience::HourlyLimit;
use crate::places::Place;
use crate::question::Terms;
use crate::reply;
use crate::service::metrics::catalog::{DropReason, Stage};
use crate::service::metrics::record;
use crate::speech::{Interaction, ReplyTarget};
use crate::store::message::{self, NewLine};
use crate::store::opt_out::{self, OptOut};
use crate::store::question::{self as questions, Accepted, NewQuestion};
use crate::store::{StoreError, channel};
use crate::trigger::{self, Asked, Command, Hearing, Intent, Usage, Why};

/// The first wait after the database failed; doubled up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long writing a batch may take: some thousand times what it takes.
const WRITE_WITHIN: Duration = Duration::from_secs(20);

/// What was said longer ago is no question to the room any more. Clocks differ.
const ASKED_LATELY: Duration = Duration::from_secs(60);

/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A line at its place.
#[derive(Clone)]
pub struct Line {
    /// What was said.
    pub message: ChatMessage,
    /// Where.
    pub place: Arc<Place>,
    /// Keyed hash of who said it.
    pub person: Vec<u8>,
    /// Set if it was put by a command, which makes it a question whatever it says.
    pub put: Option<Put>,
    /// It answers a question of a game.
    pub is_move: bool,
}

/// How a question was put that is no line of chat.
#[derive(Clone)]
pub struct Put {
    /// What waits for the response.
    pub interaction: Interaction,
    /// How long the question waits to be settled where it is answered, before it is answered in place.
    pub hold: Duration,
    /// Whether a plan is asked for.
    pub plan: bool,
}

impl Line {
    /// A line at its place. A relayed line becomes its real author's.
    pub fn new(message: ChatMessage, place: Arc<Place>, hasher: &PersonHasher) -> Self {
        let mut message = message;
        if let Some(relay) = &place.home.settings.relay_user_id {
            message = trigger::relay::unwrap(message, relay);
        }
        if message.author.kind == AuthorKind::Person {
            message.author.kind = place.home.ear.kind_of(&message.author.login);
        }
        // PostgreSQL's text holds no NUL, and nobody types one.
        message.text.retain(|c| c != '\0');
        let person = hasher.hash(message.channel.platform, &message.author.platform_user_id);
        Self { message, place, person, put: None, is_move: false }
    }

    /// The privacy command that it gives, if it does, rightly used or not.
    pub fn privacy_command(&self) -> Option<Result<Command, Usage>> {
        if self.message.author.kind != AuthorKind::Person {
            return None;
        }
        let command = trigger::command::parse(&self.message.text, &self.place.home.ear)?;
        command.as_ref().map_or_else(Usage::is_private, Command::is_private).then_some(command)
    }

    /// Whom to answer.
    pub fn target(&self) -> ReplyTarget {
        ReplyTarget {
            platform_message_id: self.message.platform_message_id.clone(),
            platform_user_id: self.message.author.platform_user_id.clone(),
            display_name: self.message.author.display_name.clone(),
            is_line: self.put.is_none(),
            interaction: self.put.as_ref().map(|put| put.interaction.clone()),
        }
    }
}

/// What follows from a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUp {
    /// Its question has a row: a worker may begin.
    Answer,
    /// Its question is not accepted: the asker is told so.
    Refuse(String),
    /// A command was used wrongly: its user is told how to use it.
    Correct(String),
    /// A command is to be carried out.
    Obey(Command),
    /// It may ask something of whoever reads: that is decided once it has its embedding.
    Consider(MessageId),
}

/// A line that something follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Its place among the lines.
    pub line: usize,
    /// Whether what is said to it may be stored: not if its author opted out of storage.
    pub stored: bool,
    /// What follows.
    pub follow_up: FollowUp,
}

/// Writes lines and decides about them.
pub struct Listener {
    pool: PgPool,
    platform: Platform,
    terms: Terms,
    /// Questions of people who opted out of storage: their rows, by which others are counted, do not stay.
    unstored: HourlyLimit,
}

impl Listener {
    /// A listener for one platform.
    pub fn new(pool: PgPool, platform: Platform, terms: Terms) -> Self {
        Self { pool, platform, unstored: HourlyLimit::new(terms.limits.hourly_per_person), terms }
    }

    /// Writes lines in one statement, with the questions among them, and tells what follows from which. While the
    /// database is away it tries again, so that nothing is lost; what the database refuses for good is tried line by
    /// line, so that one bad line does not take the others along.
    pub async fn hear(&self, lines: &[Line]) -> Vec<Followed> {
        match self.hear_patiently(lines).await {
            Ok(followed) => followed,
            Err(error) if lines.len() == 1 => {
                let message_id = &lines[0].message.platform_message_id;
                tracing::error!(%error, message.id = message_id, "a line is refused by the database and lost");
                record::messages_dropped(self.platform.as_str(), DropReason::Refused, 1);
                Vec::new()
            }
            Err(_) => {
                let mut all = Vec::new();
                for (at, line) in lines.iter().enumerate() {
                    let one = Box::pin(self.hear(std::slice::from_ref(line))).await;
                    all.extend(one.into_iter().map(|followed| Followed { line: at, ..followed }));
                }
                all
            }
        }
    }

    async fn hear_patiently(&self, lines: &[Line]) -> Result<Vec<Followed>, StoreError> {
        let mut wait = FIRST_WAIT;
        // A connection that was cut in the commit leaves it open whether the lines were written. Their questions were
        // then written with them, but what follows was not done.
        let mut perhaps_written = false;
        loop {
            let began = Instant::now();
            // A connection that died without a word would be waited for until TCP gives up.
            let written = tokio::time::timeout(WRITE_WITHIN, self.write(lines, perhaps_written)).await;
            match written.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into())) {
                Ok(followed) => {
                    record::overhead(Stage::Store, began.elapsed());
                    return Ok(followed);
                }
                Err(error) if error.blames_the_data() => return Err(error),
                // No line is given up for what the operator can mend.
                Err(error) => {
                    tracing::warn!(%error, "{} lines wait for the database", lines.len());
                    perhaps_written = true;
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn write(&self, lines: &[Line], perhaps_written: bool) -> Result<Vec<Followed>, StoreError> {
        let people: Vec<Vec<u8>> = lines.iter().map(|line| line.person.clone()).collect();
        let choices: HashMap<Vec<u8>, OptOut> = opt_out::find(&self.pool, &people).await?.into_iter().collect();
        let choice = |line: &Line| choices.get(&line.person).copied().unwrap_or_default();
        let kept: Vec<NewLine<'_>> = lines
            .iter()
            .filter(|line| !choice(line).storage)
            .map(|line| NewLine { channel: line.place.id, message: &line.message, generation: None })
            .collect();
        let mut transaction = self.pool.begin().await?;
        let written = message::insert_lines(&mut transaction, &kept).await?;
        self.note_heard(&mut transaction, lines).await?;
        let mut seen = HashSet::new();
        let mut all = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let (choice, id) = (choice(line), &line.message.platform_message_id);
            let is_new = written.contains_key(id) || choice.storage || perhaps_written;
            // Delivered twice: looked at once.
            if !is_new || !seen.insert(id) {
                continue;
            }
            if choice.replies {
                let refusal = || FollowUp::Refuse(reply::privacy::asked_but_opted_out(self.platform));
                let follow_up = line.put.as_ref().map(|_| refusal());
                all.extend(follow_up.map(|follow_up| Followed { line: at, stored: false, follow_up }));
                continue;
            }
            let follow_up = self.decide(&mut transaction, line, choice.storage, written.get(id).copied()).await?;
            all.extend(follow_up.map(|follow_up| Followed { line: at, stored: !choice.storage, follow_up }));
        }
        transaction.commit().await?;
        record::messages_stored(self.platform.as_str(), written.len() as u64);
        Ok(all)
    }

    /// Up to where the channels were heard: what is forgotten later, or not stored at all, is not fetched again.
    async fn note_heard(&self, transaction: &mut PgConnection, lines: &[Line]) -> Result<(), StoreError> {
        if self.platform != Platform::Discord {
            return Ok(());
        }
        let heard = lines.iter().filter(|line| line.put.is_none());
        let heard =
            heard.filter_map(|line| Some((line.place.id.0, line.message.platform_message_id.parse::<i64>().ok()?)));
        let (channels, ids): (Vec<i64>, Vec<i64>) = heard.unzip();
        channel::note_heard(transaction, &channels, &ids).await
    }

    async fn decide(
        &self,
        transaction: &mut PgConnection,
        line: &Line,
        ephemeral: bool,
        stored: Option<MessageId>,
    ) -> Result<Option<FollowUp>, StoreError> {
        if let Some(put) = &line.put {
            let (text, tagged) = trigger::tag::take(&line.message.text, &line.place.home.ear.plan_tags);
            let asked = Asked { text, why: Why::Command, plan: put.plan || tagged };
            return self.accept(transaction, line, &asked, ephemeral).await;
        }
        if line.is_move {
            return Ok(None);
        }
        let (now, place) = (Utc::now(), &line.place);
        // What is read after a gap: nobody waits for an answer any more.
        if (now - line.message.sent_at).to_std().is_ok_and(|age| age > self.terms.expiry) {
            return Ok(None);
        }
        let paused = place.is_paused(now);
        let hearing = Hearing { chattiness: place.chattiness(), own_thread: place.own_thread };
        match trigger::decide(&line.message, &place.home.ear, hearing) {
            Intent::Ignore => Ok(stored.filter(|_| !paused && may_be_for_all(line, now)).map(FollowUp::Consider)),
            // In a pause only moderators are heard: they end it.
            Intent::Command(_) if paused && line.message.author.role == Role::Viewer => Ok(None),
            Intent::Command(Ok(command)) => Ok(Some(FollowUp::Obey(command))),
            Intent::Question(_) if paused => Ok(None),
            Intent::Command(Err(usage)) => Ok(Some(FollowUp::Correct(reply::usage(&usage.usage)))),
            Intent::Question(asked) => self.accept(transaction, line, &asked, ephemeral).await,
        }
    }

    async fn accept(
        &self,
        transaction: &mut PgConnection,
        line: &Line,
        asked: &Asked,
        ephemeral: bool,
    ) -> Result<Option<FollowUp>, StoreError> {
        let new = self.question(line, asked, ephemeral);
        let limits = &self.terms.limits;
        Ok(match questions::accept(transaction, &new, limits).await? {
            Accepted::Queued { id, .. } if ephemeral && !self.unstored.allows(&line.person) => {
                questions::withdraw(transaction, id).await?;
                Some(FollowUp::Refuse(reply::hourly_limit(limits.hourly_per_person)))
            }
            Accepted::Queued { id, .. } => {
                let message_id = &line.message.platform_message_id;
                tracing::info!(question.id = %id, message.id = message_id, "question {id} is accepted");
                Some(FollowUp::Answer)
            }
            Accepted::Known => None,
            Accepted::StillOpen => Some(FollowUp::Refuse(reply::still_open(limits.open_per_person))),
            Accepted::HourlyLimit => Some(FollowUp::Refuse(reply::hourly_limit(limits.hourly_per_person))),
            Accepted::QueueFull => Some(FollowUp::Refuse(reply::queue_full(limits.queue))),
        })
    }

    /// The question of a line, before it has a row.
    fn question<'a>(&self, line: &'a Line, asked: &'a Asked, ephemeral: bool) -> NewQuestion<'a> {
        NewQuestion {
            community: line.place.home.id,
            channel: line.place.id,
            platform: self.platform,
            platform_message_id: &line.message.platform_message_id,
            ephemeral,
            asker_hash: &line.person,
            asker_name: &line.message.author.display_name,
            text: &asked.text,
            wants_plan: asked.plan,
            reply_target: serde_json::to_value(line.target()).unwrap_or_default(),
            hold: line.put.as_ref().map_or(Duration::ZERO, |put| put.hold),
            // When it was heard, by our clock: the platform's may be far off, and people wait from now on.
            asked_at: Utc::now(),
        }
    }
}

/// Whether a line may be put to whoever reads, as far as it alone tells. All that is said in a thread of Pedro's is for it.
fn may_be_for_all(line: &Line, now: DateTime<Utc>) -> bool {
    let place = &line.place;
    // Fetched after a gap: the room has gone on.
    if (now - line.message.sent_at).to_std().is_ok_and(|age| age > ASKED_LATELY) {
        return false;
    }
    let is_there = place.chattiness() > Chattiness::Quiet && !place.own_thread;
    let is_a_person = line.message.author.kind == AuthorKind::Person;
    is_there && is_a_person && trigger::overhear::may_be_for_all(&line.message, &place.home.ear)
}
