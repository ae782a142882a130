//! What happens because time passes: answers that do not come, heartbeats that stop, sessions nobody comes back to.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Discord;
use super::interaction::InteractionState;
use super::snowflake::Snowflake;
use super::world::World;

/// How often is looked.
const TICK: Duration = Duration::from_millis(20);
/// Heartbeats that a bot may be late, so that a busy machine is not taken for a dead bot.
const HEARTBEATS_LATE: u32 = 2;

impl Discord {
    /// Lets time pass until `shutdown`.
    pub(crate) async fn keep_time(self, shutdown: CancellationToken) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let now = Instant::now();
            if self.read(|world| world.is_overdue(now)) {
                self.update(|world| world.time_passed(now));
            }
        }
    }
}

impl World {
    /// Whether something waited too long.
    fn is_overdue(&self, now: Instant) -> bool {
        !self.unanswered(now).is_empty() || self.has_dead_connection(now) || self.has_dead_session(now)
    }

    fn time_passed(&mut self, now: Instant) {
        for id in self.unanswered(now) {
            self.fail_interaction(id);
        }
        for id in self.gateway.ids() {
            let dead = self.gateway.get(id).is_some_and(|open| now.duration_since(open.heartbeat) >= self.patience());
            if dead && !self.gateway.is_silent() {
                let session = self.gateway.get(id).and_then(|open| open.session.clone());
                self.gateway.close(id, 4009, "Session timed out.");
                self.gateway.sessions.retain(|id, _| Some(id) != session.as_ref());
                self.tell_connections();
            }
        }
        let lifetime = self.gateway.session_lifetime;
        self.gateway
            .sessions
            .retain(|_, session| session.connection.is_some() || now.duration_since(session.lost) < lifetime);
    }

    fn unanswered(&self, now: Instant) -> Vec<Snowflake> {
        let late = |created: Instant| now.duration_since(created) >= self.answer_within;
        let interactions = self.interactions.values().rev().take_while(|interaction| {
            // Older ones have been looked at; those that are answered cost nothing to pass.
            now.duration_since(interaction.created) < self.answer_within * 4 + Duration::from_secs(60)
        });
        interactions
            .filter(|interaction| interaction.state == InteractionState::Waiting && late(interaction.created))
            .map(|interaction| interaction.id)
            .collect()
    }

    fn patience(&self) -> Duration {
        self.gateway.heartbeat_interval * HEARTBEATS_LATE
    }

    fn has_dead_connection(&self, now: Instant) -> bool {
        let dead = |open: &super::sessions::Connection| now.duration_since(open.heartbeat) >= self.patience();
        !self.gateway.is_silent() && self.gateway.ids().into_iter().filter_map(|id| self.gateway.get(id)).any(dead)
    }

    fn has_dead_session(&self, now: Instant) -> bool {
        let lifetime = self.gateway.session_lifetime;
        let mut sessions = self.gateway.sessions.values();
        sessions.any(|session| session.connection.is_none() && now.duration_since(session.lost) >= lifetime)
    }
}
