//! The workflow page as people see it.

use anyhow::Result;
use pedro_core::page::view::{AttemptStatus, Origin, QuestionState};
use serde_json::json;

use crate::samples::*;
use crate::site::Site;
use crate::visitor::Visitor;

const DESK: (u32, u32) = (1280, 1000);
const PHONE: (u32, u32) = (375, 812);
const DARK: &[(&str, &str)] = &[("prefers-color-scheme", "dark")];

/// The names of the steps whose boxes stand in the same column or row, one after the other.
const LAYERS: &str =
    "Object.values(Object.groupBy([...document.querySelectorAll('.node')], ({ offsetLeft }) => offsetLeft))
    .map((nodes) => nodes.map((node) => node.querySelector('.node-name').innerText))";

#[tokio::test]
async fn a_plan_is_a_picture_that_changes_while_people_look() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let mut visitor = Visitor::at(&site.page(), DESK, DARK).await?;
    visitor.sees("h1", "What is new with generics").await?;
    visitor.sees("#state", "Working on it").await?;
    visitor.sees("#answer", "The answer comes when the steps are done.").await?;
    let expected = json!([["Memory", "Web search", "Look-up"], ["API call"], ["Answer"]]);
    assert_eq!(visitor.value(LAYERS).await?, expected);
    assert_eq!(visitor.value("document.querySelectorAll('.edge').length").await?, 4);
    assert_eq!(visitor.value("document.querySelectorAll('.node.running').length").await?, 2);
    visitor.takes_a_picture("workflow-running-dark").await?;

    // What is unfolded stays so when news come, and what runs is measured.
    visitor.clicks(".node:nth-of-type(2)").await?;
    visitor.sees(".step:nth-child(2) .inside", "Go 1.26 generics improvements").await?;
    visitor.sees(".step:nth-child(2) .inside", "No result yet").await?;
    let before = visitor.value("document.querySelector('.node:nth-of-type(2) .took').innerText").await?;
    visitor.until(&format!("document.querySelector('.node:nth-of-type(2) .took').innerText !== {before}")).await?;
    visitor.value("document.querySelector('.node').dataset.same = 'yes'").await?;
    site.becomes(|view| {
        let steps = &mut view.attempts[0].steps;
        steps[1] = steps[1]
            .clone()
            .went(Succeeded, 9.0, 0.2)
            .brought("Generic type aliases\nFaster inference")
            .citing("Go 1.26 notes", Some("https://go.dev/doc/go1.26"));
        steps[2] = steps[2].clone().went(Failed, 9.0, 0.1).noted("The look-up failed.");
        steps[3] = steps[3].clone().since(0.1);
    });
    visitor.sees(".node.failed", "Look-up").await?;
    visitor.sees(".step:nth-child(2) .result", "Faster inference").await?;
    visitor.sees(".step:nth-child(2) .sources a", "Go 1.26 notes").await?;
    assert_eq!(visitor.value("document.querySelector('.node').dataset.same").await?, "yes");
    visitor.takes_a_picture("workflow-unfolded-dark").await?;

    site.becomes(|view| {
        view.answer = Some("Type aliases are **generic** now.".into());
        view.state = QuestionState::Answered;
        view.ended_at = Some(ago(0.0));
    });
    visitor.sees("#answer strong", "generic").await?;
    visitor.sees("#state", "Answered").await?;
    assert_eq!(visitor.value("document.querySelector('.step:nth-child(2) details').open").await?, true);
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn a_keyboard_unfolds_steps_and_goes_through_earlier_plans() -> Result<()> {
    let site = Site::with(three_attempts()).await?;
    let mut visitor = Visitor::at(&site.page(), DESK, &[]).await?;
    visitor.sees("[role=tab][aria-selected=true]", "Plan 3").await?;
    visitor.sees(".origin", "Plan 3: tried again; running.").await?;
    visitor.takes_a_picture("workflow-three-plans").await?;
    visitor.presses("Tab").await?;
    visitor.until("document.activeElement.matches('[aria-selected=true]')").await?;
    visitor.presses("ArrowLeft").await?;
    visitor.presses("ArrowLeft").await?;
    visitor.until("document.activeElement.innerText === 'Plan 1'").await?;
    visitor.sees(".origin", "Plan 1: thought out by Pedro; replaced.").await?;
    visitor.presses("Tab").await?;
    visitor.until("document.activeElement.matches('.picture, .node')").await?;
    visitor.value("document.querySelector('.node').focus()").await?;
    visitor.presses("Enter").await?;
    visitor.sees(".step .note", "The search engine does not answer.").await?;
    visitor.until("document.querySelector('.node').getAttribute('aria-expanded') === 'true'").await?;
    visitor.presses("Enter").await?;
    visitor.until("!document.querySelector('.step details').open").await?;

    // Whoever looks at an old plan is left there; whoever looks at the newest goes along.
    let another = |number| attempt(number, Origin::Mark, 0.1, vec![step("s1", ReturnResponse, json!({}), &[])]);
    site.becomes(|view| view.attempts.push(another(4)));
    visitor.until("document.querySelectorAll('[role=tab]').length === 4").await?;
    visitor.sees(".origin", "Plan 1").await?;
    visitor.clicks("[role=tab]:last-child").await?;
    site.becomes(|view| {
        view.attempts[3].status = AttemptStatus::Stopped;
        view.attempts.push(another(5));
    });
    visitor.sees(".origin", "Plan 5: answered again, because a step was marked").await?;
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn a_failure_is_told_by_shape_and_words_and_the_answer_has_its_sources() -> Result<()> {
    let site = Site::with(with_a_failure()).await?;
    let mut visitor = Visitor::at(&site.page(), (1280, 1250), &[]).await?;
    visitor.sees(".node.failed .node-state", "failed").await?;
    visitor.sees(".node.skipped .node-state", "skipped").await?;
    visitor.sees("#answer .sources a", "miriah in #announcements").await?;
    let words = "[...document.querySelectorAll('.edge-words')].map((one) => one.innerText)";
    assert_eq!(visitor.value(words).await?, json!(["if done", "if it fails"]));
    let links =
        "[...document.querySelectorAll('main a')].every(({ rel }) => /noopener/.test(rel) && /nofollow/.test(rel))";
    assert_eq!(visitor.value(links).await?, true);
    let shapes =
        "new Set([...document.querySelectorAll('.node .mark')].map((one) => getComputedStyle(one).maskImage)).size";
    assert_eq!(visitor.value(shapes).await?, 3);
    visitor.clicks(".step:first-of-type summary").await?;
    visitor.sees(".step .note", "took too long").await?;
    visitor.takes_a_picture("workflow-failure-light").await?;

    visitor.has("Emulation.setEmulatedMedia", json!({ "media": "print" })).await?;
    visitor.takes_a_picture("workflow-print").await?;
    let hidden = "[...document.querySelectorAll('.inside')].filter((one) => !one.checkVisibility()).length";
    assert_eq!(visitor.value(hidden).await?, 0);
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn eight_steps_fit_on_a_desk_and_on_a_phone() -> Result<()> {
    let site = Site::with(eight_steps()).await?;
    let mut visitor = Visitor::at(&site.page(), DESK, DARK).await?;
    visitor.until("document.querySelectorAll('.node').length === 8").await?;
    visitor.fits().await?;
    visitor.takes_a_picture("workflow-eight-dark").await?;
    visitor.resize(PHONE.0, PHONE.1).await?;
    visitor.until("document.querySelector('.stage').offsetWidth <= 375").await?;
    visitor.fits().await?;
    visitor.takes_a_picture("workflow-eight-phone").await?;
    visitor.value("document.querySelector('#plans').scrollIntoView()").await?;
    visitor.takes_a_picture("workflow-eight-phone-plan").await?;
    visitor.clicks(".node.failed").await?;
    visitor.sees(".step.failed .note", "Nothing was found.").await?;
    visitor
        .until("document.querySelector('.step.failed summary').getBoundingClientRect().bottom <= innerHeight")
        .await?;
    visitor.takes_a_picture("workflow-eight-phone-steps").await?;
    // Boxes never lie on one another.
    let apart = "(() => {
        const boxes = [...document.querySelectorAll('.node')].map((one) => one.getBoundingClientRect());
        return boxes.every((one, at) => boxes.slice(at + 1).every((other) =>
            one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top));
    })()";
    assert_eq!(visitor.value(apart).await?, true);
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn the_file_shows_the_same_and_asks_for_nothing() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let mut visitor = Visitor::at(&site.url("/file"), DESK, &[]).await?;
    visitor.until("document.querySelectorAll('.node').length === 5").await?;
    visitor.sees("footer", "As it was on").await?;
    visitor.clicks(".node").await?;
    visitor.sees(".step .result", "generics are great for containers").await?;
    let loaded = "performance.getEntriesByType('resource').map(({ name }) => name)";
    assert_eq!(visitor.value(loaded).await?, json!([]));
    visitor.takes_a_picture("workflow-file").await?;
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn without_scripts_everything_can_be_read() -> Result<()> {
    let site = Site::with(three_attempts()).await?;
    site.becomes(|view| view.answer = with_a_failure().answer);
    let mut visitor = Visitor::at("about:blank", PHONE, &[]).await?;
    visitor.has("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await?;
    visitor.opens(&site.page()).await?;
    visitor.sees("#answer strong", "December 3rd").await?;
    visitor.sees(".origin", "Plan 3: tried again; running.").await?;
    visitor.sees(".earlier summary", "Plan 2").await?;
    visitor.fits().await?;
    visitor.clicks(".step summary").await?;
    visitor.sees(".step .result", "Software streamer").await?;
    visitor.takes_a_picture("workflow-plain-phone").await?;
    Ok(())
}
