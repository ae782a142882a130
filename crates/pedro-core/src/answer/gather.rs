//! Everything that bears on a question, as a prompt.

use chrono::{DateTime, Utc};

use super::past_titles::past_titles;
use super::{Answering, Found};
use crate::chat::{AuthorKind, MessageId, Platform};
use crate::memory::Recall;
use crate::places::Place;
use crate::prompt::{self, AnswerInput, LinkNote, NoteLine, Prompt, TitleNote};
use crate::question::Failure;
use crate::store::message::{self, MessageRow};
use crate::store::question::{Origin, Question};
use crate::store::{StoreError, event_switch, stream_title, trained_prompt};

/// Hits that are looked for: what does not fit into the prompt is left out, worst first.
const HITS: usize = 12;

/// Lines shown before and after a hit.
const AROUND: i64 = 2;

/// The last lines of the channel that are shown with a question, and how old they may be.
const THREAD_LINES: i64 = 6;
const THREAD_MINUTES: i64 = 30;

/// The same in a thread that Pedro opened, and in direct messages.
const OWN_THREAD_LINES: i64 = 16;

/// Links offered to the model.
const LINKS: i64 = 2;

/// The longest prompt, in tokens: a small model on a CPU reads some hundreds a second.
const LONGEST_PROMPT: usize = 2_000;

/// A prompt and the messages that it quotes.
pub(super) struct Gathered {
    pub(super) prompt: Prompt,
    pub(super) sources: Vec<MessageId>,
}

impl Answering {
    /// Everything that bears on a question, within the prompt's budget.
    pub(super) async fn gather(
        &self,
        question: &Question,
        place: &Place,
        found: Option<&Found>,
    ) -> Result<Gathered, Failure> {
        let (home, now) = (&place.home, Utc::now());
        let zone = home.settings.time_zone;
        let asked = message::find(&self.pool, place.key.platform, &question.platform_message_id).await?;
        let recall = Recall {
            community: home.id,
            place: Some(place.id),
            question: &question.text,
            now,
            zone,
            exclude: asked,
            count: HITS,
            weights: Default::default(),
        };
        // A thread of Pedro's is one conversation, however long it pauses.
        let (since, lines) = match place.own_thread {
            true => (DateTime::UNIX_EPOCH, OWN_THREAD_LINES),
            false => (question.asked_at - chrono::Duration::minutes(THREAD_MINUTES), THREAD_LINES),
        };
        // A plan searches memory where it wants to: what somebody marked as not needed does not come back.
        let recalling = async {
            match found {
                None => Ok(self.retriever.recall(&recall).await?.hits),
                Some(_) => Ok(Vec::new()),
            }
        };
        // Nor what its query of the titles brought.
        let earlier = async {
            match found {
                None => past_titles(&self.pool, home.id, &question.text, now, zone).await,
                Some(_) => Ok(Vec::new()),
            }
        };
        let linking = async {
            match links_allowed(place) {
                true => self.retriever.links(home.id, &question.text, LINKS).await,
                false => Ok(Vec::new()),
            }
        };
        let (hits, title, titles, links, thread, taught, switches) = tokio::try_join!(
            recalling,
            stream_title::current(&self.pool, home.id, place.id),
            earlier,
            linking,
            message::latest(&self.pool, place.id, since, asked, lines),
            self.taught(question),
            event_switch::of_community(&self.pool, home.id),
        )?;
        let windows = self.retriever.windows(&hits, AROUND).await?;
        let is_asked = |line: &&MessageRow| Some(line.id) != asked;
        let windows: Vec<Vec<MessageRow>> =
            windows.into_iter().map(|window| window.lines.iter().filter(is_asked).cloned().collect()).collect();
        let platform = place.key.platform;
        let prompt = prompt::answer_messages(&AnswerInput {
            persona: &home.persona,
            platform,
            links_allowed: links_allowed(place),
            now,
            zone,
            title: title.map(|title| TitleNote {
                title: title.title,
                category: title.category,
                live: title.live,
                since: title.began_at,
            }),
            titles,
            event: self.events.lines(&home.settings.name, &switches, now),
            windows: windows.iter().map(|lines| lines.iter().map(note).collect()).collect(),
            results: found.map_or_else(Vec::new, |found| found.results.clone()),
            taught,
            to_the_room: question.origin == Origin::Overheard,
            links: links
                .into_iter()
                .map(|link| LinkNote { name: link.name, url: link.url, description: link.description })
                .collect(),
            thread: thread.iter().map(note).collect(),
            asker: &question.asker_name,
            question: &question.text,
            budget_tokens: self.budget(),
        });
        let used_windows = windows.iter().take(prompt.used_windows).flatten();
        let used_thread = thread.iter().rev().take(prompt.used_thread);
        let mut sources: Vec<MessageId> = used_windows.chain(used_thread).map(|line| line.id).chain(asked).collect();
        sources.extend(found.iter().flat_map(|found| found.sources.iter().copied()));
        sources.sort();
        sources.dedup();
        Ok(Gathered { prompt, sources })
    }

    /// What Pedro was taught to answer to a question: that of the trained prompt that it was taken for, or that is like it.
    async fn taught(&self, question: &Question) -> Result<Option<String>, StoreError> {
        if let Some(prompt) = question.trained_prompt {
            return trained_prompt::answer(&self.pool, prompt).await;
        }
        let near = self.prompts.near_text(question.community_id, &question.text).await?;
        Ok(near.into_iter().next().filter(|best| best.matches).map(|best| best.fit.answer))
    }

    fn budget(&self) -> usize {
        let room = self.sizes.context.saturating_sub(self.sizes.max_tokens) as usize;
        room.min(LONGEST_PROMPT)
    }
}

pub(super) fn links_allowed(place: &Place) -> bool {
    place.key.platform != Platform::Twitch || place.home.settings.links_allowed
}

fn note(line: &MessageRow) -> NoteLine {
    // Pedro's own lines and other bots' are the thread of a talk, never the source of a fact: the reader is told.
    let author = match line.author_kind {
        AuthorKind::Person => line.author.clone(),
        AuthorKind::Pedro => "Pedro (you)".to_owned(),
        AuthorKind::Bot => format!("{} (a bot)", line.author),
    };
    NoteLine { author, sent_at: line.sent_at, text: line.text.clone() }
}
