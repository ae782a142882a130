//! The overlay as viewers see it.

use std::time::{Duration, Instant};

use anyhow::Result;
use pedro_core::page::view::{OverlayQuestion, QuestionState, WorkflowView};
use serde_json::json;
use tokio::time::sleep;

use crate::samples::*;
use crate::site::Site;
use crate::visitor::Visitor;

const STREAM: (u32, u32) = (1920, 1080);
const CHANNEL: &str = "/overlay?channel=pedrotown";

/// Whether anything is on the screen.
const SHOWN: &str =
    "document.querySelector('#card').checkVisibility({ opacityProperty: true, visibilityProperty: true })";

/// A stream to put the overlay on: a bright editor, a game with many colours.
const BUSY: &str = "(() => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 1920, height: 1080 });
    Object.assign(canvas.style, { position: 'fixed', left: 0, top: 0, zIndex: -1 });
    const paint = canvas.getContext('2d');
    for (let at = 0; at < 900; at += 1) {
        paint.fillStyle = `hsl(${(at * 137) % 360} 90% ${30 + (at * 31) % 65}%)`;
        paint.fillRect((at * 211) % 1920, (at * 97) % 1080, 60 + (at % 7) * 40, 30 + (at % 5) * 30);
    }
    paint.font = '22px monospace';
    for (let at = 0; at < 90; at += 1) {
        paint.fillStyle = at % 2 ? '#fff' : '#000';
        paint.fillText('if err != nil { return fmt.Errorf(\"open: %w\", err) }', (at % 3) * 640, 20 + at * 12);
    }
    document.body.append(canvas);
})()";

fn shown(view: &WorkflowView) -> OverlayQuestion {
    OverlayQuestion::from(view)
}

fn answered(text: &str, seconds: f64, answer: &str) -> OverlayQuestion {
    let mut one = shown(&with_a_failure());
    one.question = text.to_owned();
    one.answer = Some(answer.to_owned());
    one.ended_at = Some(ago(seconds));
    one
}

