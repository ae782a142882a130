//! A question that is planned: the plan is made, shown while it is carried out, and answered from.

use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Pedro;
use super::ask::Asked;
use super::wish;
use crate::answer::Found;
use crate::chat::{PlanId, QuestionId};
use crate::places::Place;
use crate::plan::executor::Outcome;
use crate::plan::{Origin, PlanStatus};
use crate::question::Failure;
use crate::reply;
use crate::service::metrics::record;
use crate::speech::{Controls, File, NotSpoken, can_edit};
use crate::store::StoreError;
use crate::store::plan::{self as plans, PlanRow};
use crate::store::question as questions;

/// How often a plan is shown anew: Discord takes five edits in five seconds, and other messages want to pass.
const SHOW_EVERY: Duration = Duration::from_millis(1_100);

/// Why the end of a plan was not shown.
#[derive(Debug, thiserror::Error)]
enum Unshown {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Platform(#[from] NotSpoken),
}

impl Pedro {
    /// Whether a question is answered by a plan: it was begun so, it was asked for, or the model judges that it needs one.
    pub(super) async fn is_planned(&self, asked: Asked<'_>, stop: &CancellationToken) -> Result<bool, Failure> {
        let question = asked.question;
        if question.origin.is_unasked() {
            return Ok(false);
        }
        let planning = questions::planning(&self.pool, question.id).await?;
        if planning.is_planned || !planning.is_agentic {
            return Ok(planning.is_planned);
        }
        Ok(question.wants_plan || self.planner.judges_that_it_needs_one(question, stop).await?)
    }

    /// Makes a plan unless there is one, carries it out, and makes the answer.
    pub(super) async fn answer_by_plan(&self, asked: Asked<'_>, stop: &CancellationToken) -> Result<String, Failure> {
        let question = asked.question;
        loop {
            let rows = self.plans_of(question.id).await?;
            let plan = match rows.last().filter(|row| row.status == PlanStatus::Running) {
                Some(row) => row.id,
                None => self.make_plan(asked, &rows, stop).await?,
            };
            let rows = self.plans_of(question.id).await?;
            let replans = rows.iter().rev().take_while(|row| row.origin == Origin::Replan).count();
            match self.carry_out_shown(asked, plan, replans, stop).await? {
                Outcome::Answer => break,
                Outcome::Replan => self.close_plan(plan, PlanStatus::Replaced).await?,
                Outcome::Stopped => {
                    self.close_plan(plan, PlanStatus::Failed).await?;
                    return Err(Failure::PlanStopped);
                }
            }
        }
        let rows = self.plans_of(question.id).await?;
        let sources = plans::sources(&self.pool, &Found::plans(&rows)).await?;
        let found = Found::of(&rows, sources);
        self.answering.make(question, asked.place, found.as_ref(), stop, None).await
    }

    /// A new plan; after one that was replaced because of a failed step, with what is known by then.
    async fn make_plan(&self, asked: Asked<'_>, rows: &[PlanRow], stop: &CancellationToken) -> Result<PlanId, Failure> {
        let (known, origin) = match rows.last().map(|row| row.status) {
            None => (Vec::new(), None),
            Some(PlanStatus::Replaced) => {
                let found = Found::of(rows, Vec::new());
                (found.map_or_else(Vec::new, |found| found.results), Some(Origin::Replan))
            }
            Some(_) => (Vec::new(), Some(Origin::Retry)),
        };
        if can_edit(self.platform) {
            self.show_plan_text(asked, &reply::plan::planning(), wish::while_running(asked.question.id)).await;
        }
        let plan = self.planner.plan(asked.question, asked.place, &known, origin, stop).await?;
        if !can_edit(self.platform) && origin != Some(Origin::Replan) {
            self.tell_plan(asked).await?;
        }
        Ok(plan)
    }

