//! What people, models and web pages write, at its worst.

use anyhow::Result;
use pedro_core::page::view::{Origin, OverlayQuestion, QuestionState, WorkflowView};
use pedro_core::page::workflow_file;
use serde_json::json;

use crate::samples::*;
use crate::site::Site;
use crate::visitor::Visitor;

const TAGS: &str =
    "</script><script>window.taken = 1</script><img src=x onerror='window.taken = 1'>\" onclick=\"window.taken = 1";
/// Turns the direction of what follows.
const TURNED: &str = "\u{202e}\u{2067}שלום עולם";

fn hostile() -> WorkflowView {
    let word = "w".repeat(10_000);
    let text = format!("{TAGS} {TURNED} {word}");
    let mut first = step("s1", WebSearch, json!({ "query": text, "<tt>": { "<i>": [TAGS] } }), &[])
        .went(Failed, 5.0, 4.0)
        .brought(&text)
        .noted(&text)
        .citing(&text, Some("javascript:window.taken=1"))
        .citing(&text, Some("https://example.test/\"><img src=x onerror=window.taken=1>"));
    first.id = TAGS.to_owned();
    let last = step("s2", ReturnResponse, json!({}), &[TAGS]).only_if(TAGS, Succeeded).citing(&text, None);
    let markdown =
        format!("# {TAGS}\n[{TAGS}](javascript:alert(1)) **{TAGS}** `{TAGS}`\n```\n{TAGS}\n```\n{TURNED}\n\n{word}");
    WorkflowView {
        asker: Some(text.clone()),
        community: TURNED.to_owned(),
        channel: TAGS.to_owned(),
        answer: Some(markdown),
        state: QuestionState::Answered,
        ended_at: Some(ago(0.0)),
        attempts: vec![attempt(1, Origin::Model, 5.0, vec![first, last])],
        ..question(&text, 6.0)
    }
}

#[test]
fn a_file_has_the_scripts_that_we_put_in_and_no_other() {
    let file = workflow_file(&hostile(), chrono::Utc::now());
    let scripts: Vec<&str> = file.match_indices("<script").map(|(at, _)| &file[at..at + 20]).collect();
    assert_eq!(scripts.len(), 2, "{scripts:?}");
    assert_eq!(file.matches("</script").count(), 2);
    assert!(!file.contains("<img") && !file.contains("href=\"javascript:"));
    // What is drawn, without the JSON for the script.
    let (drawn, _) = file.split_once("<script type").unwrap();
    assert!(!drawn.contains("<tt>") && !drawn.contains("\" onclick"));
}

#[tokio::test]
async fn hostile_text_is_only_text_on_the_workflow_page() -> Result<()> {
    let site = Site::with(hostile()).await?;
    let mut visitor = Visitor::at(&site.page(), (375, 812), &[]).await?;
    for (path, nodes) in [(site.page(), 2), (site.url("/file"), 2)] {
        visitor.opens(&path).await?;
        visitor.until(&format!("document.querySelectorAll('.node').length === {nodes}")).await?;
        visitor.value("document.querySelectorAll('details').forEach((one) => (one.open = true))").await?;
        visitor.sees("h1", "<img src=x").await?;
        visitor.sees("#answer pre", "window.taken = 1</script>").await?;
        visitor.fits().await?;
        // The picture with the longest words is still a picture.
        visitor.until("document.querySelector('.node').offsetWidth <= 343").await?;
        assert_eq!(visitor.value("[window.taken ?? null, document.images.length]").await?, json!([null, 0]));
        let links = "[...document.querySelectorAll('main a')].map(({ protocol, host }) => protocol + host)";
        assert_eq!(visitor.value(links).await?, json!(["https:example.test"]));
        // A text that turns its direction would turn ours.
        assert_eq!(visitor.value("/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)").await?, false);
    }
    visitor.value("scrollTo(0, 0)").await?;
    visitor.takes_a_picture("workflow-hostile-phone").await?;
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn hostile_text_is_only_text_on_the_overlay_and_stays_in_the_card() -> Result<()> {
    let site = Site::with(hostile()).await?;
    let mut visitor = Visitor::at(&site.url("/overlay?channel=pedrotown"), (1920, 1080), &[]).await?;
    let asked = OverlayQuestion::from(&hostile());
    for state in [QuestionState::Running, QuestionState::Answered] {
        let mut shown = OverlayQuestion { state, ended_at: state.is_over().then(|| ago(0.0)), ..asked.clone() };
        shown.answer = shown.answer.filter(|_| state.is_over());
        site.shows(vec![shown], 0);
        visitor.sees("#card .question", "<img src=x").await?;
        visitor
            .until(&format!("Boolean(document.querySelector('#card .answer').innerText) === {}", state.is_over()))
            .await?;
        visitor.takes_a_picture(&format!("overlay-hostile-{state:?}").to_lowercase()).await?;
        let inside = "(() => {
            const card = document.querySelector('#card').getBoundingClientRect();
            return card.left >= 0 && card.top >= 0 && card.right <= innerWidth && card.bottom <= innerHeight
                && [...document.querySelectorAll('#card *')].filter((one) => one.checkVisibility())
                    .every((one) => one.getBoundingClientRect().right <= card.right + 1);
        })()";
        assert_eq!(visitor.value(inside).await?, true);
        assert_eq!(visitor.value("[window.taken ?? null, document.images.length]").await?, json!([null, 0]));
    }
    assert_eq!(visitor.complaints(), [] as [String; 0]);
    Ok(())
}
