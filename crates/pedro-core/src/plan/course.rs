//! What happens next in a plan. Pure: who runs it applies the moves, and asks again after whatever ends.

use super::{Action, OnFailure, Plan, Step, StepStatus};

/// How often a plan is replaced by a new one because a step failed.
pub const MOST_REPLANS: usize = 2;

/// What happens next.
#[derive(Debug, Clone, PartialEq)]
pub enum Course<'a> {
    /// These moves, skips first, then all starts side by side. Never empty.
    Go(Vec<Move<'a>>),
    /// Nothing until one of the steps that are under way has ended.
    Wait,
    /// A new plan, with what is known by now: nothing is under way any more. If none can be made, ask again with
    /// [`MOST_REPLANS`] made, and the plan goes on as if `because` said `continue`.
    Replan {
        /// The step whose failure asks for it.
        because: &'a Step,
    },
    /// Every step is over.
    Ended(End<'a>),
}

/// What to do with one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Move<'a> {
    /// It begins.
    Start(&'a Step),
    /// It never does.
    Skip(&'a Step),
}

/// How a plan ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End<'a> {
    /// With an answer.
    Answered,
    /// Because this step failed, and nothing makes sense without it.
    Stopped(&'a Step),
    /// Without an answer: the last step failed, or was never begun.
    Unanswered,
}

/// What happens next, given where each step stands, in the plan's order (what is missing is pending), and how many new
/// plans were tried before this one.
///
/// - A step begins when all that it waits for is over, however that ended, and its condition holds; if it does not hold,
///   the step is skipped. The answer begins when everything else is over, and has no condition.
/// - After a failure with `stop` whatever is pending is skipped, what is under way ends, and the plan has failed.
/// - After a failure with `replan` nothing more begins, what is under way ends, and a new plan is wanted.
pub fn next_moves<'a>(plan: &'a Plan, statuses: &[StepStatus], replans: usize) -> Course<'a> {
    let mut standing = Standing::new(plan, statuses);
    let is_over = standing.now.iter().all(|status| status.is_over());
    let stop = standing.failed(OnFailure::Stop).filter(|_| !standing.is_answered());
    let replan = standing.failed(OnFailure::Replan).filter(|_| replans < MOST_REPLANS && !is_over);
    let moves = match (stop, replan) {
        (Some(_), _) => standing.skips(),
        (None, Some(_)) => Vec::new(),
        (None, None) => standing.moves(),
    };
    if !moves.is_empty() {
        return Course::Go(moves);
    }
    if standing.now.contains(&StepStatus::Running) {
        return Course::Wait;
    }
    match (stop, replan) {
        (Some(step), _) => Course::Ended(End::Stopped(step)),
        (None, Some(because)) => Course::Replan { because },
        (None, None) if standing.is_answered() => Course::Ended(End::Answered),
        (None, None) => Course::Ended(End::Unanswered),
    }
}

/// A plan and where each of its steps stands.
struct Standing<'a> {
    plan: &'a Plan,
    now: Vec<StepStatus>,
}

impl<'a> Standing<'a> {
    fn new(plan: &'a Plan, statuses: &[StepStatus]) -> Self {
        let all = statuses.iter().copied().chain(std::iter::repeat(StepStatus::Pending));
        Self { plan, now: all.take(plan.steps.len()).collect() }
    }

    fn steps(&self) -> impl Iterator<Item = (&'a Step, StepStatus)> {
        self.plan.steps.iter().zip(self.now.iter().copied())
    }

    fn is_answered(&self) -> bool {
        self.steps().any(|(step, status)| step.action == Action::ReturnResponse && status == StepStatus::Succeeded)
    }

