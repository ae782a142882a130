//! The workflow page and the overlay: what is sent, and what people see of it in a real browser.
//!
//! Needs Chromium; `dev/bootstrap --browser` installs it. Without it these tests fail, they are never skipped.
//! Pictures of both pages are left in cargo's target directory, in `tmp/page/`.

#[path = "../../../pedro-playground/tests/browser/devtools.rs"]
mod devtools;
mod hostile;
mod overlay;
mod samples;
mod served;
mod site;
mod visitor;
mod workflow;
