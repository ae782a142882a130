//! Questions with plans, as Pedro's streamer might see them.

use chrono::{DateTime, TimeDelta, Utc};
use pedro_core::page::view::{AttemptStatus, AttemptView, Origin, QuestionState, StepView, WorkflowView};
use pedro_core::plan::{Action, Citation, OnFailure, StepStatus, When};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use Action::{ApiCall, DbQuery, ReferenceCheck, ReturnResponse, WebSearch};
pub(crate) use StepStatus::{Failed, Pending, Redundant, Running, Skipped, Succeeded};

pub(crate) fn ago(seconds: f64) -> DateTime<Utc> {
    let milliseconds = (seconds * 1000.0) as i64;
    Utc::now() - TimeDelta::milliseconds(milliseconds)
}

/// A question without a plan, asked so many seconds ago.
pub(crate) fn question(text: &str, seconds: f64) -> WorkflowView {
    WorkflowView {
        id: Uuid::new_v4(),
        question: text.to_owned(),
        asker: Some("gopher_gwen".to_owned()),
        community: "SoyPeteTech".to_owned(),
        channel: "#pedro-lab".to_owned(),
        asked_at: ago(seconds),
        ended_at: None,
        state: QuestionState::Planning,
        answer: None,
        attempts: Vec::new(),
    }
}

pub(crate) fn attempt(number: u32, origin: Origin, seconds: f64, steps: Vec<StepView>) -> AttemptView {
    AttemptView { number, origin, status: AttemptStatus::Running, steps, began_at: ago(seconds), ended_at: None }
}

/// A step that nobody has begun.
pub(crate) fn step(id: &str, action: Action, params: Value, after: &[&str]) -> StepView {
    StepView {
        id: id.to_owned(),
        action,
        params: params.as_object().cloned().unwrap_or_default(),
        depends_on: after.iter().map(|&id| id.to_owned()).collect(),
        on_failure: OnFailure::Continue,
        when: None,
        status: Pending,
        result: None,
        note: None,
        citations: Vec::new(),
        began_at: None,
        ended_at: None,
        marked_by_person: false,
    }
}

/// Verbs that make a step what it came to.
pub(crate) trait Went: Sized {
    /// Begun and ended so many seconds ago.
    fn went(self, status: StepStatus, began: f64, ended: f64) -> Self;
    fn since(self, began: f64) -> Self;
    fn brought(self, result: &str) -> Self;
    fn noted(self, note: &str) -> Self;
    fn citing(self, title: &str, url: Option<&str>) -> Self;
    fn only_if(self, step: &str, status: StepStatus) -> Self;
}

impl Went for StepView {
    fn went(self, status: StepStatus, began: f64, ended: f64) -> Self {
        Self { status, began_at: Some(ago(began)), ended_at: Some(ago(ended)), ..self }
    }

    fn since(self, began: f64) -> Self {
        Self { status: Running, began_at: Some(ago(began)), ..self }
    }

    fn brought(self, result: &str) -> Self {
        Self { result: Some(result.to_owned()), ..self }
    }

    fn noted(self, note: &str) -> Self {
        Self { note: Some(note.to_owned()), ..self }
    }

    fn citing(mut self, title: &str, url: Option<&str>) -> Self {
        self.citations.push(Citation { title: title.to_owned(), url: url.map(str::to_owned) });
        self
    }

    fn only_if(self, step: &str, status: StepStatus) -> Self {
        Self { when: Some(When { step: step.to_owned(), status }), ..self }
    }
}

/// Three searches side by side; one has its result.
pub(crate) fn side_by_side() -> WorkflowView {
    let steps = vec![
        step("s1", ReferenceCheck, json!({"query": "what did we say about generics in Go?"}), &[])
            .went(Succeeded, 9.2, 6.4)
            .brought(
                "gopher_gwen, 11 November: generics are great for containers, not for everything\n\
                 miriah, 11 November: I still reach for interfaces first",
            )
            .citing("miriah in #pedro-lab, 11 November", Some("https://discord.com/channels/1/2/3")),
        step("s2", WebSearch, json!({"query": "Go 1.26 generics improvements release notes", "limit": 5}), &[])
            .since(9.2),
        step("s3", DbQuery, json!({"name": "stream_titles", "days": 30}), &[]).since(9.2),
        step("s4", ApiCall, json!({"tool": "openai", "query": "Summarise: ${s2}"}), &["s2"]),
        step("s5", ReturnResponse, json!({}), &["s1", "s3", "s4"]),
    ];
    WorkflowView {
        state: QuestionState::Running,
        attempts: vec![attempt(1, Origin::Model, 9.3, steps)],
        ..question("What is new with generics in Go 1.26, and what did we think of them on stream?", 12.0)
    }
}