#[tokio::test]
async fn nothing_is_painted_until_somebody_asks_and_after_the_answer_was_read() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let mut visitor = Visitor::at(&site.url(CHANNEL), STREAM, &[]).await?;
    let transparent = "[document.documentElement, document.body].map((one) => getComputedStyle(one).backgroundColor)";
    assert_eq!(visitor.value(transparent).await?, json!(["rgba(0, 0, 0, 0)", "rgba(0, 0, 0, 0)"]));
    sleep(Duration::from_millis(500)).await;
    assert_eq!(visitor.value(SHOWN).await?, false);

    let mut one = shown(&side_by_side());
    (one.state, one.steps) = (QuestionState::Planning, Vec::new());
    site.shows(vec![one.clone()], 0);
    visitor.sees("#card", "is making a plan").await?;
    visitor.sees("#card", "gopher_gwen asks").await?;
    let steps = shown(&side_by_side()).steps;
    (one.state, one.steps) = (QuestionState::Running, steps);
    site.shows(vec![one.clone()], 2);
    visitor.sees("#card .step:first-child .label", "Memory: what did we say").await?;
    visitor.sees("#card .more", "+2 waiting").await?;
    assert_eq!(visitor.value("document.querySelectorAll('#card .step.running').length").await?, 2);
    // The card stays the same one: only what changed is painted.
    visitor.value("document.querySelector('#card .step').dataset.same = 'yes'").await?;
    one.steps[1].status = Failed;
    one.steps[1].ended_at = Some(ago(0.0));
    site.shows(vec![one.clone()], 2);
    visitor.until("document.querySelector('#card .step:nth-child(2)').matches('.failed')").await?;
    assert_eq!(visitor.value("document.querySelector('#card .step').dataset.same").await?, "yes");
    let smallest =
        "Math.min(...[...document.querySelectorAll('#card *')].filter((one) => one.checkVisibility() && one.innerText)
        .map((one) => Number.parseFloat(getComputedStyle(one).fontSize)))";
    assert!(visitor.value(smallest).await?.as_f64() >= Some(28.0));

    // Already half read when it comes: this one will soon be gone.
    site.shows(vec![answered(&one.question, 13.0, "Generic type aliases.")], 0);
    visitor.sees("#card .answer", "Generic type aliases.").await?;
    visitor.until(&format!("!{SHOWN}")).await?;
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn pictures_over_a_busy_stream() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let mut visitor = Visitor::at(&site.url(CHANNEL), STREAM, &[]).await?;
    visitor.value(BUSY).await?;
    let mut failing = shown(&with_a_failure());
    (failing.answer, failing.ended_at, failing.state) = (None, None, QuestionState::Answering);
    let answer = "The next meetup is on December 3rd at 18:30, and there is pizza. I could not search the web this \
        time, so that is from what was said here: bring a laptop and a question, lightning talks are welcome.";
    let long = "Build something small. ".repeat(22);
    for (name, one, waiting) in [
        ("running", shown(&side_by_side()), 2),
        ("failed", failing, 0),
        ("eight", shown(&eight_steps()), 1),
        ("answered", answered("When is the next Utah Go meetup?", 1.0, answer), 1),
        ("long-answer", answered("How do I learn Go?", 1.0, &long), 0),
    ] {
        let question = one.question.clone();
        site.shows(vec![one], waiting);
        visitor.sees("#card .question", &question[..15]).await?;
        visitor.takes_a_picture(&format!("overlay-{name}")).await?;
        let card =
            "(({ left, top, right, bottom }) => left > 0 && top > 0 && right < innerWidth && bottom < innerHeight)
            (document.querySelector('#card').getBoundingClientRect())";
        assert_eq!(visitor.value(card).await?, true, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_is_read_before_the_next_question_is_shown() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let mut visitor = Visitor::at(&site.url(CHANNEL), STREAM, &[]).await?;
    let (first, second) = (answered("First?", 5.0, "One."), answered("Second?", 2.0, "Two."));
    site.shows(vec![first, second, shown(&side_by_side())], 3);
    visitor.sees("#card .question", "First?").await?;
    // One more is under way.
    visitor.sees("#card .more", "+4 waiting").await?;
    visitor.sees("#card .question", "Second?").await?;
    visitor.sees("#card .answer", "Two.").await?;
    Ok(())
}

#[tokio::test]
async fn nothing_stale_stays_when_pedro_is_away() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let mut visitor = Visitor::at(&site.url(CHANNEL), STREAM, &[]).await?;
    site.shows(vec![shown(&side_by_side())], 0);
    visitor.sees("#card .question", "What is new with generics").await?;
    visitor.until(SHOWN).await?;
    site.goes_away();
    let gone = Instant::now();
    visitor.until(&format!("!{SHOWN}")).await?;
    assert!(gone.elapsed().as_secs() >= 9, "{:?}", gone.elapsed());
    site.shows(vec![shown(&eight_steps())], 0);
    visitor.sees("#card .question", "Compare my streaming setup").await?;
    Ok(())
}

#[tokio::test]
async fn corner_and_scale_are_chosen_in_the_address() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let corners = [("tl", "left", "top"), ("tr", "right", "top"), ("bl", "left", "bottom"), ("odd", "right", "bottom")];
    let mut visitor = Visitor::at("about:blank", STREAM, &[]).await?;
    for (corner, side, end) in corners {
        visitor.opens(&site.url(&format!("/overlay?preview&corner={corner}&scale=1.5"))).await?;
        visitor.sees("#card .question", "This is a preview").await?;
        // It moves to its place.
        visitor.until("document.querySelector('#card').getAnimations().length === 0").await?;
        let place = "(({ left, top, right, bottom, width }) =>
            ({ width, left, top, right: innerWidth - right, bottom: innerHeight - bottom }))(document.querySelector('#card').getBoundingClientRect())";
        let place = visitor.value(place).await?;
        assert_eq!((&place[side], &place[end]), (&json!(60), &json!(60)), "{corner}: {place}");
        assert_eq!(place["width"], json!(1032));
    }
    visitor.takes_a_picture("overlay-preview").await?;
    Ok(())
}

#[tokio::test]
async fn whoever_sets_it_up_wrongly_is_told_so() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let mut visitor = Visitor::at(&site.url("/overlay"), STREAM, &[]).await?;
    visitor.sees("#card .answer", "Add ?channel=NAME").await?;
    visitor.takes_a_picture("overlay-problem").await?;
    visitor.opens(&site.url("/overlay?channel=pedrotwon")).await?;
    visitor.sees("#card .answer", "I am not in the channel of this overlay.").await?;
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}
