//! Writes down what is heard, in the order in which Discord told it, off the socket's task: opens the place of a channel
//! before its first line, and finds out what was missed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pedro_core::chat::{Heard, Platform};
use pedro_core::memory::Inbox;
use pedro_core::service::metrics::{DISCORD, record};
use pedro_core::store::channel::{self, Audience};
use tokio::sync::mpsc;
use twilight_model::id::Id;
use twilight_model::id::marker::ChannelMarker;

use crate::bot::Bot;
use crate::catch_up::{self, Missed};
use crate::directory::{Known, key};
use crate::note::Note;

/// How long to wait before the database is asked again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_millis(500);

/// The side that writes them down.
pub(crate) struct Recording {
    notes: mpsc::Receiver<Note>,
    inbox: Inbox,
    /// What was last written of each channel: name, readers, community.
    written: HashMap<Id<ChannelMarker>, (String, Audience, String)>,
}

impl Recording {
    /// Feeds an inbox.
    pub(crate) fn new(notes: mpsc::Receiver<Note>, inbox: Inbox) -> Self {
        Self { notes, inbox, written: HashMap::new() }
    }

    /// Writes down until told to stop, and then what is there.
    pub(crate) async fn run(mut self, bot: Arc<Bot>) {
        let stop = bot.shutdown.token();
        loop {
            let note = tokio::select! {
                biased;
                note = self.notes.recv() => note,
                () = stop.cancelled() => None,
            };
            let Some(note) = note else { break };
            self.write(note, &bot).await;
        }
        self.notes.close();
        while let Ok(note) = self.notes.try_recv() {
            self.write(note, &bot).await;
        }
    }

    async fn write(&mut self, note: Note, bot: &Arc<Bot>) {
        self.settle(note, bot).await;
        // Only now: what waits for the database waits here too.
        record::messages_taken(DISCORD, 1);
    }

    async fn settle(&mut self, note: Note, bot: &Arc<Bot>) {
        match note {
            Note::Heard(channel, heard) => {
                // Of a channel that Discord told nothing of there is nothing to write.
                if self.open(channel, bot).await {
                    self.hear(heard);
                }
            }
            Note::Direct(channel, with, heard) => {
                let known = bot.direct(channel, with).await;
                self.open_known(&known, bot).await;
                self.hear(heard);
            }
            Note::Changed(heard) => self.hear(heard),
            Note::Channel(channel) => {
                self.open(channel, bot).await;
            }
            Note::Missed(channels) => self.find_missed(channels, bot).await,
            Note::MissedDirectly => {
                let channels = loop {
                    match pedro_core::store::channel::direct(&bot.pedro.pool, Platform::Discord).await {
                        Ok(channels) => break channels,
                        Err(_) if bot.shutdown.work_token().is_cancelled() => return,
                        Err(_) => tokio::time::sleep(RETRY_AFTER).await,
                    }
                };
                let ids = channels.iter().filter_map(|id| id.parse().ok().and_then(Id::new_checked));
                self.find_missed(ids.collect(), bot).await;
            }
        }
    }

    fn hear(&self, heard: Heard) {
        if self.inbox.put(heard).is_err() {
            tracing::warn!("the inbox is full: a message is lost");
        }
    }

    async fn open(&mut self, id: Id<ChannelMarker>, bot: &Arc<Bot>) -> bool {
        let Some(known) = bot.channel(id).await else { return false };
        self.open_known(&known, bot).await;
        true
    }

    async fn open_known(&mut self, known: &Known, bot: &Arc<Bot>) {
        let now = (known.name.clone(), known.audience.clone(), known.community.name.clone());
        if self.written.get(&known.id) == Some(&now) {
            return;
        }
        while let Err(error) = bot.pedro.places.open(&known.community, &known.seen()).await {
            tracing::warn!(%error, "a channel waits for the database");
            if bot.shutdown.work_token().is_cancelled() {
                return;
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
        self.written.insert(known.id, now);
    }

    /// Notes up to where each channel is known, before anything new of it is written, and has the rest fetched.
    async fn find_missed(&mut self, channels: Vec<Id<ChannelMarker>>, bot: &Arc<Bot>) {
        let mut missed = Vec::new();
        for id in channels {
            if !self.open(id, bot).await {
                continue;
            }
            let Some(place) = bot.pedro.places.get(&key(id)) else { continue };
            let known = loop {
                match channel::begin_fetch(&bot.pedro.pool, place.id).await {
                    Ok(known) => break known,
                    Err(_) if bot.shutdown.work_token().is_cancelled() => return,
                    Err(_) => tokio::time::sleep(RETRY_AFTER).await,
                }
            };
            let id_of = |line: Option<i64>| line.and_then(|id| u64::try_from(id).ok()).and_then(Id::new_checked);
            let (after, newest) = (id_of(known.fetch_from), id_of(known.heard_to));
            missed.push(Missed { channel: id, place: place.id, after, newest });
        }
        catch_up::start(bot, missed);
    }
}
