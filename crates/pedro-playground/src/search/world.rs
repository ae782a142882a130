//! The state of the stand-in web: one value behind one mutex.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::event::Event;
use super::index;
use super::invented;
use super::page::Page;
use super::provider::Provider;
use super::trouble::{Misbehaviour, Trouble};

/// Requests kept for looking at; the oldest go first.
const REQUESTS_KEPT: usize = 20_000;
/// Events that a slow page may be behind; further behind it is told to read everything again.
const EVENTS_BEHIND: usize = 1_024;

/// The status of a request that has no answer: not yet, or because the connection broke off, or whoever asked went away.
pub const UNANSWERED: u16 = 0;

/// Everything there is.
#[derive(Debug)]
pub(super) struct World {
    /// Tells this run of the playground from another.
    pub(super) run: Uuid,
    pub(super) pages: Vec<Page>,
    pub(super) misbehaviour: BTreeMap<Provider, Misbehaviour>,
    pub(super) searxng_json: bool,
    /// The only token that is good for Brave; `None` where any is.
    pub(super) brave_token: Option<String>,
    pub(super) requests: VecDeque<Request>,
    /// Requests so far, also those that are no longer kept.
    asked: u64,
    events: broadcast::Sender<Event>,
}

/// A request that somebody made.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Request {
    /// Counted from 1.
    pub number: u64,
    /// Who was asked.
    pub provider: Provider,
    /// What for; of a trap, its address.
    pub query: String,
    /// What it was answered with; [`UNANSWERED`] where it was not, or not yet.
    pub status: u16,
    /// When it came.
    pub at: DateTime<Utc>,
}

/// What is to happen to a request that has come.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) number: u64,
    pub(super) trouble: Option<Trouble>,
    pub(super) delay: Duration,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            run: Uuid::new_v4(),
            pages: invented::pages(),
            misbehaviour: BTreeMap::new(),
            searxng_json: true,
            brave_token: None,
            requests: VecDeque::new(),
            asked: 0,
            events: broadcast::channel(EVENTS_BEHIND).0,
        }
    }

    pub(super) fn find(&self, query: &str) -> Vec<Page> {
        index::find(&self.pages, query).into_iter().cloned().collect()
    }

    pub(super) fn misbehaviour(&mut self, provider: Provider) -> &mut Misbehaviour {
        self.misbehaviour.entry(provider).or_default()
    }

    /// Notes a request as it comes: whoever goes away before the answer has asked all the same.
    pub(super) fn arrive(&mut self, provider: Provider, query: String) -> Arrived {
        self.asked += 1;
        let request = Request { number: self.asked, provider, query, status: UNANSWERED, at: Utc::now() };
        if self.requests.len() == REQUESTS_KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(request.clone());
        self.tell(Event::Request { request });
        let misbehaviour = self.misbehaviour(provider);
        let (trouble, delay) = (misbehaviour.next.pop_front(), misbehaviour.delay);
        if trouble.is_some() {
            self.tell_state();
        }
        Arrived { number: self.asked, trouble, delay }
    }

    /// Notes how a request was answered.
    pub(super) fn answered(&mut self, number: u64, status: u16) {
        let Some(request) = self.requests.iter_mut().rev().find(|request| request.number == number) else { return };
        request.status = status;
        let request = request.clone();
        self.tell(Event::Request { request });
    }

    pub(super) fn tell_state(&self) {
        self.tell(Event::State);
    }

    /// Tells the pages; nobody looking is no error.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    pub(super) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}