    /// The first step that failed with these consequences. There is nothing to do about an answer that failed.
    fn failed(&self, consequence: OnFailure) -> Option<&'a Step> {
        let mut failed = self.steps().filter(|(_, status)| *status == StepStatus::Failed).map(|(step, _)| step);
        failed.find(|step| step.on_failure == consequence && step.action != Action::ReturnResponse)
    }

    fn skips(&self) -> Vec<Move<'a>> {
        let pending = self.steps().filter(|(_, status)| *status == StepStatus::Pending);
        pending.map(|(step, _)| Move::Skip(step)).collect()
    }

    /// In the plan's order, so that a skip counts for the steps after it at once.
    fn moves(&mut self) -> Vec<Move<'a>> {
        let mut moves = Vec::new();
        for (at, step) in self.plan.steps.iter().enumerate() {
            if self.now[at] != StepStatus::Pending {
                continue;
            }
            let next = self.move_of(at, step);
            if let Some(Move::Skip(_)) = next {
                self.now[at] = StepStatus::Skipped;
            }
            moves.extend(next);
        }
        moves
    }

    fn move_of(&self, at: usize, step: &'a Step) -> Option<Move<'a>> {
        if step.action == Action::ReturnResponse {
            let alone = self.now.iter().enumerate().all(|(other, status)| other == at || status.is_over());
            return alone.then_some(Move::Start(step));
        }
        let when = step.when.as_ref();
        let mut awaited = step.depends_on.iter().chain(when.map(|when| &when.step));
        if awaited.any(|name| self.before(at, name).is_some_and(|status| !status.is_over())) {
            return None;
        }
        let holds = when.is_none_or(|when| self.before(at, &when.step) == Some(when.status));
        Some(if holds { Move::Start(step) } else { Move::Skip(step) })
    }

    /// Where an earlier step stands. Only earlier ones are waited for: so nothing is waited for for ever.
    fn before(&self, at: usize, name: &str) -> Option<StepStatus> {
        self.steps().take(at).find(|(step, _)| step.id == name).map(|(_, status)| status)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn step(id: &str, depends_on: &[&str], more: Value) -> Value {
        let mut step =
            json!({"id": id, "action": "web_search", "params": {}, "depends_on": depends_on, "on_failure": "continue"});
        let Value::Object(more) = more else { unreachable!() };
        step.as_object_mut().unwrap().extend(more);
        step
    }

    /// s1 and s2 side by side, s3 after s1, s4 if s2 failed, and the answer.
    fn plan(first: Value) -> Plan {
        let when = json!({"when": {"step": "s2", "status": "failed"}});
        let answer = json!({"action": "return_response"});
        let steps = [
            step("s1", &[], first),
            step("s2", &[], json!({})),
            step("s3", &["s1"], json!({})),
            step("s4", &["s2"], when),
            step("s5", &["s1", "s2", "s3", "s4"], answer),
        ];
        serde_json::from_value(json!({"steps": steps})).unwrap()
    }

    /// `p`ending, `r`unning, `s`ucceeded, `f`ailed, `-` skipped, `x` redundant.
    fn statuses(short: &str) -> Vec<StepStatus> {
        let status = |c| match c {
            'p' => StepStatus::Pending,
            'r' => StepStatus::Running,
            's' => StepStatus::Succeeded,
            'f' => StepStatus::Failed,
            '-' => StepStatus::Skipped,
            'x' => StepStatus::Redundant,
            _ => unreachable!("{c}"),
        };
        short.chars().map(status).collect()
    }

    fn told(course: &Course<'_>) -> String {
        match course {
            Course::Go(moves) => {
                let told = moves.iter().map(|next| match next {
                    Move::Start(step) => format!("start {}", step.id),
                    Move::Skip(step) => format!("skip {}", step.id),
                });
                told.collect::<Vec<_>>().join(", ")
            }
            Course::Wait => "wait".to_owned(),
            Course::Replan { because } => format!("replan because of {}", because.id),
            Course::Ended(End::Answered) => "answered".to_owned(),
            Course::Ended(End::Stopped(step)) => format!("stopped by {}", step.id),
            Course::Ended(End::Unanswered) => "unanswered".to_owned(),
        }
    }

    fn check(plan: &Plan, replans: usize, expected: &[(&str, &str)]) {
        for (short, what) in expected {
            assert_eq!(&told(&next_moves(plan, &statuses(short), replans)), what, "{short}");
        }
    }

    #[test]
    fn what_waits_for_nothing_starts_side_by_side_and_the_rest_as_soon_as_it_can() {
        let table = [
            ("", "start s1, start s2"),
            ("ppppp", "start s1, start s2"),
            ("rrppp", "wait"),
            ("srppp", "start s3"),
            ("frppp", "start s3"),
            ("-rppp", "start s3"),
            ("xrppp", "start s3"),
            ("srrpp", "wait"),
            ("rsppp", "skip s4"),
            ("rfppp", "start s4"),
            ("ss-pp", "skip s4, start s5"),
            ("sfspp", "start s4"),
            ("sfsrp", "wait"),
            ("sfsfp", "start s5"),
            ("sssrr", "wait"),
            ("sss-r", "wait"),
            ("sss-s", "answered"),
            ("sss-f", "unanswered"),
            ("-----", "unanswered"),
        ];
        check(&plan(json!({})), 0, &table);
    }

    #[test]
    fn after_a_failure_with_stop_the_rest_is_skipped_and_the_plan_has_failed() {
        let table = [
            ("frppp", "skip s3, skip s4, skip s5"),
            ("fr---", "wait"),
            ("fs---", "stopped by s1"),
            ("srppp", "start s3"),
            ("fss-p", "skip s5"),
            // The answer was there before somebody marked the step.
            ("fss-s", "answered"),
        ];
        check(&plan(json!({"on_failure": "stop"})), 0, &table);
    }

    #[test]
    fn after_a_failure_with_replan_what_is_under_way_ends_and_a_new_plan_is_wanted() {
        let plan = plan(json!({"on_failure": "replan"}));
        let table = [
            ("frppp", "wait"),
            ("fsppp", "replan because of s1"),
            ("fss-p", "replan because of s1"),
            ("fss-s", "answered"),
            ("srppp", "start s3"),
        ];
        check(&plan, 1, &table);
        check(&plan, MOST_REPLANS, &[("frppp", "start s3"), ("fsspp", "skip s4, start s5"), ("fss-f", "unanswered")]);
    }

    #[test]
    fn stop_goes_before_replan() {
        let mut plan = plan(json!({"on_failure": "replan"}));
        plan.steps[1].on_failure = OnFailure::Stop;
        check(&plan, 0, &[("ffppp", "skip s3, skip s4, skip s5"), ("ff---", "stopped by s2")]);
    }

    #[test]
    fn an_answer_that_fails_is_neither_stopped_by_nor_planned_anew() {
        for consequence in [OnFailure::Stop, OnFailure::Replan] {
            let mut plan = plan(json!({}));
            plan.steps[4].on_failure = consequence;
            check(&plan, 0, &[("sss-f", "unanswered")]);
        }
    }

    #[test]
    fn a_condition_on_a_step_that_was_skipped_holds_if_it_asks_for_that() {
        let mut plan = plan(json!({}));
        plan.steps[2].when = Some(super::super::When { step: "s1".to_owned(), status: StepStatus::Skipped });
        check(&plan, 0, &[("-rppp", "start s3"), ("srppp", "skip s3")]);
    }
}