/// A search that failed, another way that was taken because of it, and an answer.
pub(crate) fn with_a_failure() -> WorkflowView {
    let steps = vec![
        step("s1", WebSearch, json!({"query": "Utah Go user group next meetup"}), &[])
            .went(Failed, 24.0, 16.0)
            .noted("The search took too long, twice. The answer is made without it."),
        step("s2", DbQuery, json!({"name": "links", "word": "meetup"}), &[])
            .went(Succeeded, 24.0, 23.7)
            .brought("Utah Go User Group: https://www.meetup.com/utah-go-user-group"),
        step("s3", ApiCall, json!({"tool": "wikipedia", "query": "Go (programming language)"}), &["s1"])
            .only_if("s1", Succeeded),
        step("s4", ReferenceCheck, json!({"query": "next meetup date"}), &["s1"])
            .only_if("s1", Failed)
            .went(Succeeded, 16.0, 12.1)
            .brought("miriah, 20 November: the next meetup is on December 3rd, 18:30, pizza included")
            .citing("miriah in #announcements, 20 November", Some("https://discord.com/channels/1/2/4")),
        step("s5", ReturnResponse, json!({}), &["s2", "s3", "s4"])
            .went(Succeeded, 12.1, 4.0)
            .citing("miriah in #announcements, 20 November", Some("https://discord.com/channels/1/2/4"))
            .citing("Utah Go User Group", Some("https://www.meetup.com/utah-go-user-group")),
    ];
    let mut steps = steps;
    steps[2].status = Skipped;
    let attempt = AttemptView {
        status: AttemptStatus::Succeeded,
        ended_at: Some(ago(4.0)),
        ..attempt(1, Origin::Model, 24.1, steps)
    };
    WorkflowView {
        state: QuestionState::Answered,
        ended_at: Some(ago(4.0)),
        answer: Some(ANSWER.to_owned()),
        attempts: vec![attempt],
        ..question("When is the next Utah Go meetup?", 27.0)
    }
}

const ANSWER: &str = "The next meetup is on **December 3rd at 18:30**, and there is pizza. \
    Sign up at [the group's page](https://www.meetup.com/utah-go-user-group).\n\n\
    - Bring a laptop, and a question\n- Lightning talks are *welcome*\n\n```go\nfmt.Println(\"see you there\")\n```\n\
    The web search did not work this time, so I answered from what was said here.";

/// As many steps as a plan has.
pub(crate) fn eight_steps() -> WorkflowView {
    let words = ["editor", "keyboard", "camera"];
    let search = |place: usize| json!({"query": format!("best {} for live coding", words[place])});
    let mut steps = vec![
        step("s1", ReferenceCheck, json!({"query": "what is the setup of the stream?"}), &[])
            .went(Succeeded, 20.0, 18.0),
        step("s2", WebSearch, search(0), &["s1"]).went(Succeeded, 18.0, 12.0),
        step("s3", WebSearch, search(1), &["s1"]).went(Succeeded, 18.0, 9.0),
        step("s4", WebSearch, search(2), &["s1"]).went(Failed, 18.0, 8.0).noted("Nothing was found."),
        step("s5", DbQuery, json!({"name": "links", "word": "setup"}), &[]).went(Redundant, 20.0, 19.6),
        step("s6", ApiCall, json!({"tool": "openai", "query": "Compare ${s2} and ${s3}"}), &["s2", "s3"]).since(8.5),
        step("s7", ApiCall, json!({"tool": "duckduckgo", "query": "webcam"}), &["s4"]).only_if("s4", Failed).since(7.9),
        step("s8", ReturnResponse, json!({}), &["s5", "s6", "s7"]),
    ];
    steps[4].marked_by_person = true;
    WorkflowView {
        state: QuestionState::Running,
        attempts: vec![attempt(1, Origin::Repaired, 20.2, steps)],
        ..question("Compare my streaming setup with what other live coders use: editor, keyboard, camera.", 26.0)
    }
}

/// A plan that failed, one in its place, and one that somebody asked for.
pub(crate) fn three_attempts() -> WorkflowView {
    let first = AttemptView {
        status: AttemptStatus::Replaced,
        ended_at: Some(ago(60.0)),
        ..attempt(
            1,
            Origin::Model,
            80.0,
            vec![
                step("s1", WebSearch, json!({"query": "soypetetech"}), &[])
                    .went(Failed, 80.0, 60.0)
                    .noted("The search engine does not answer."),
                step("s2", ReturnResponse, json!({}), &["s1"]),
            ],
        )
    };
    let mut second = first.clone();
    second.number = 2;
    second.origin = Origin::Replan;
    second.status = AttemptStatus::Failed;
    second.began_at = ago(60.0);
    second.ended_at = Some(ago(40.0));
    let third = attempt(
        3,
        Origin::Retry,
        10.0,
        vec![
            step("s1", WebSearch, json!({"query": "SoyPeteTech Miriah Peterson"}), &[])
                .went(Succeeded, 10.0, 4.0)
                .brought("Software streamer"),
            step("s2", ReturnResponse, json!({}), &["s1"]).since(4.0),
        ],
    );
    WorkflowView {
        state: QuestionState::Answering,
        attempts: vec![first, second, third],
        ..question("Who is SoyPeteTech?", 90.0)
    }
}
