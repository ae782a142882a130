//! Commands of chat are carried out, and short replies said, without keeping the lines that follow waiting; privacy
//! commands before them.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;

use super::{Pedro, RETRY_AFTER, Wish};
use crate::command::{self, Obeyed, Person};
use crate::listener::Line;
use crate::reply;
use crate::service::metrics::catalog::{DropReason, ReplyKind};
use crate::service::metrics::record;
use crate::store::plan::PlanRow;
use crate::trigger::{Command, Usage};
use crate::voice::Utterance;

/// How many commands and short replies may be under way at once. One more is dropped, counted and logged: a flood of
/// commands must not pile up behind the platform's send limit.
const ERRANDS: usize = 64;

impl Pedro {
    /// Permits for [`Pedro::errands`].
    pub fn errands() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(ERRANDS))
    }

    /// Says a text to whoever wrote a line, off the ingest path.
    pub(super) fn reply(self: &Arc<Self>, line: &Line, text: String, stored: bool) {
        let (pedro, place, target) = (Arc::clone(self), Arc::clone(&line.place), line.target());
        self.errand(async move {
            let utterance = Utterance { stored, ..Utterance::reply(&place, &target, &text) };
            pedro.say(&utterance).await;
        });
    }

    /// Carries out a command, off the ingest path.
    pub(super) fn obey(self: &Arc<Self>, line: &Line, command: Command, stored: bool) {
        if line.message.author.role < command.needs() {
            return self.reply(line, reply::moderators_only(), stored);
        }
        let (pedro, line, target) = (Arc::clone(self), line.clone(), line.target());
        let began = Instant::now();
        self.errand(async move {
            let place = Arc::clone(&line.place);
            let text = match command {
                Command::Wrong => pedro.withdraw_replied(&line).await,
                Command::Forget => pedro.forget_replied(&line).await,
                Command::Help => command::help(&place, line.message.author.role),
                Command::Retry => pedro.grant_last(|_| Some(Wish::Retry), &line.message.author, &place).await,
                Command::Mark { number, event } => {
                    let wish = |plan: Option<&PlanRow>| {
                        let row = plan?.steps.get(usize::from(number).checked_sub(1)?)?;
                        Some(Wish::Mark { step: row.step.id.clone(), event })
                    };
                    pedro.grant_last(wish, &line.message.author, &place).await
                }
                _ => pedro.carry_out(&command, &place).await,
            };
            let utterance = Utterance { stored, ..Utterance::reply(&place, &target, &text) };
            pedro.say(&utterance).await;
            record::replied(pedro.platform.as_str(), ReplyKind::Command, began.elapsed());
        });
    }

    /// Carries out a privacy command before anything that was said after it is stored; waits for the database as lines
    /// do. The answer is not stored.
    pub(super) async fn obey_privacy(self: &Arc<Self>, line: Line, command: Result<Command, Usage>) {
        let obeyed = match &command {
            Err(usage) => Obeyed { text: reply::usage(&usage.usage), ..Obeyed::default() },
            Ok(command) => self.obey_privacy_patiently(&line, command).await,
        };
        self.clear_away(obeyed.seen);
        self.reply(&line, obeyed.text, false);
    }

    async fn obey_privacy_patiently(&self, line: &Line, command: &Command) -> Obeyed {
        let author = &line.message.author;
        let person = Person { platform: self.platform, platform_user_id: &author.platform_user_id, hash: &line.person };
        loop {
            match command::obey_privacy(command, &person, &self.pool).await {
                Ok(obeyed) => return obeyed,
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, command = command.name(), "a privacy command waits for the database");
                }
                Err(error) => {
                    tracing::error!(%error, command = command.name(), "a privacy command failed");
                    return Obeyed { text: reply::command_failed(), ..Obeyed::default() };
                }
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    pub(super) fn errand(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(permit) = Arc::clone(&self.errands).try_acquire_owned() else {
            record::messages_dropped(self.platform.as_str(), DropReason::Busy, 1);
            tracing::warn!("too many commands are under way: one is dropped");
            return;
        };
        self.shutdown.spawn("errand", async move {
            work.await;
            drop(permit);
        });
    }

    pub(super) async fn say(&self, utterance: &Utterance<'_>) {
        if let Err(error) = self.voice.say(utterance).await {
            tracing::warn!(%error, "a reply was not sent");
        }
    }
}