    /// The one line that chat without editable messages gets of a plan; the overlay shows the rest.
    async fn tell_plan(&self, asked: Asked<'_>) -> Result<(), Failure> {
        questions::note_acknowledged(&self.pool, asked.question.id).await?;
        let rows = self.plans_of(asked.question.id).await?;
        let Some(row) = rows.last() else { return Ok(()) };
        let links_allowed = asked.place.home.settings.links_allowed;
        let link = if links_allowed { self.workflow_link(asked.question.workflow_id) } else { None };
        // The plan goes on, seen or not.
        let _logged = self.tell(asked, &reply::plan::made(row, link.as_deref()), None).await;
        Ok(())
    }

    /// Carries a plan out; where messages can be edited, people see each step change.
    async fn carry_out_shown(
        &self,
        asked: Asked<'_>,
        plan: PlanId,
        replans: usize,
        stop: &CancellationToken,
    ) -> Result<Outcome, Failure> {
        let (changed, seen) = watch::channel(0);
        let work = async move { self.executor.run(asked.question, asked.place, plan, replans, stop, &changed).await };
        if !can_edit(self.platform) {
            return work.await;
        }
        // It ends with the work, when the last change is shown.
        tokio::join!(work, self.show_changes(asked, seen)).0
    }

    async fn show_changes(&self, asked: Asked<'_>, mut seen: watch::Receiver<u64>) {
        while seen.changed().await.is_ok() {
            let began = Instant::now();
            seen.mark_unchanged();
            if let Ok(rows) = self.plans_of(asked.question.id).await
                && let Some(row) = rows.last()
            {
                let link = self.workflow_link(asked.question.workflow_id);
                let text = reply::plan::shown(row, link.as_deref());
                self.show_plan_text(asked, &text, wish::while_running(asked.question.id)).await;
            }
            let rest = SHOW_EVERY.saturating_sub(began.elapsed());
            let mut last = seen.clone();
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                // No pause once all is done.
                () = async { while last.changed().await.is_ok() {} } => {}
            }
        }
    }

    async fn show_plan_text(&self, asked: Asked<'_>, text: &str, controls: Controls) {
        let Asked { question, place, target } = asked;
        if let Err(error) = self.voice.show(question.id, place, target, text, controls).await {
            tracing::debug!(%error, question.id = %question.id, "a change of a plan was not shown");
        }
    }

    /// The last look of a question's plan: how each step ended, and what can be done about it. Best effort.
    pub(super) async fn show_ended_plan(&self, question: QuestionId, place: &Place) {
        if let Err(error) = self.try_show_ended_plan(question, place).await {
            tracing::warn!(%error, question.id = %question, "the end of a plan was not shown");
        }
    }

    async fn try_show_ended_plan(&self, question: QuestionId, place: &Place) -> Result<(), Unshown> {
        let rows = self.plans_of(question).await?;
        let shown = questions::shown(&self.pool, question).await?;
        let message = shown.and_then(|shown| shown.platform_message_id).filter(|_| can_edit(self.platform));
        let (Some(row), Some(message)) = (rows.last(), message) else { return Ok(()) };
        let view = crate::workflow::of_question(&self.pool, question).await?;
        let link = view.as_ref().and_then(|view| self.workflow_link(view.id));
        // Without an address that people can open, the page comes as a file.
        let file = view
            .as_ref()
            .filter(|_| link.is_none())
            .map(|view| File { name: "workflow.html".to_owned(), text: crate::page::workflow_file(view, Utc::now()) });
        let text = reply::plan::shown(row, link.as_deref());
        self.voice.change(place, &message, &text, wish::when_over(question, row), file).await?;
        Ok(())
    }

    pub(super) async fn plans_of(&self, question: QuestionId) -> Result<Vec<PlanRow>, StoreError> {
        plans::of_question(&mut *self.pool.acquire().await?, question).await
    }

    async fn close_plan(&self, plan: PlanId, status: PlanStatus) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        plans::close(&mut transaction, plan, status).await?;
        transaction.commit().await?;
        record::plans(status, 1);
        Ok(())
    }

    /// Where people find a question's workflow page; `None` without a public address.
    pub(crate) fn workflow_link(&self, id: uuid::Uuid) -> Option<String> {
        let base = self.public_url.as_ref()?;
        Some(format!("{}/workflows/{id}", base.as_str().trim_end_matches('/')))
    }
}
