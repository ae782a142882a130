//! What a person does with the page: look, click, type.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::devtools::{PATIENCE, Tab};

const GLANCE: Duration = Duration::from_millis(30);

/// The modifier keys that the tests use, with the protocol's numbers.
pub(crate) const ALT: u8 = 1;
pub(crate) const CTRL: u8 = 2;
pub(crate) const PLAIN: u8 = 0;

/// Somebody in front of the page.
pub(crate) struct Person {
    tab: Tab,
}

impl Person {
    /// Opens the page in a window of this size.
    pub(crate) async fn at(url: &str, width: u32, height: u32) -> Result<Self> {
        let mut person = Self { tab: Tab::open().await? };
        person.resize(width, height).await?;
        person.tab.call("Page.navigate", json!({ "url": url })).await?;
        person.sees("#talk-name", "general").await?;
        Ok(person)
    }

    pub(crate) async fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tab.call("Emulation.setDeviceMetricsOverride", size).await?;
        Ok(())
    }

    /// What an expression of the page's language is.
    pub(crate) async fn value(&mut self, expression: &str) -> Result<Value> {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.tab.call("Runtime.evaluate", asked).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("{expression}: {thrown}");
        }
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&mut self, expression: &str) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while self.value(&format!("Boolean({expression})")).await? != true {
            if Instant::now() > end {
                let page = self.value("document.body.innerText").await?;
                bail!("never true: {expression}\nthe page says:\n{}", page.as_str().unwrap_or_default());
            }
            sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Waits until something visible that the selector finds says this.
    pub(crate) async fn sees(&mut self, selector: &str, text: &str) -> Result<()> {
        self.until(&seen(selector, text)).await
    }

    /// Waits until nothing visible that the selector finds says this.
    pub(crate) async fn does_not_see(&mut self, selector: &str, text: &str) -> Result<()> {
        self.until(&format!("!({})", seen(selector, text))).await
    }

    /// Clicks on what the selector finds and says this; it has to be there to be clicked on, and not below something.
    pub(crate) async fn clicks(&mut self, selector: &str, text: &str) -> Result<()> {
        let place = format!(
            "(() => {{
                const found = {};
                if (!found || found.disabled) return null;
                found.scrollIntoView({{ block: 'nearest' }});
                const box = found.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                return found.contains(document.elementFromPoint(x, y)) ? {{ x, y }} : null;
            }})()",
            find(selector, text)
        );
        self.until(&place).await.with_context(|| format!("clicking on {selector} {text:?}"))?;
        let at = self.value(&place).await?;
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": at["x"], "y": at["y"], "button": button, "clickCount": 1 });
            self.tab.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Saves a file by clicking on it; answers its name and what is in it.
    pub(crate) async fn saves(&mut self, selector: &str, text: &str) -> Result<(String, Vec<u8>)> {
        static SAVES: AtomicUsize = AtomicUsize::new(0);
        let number = SAVES.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("pedro-saved-{}-{number}", std::process::id()));
        let allow = json!({ "behavior": "allow", "downloadPath": folder });
        self.tab.call("Browser.setDownloadBehavior", allow).await?;
        self.clicks(selector, text).await?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            for file in std::fs::read_dir(&folder).into_iter().flatten() {
                let file = file?;
                let name = file.file_name().to_string_lossy().into_owned();
                // Until it is there, it is called otherwise.
                if name == text {
                    let bytes = std::fs::read(file.path())?;
                    std::fs::remove_dir_all(&folder)?;
                    return Ok((name, bytes));
                }
            }
            sleep(GLANCE).await;
        }
        bail!("{text} was never saved")
    }

    /// Types a text into whatever has the focus.
    pub(crate) async fn types(&mut self, text: &str) -> Result<()> {
        self.tab.call("Input.insertText", json!({ "text": text })).await?;
        Ok(())
    }

    /// Presses a key: `Enter`, `Tab`, `ArrowDown`, `2`, ` `, ...
    pub(crate) async fn presses(&mut self, key: &str, modifiers: u8) -> Result<()> {
        let digit = key.parse::<u8>().ok();
        let number = match key {
            "Backspace" => 8,
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            " " => 32,
            "k" => 75,
            _ => 48 + digit.context("a key that the tests know")?,
        };
        let code = match (key, digit) {
            (_, Some(digit)) => format!("Digit{digit}"),
            (" ", None) => "Space".to_owned(),
            _ => key.to_owned(),
        };
        let mut event = json!({ "type": "keyDown", "key": key, "code": code, "windowsVirtualKeyCode": number,
            "modifiers": modifiers });
        if key == "Enter" {
            event["text"] = json!("\r");
        } else if key == " " {
            event["text"] = json!(" ");
        }
        self.tab.call("Input.dispatchKeyEvent", event.clone()).await?;
        event["type"] = json!("keyUp");
        self.tab.call("Input.dispatchKeyEvent", event).await?;
        Ok(())
    }

    /// Waits until the focus is where the selector says.
    pub(crate) async fn is_in(&mut self, selector: &str) -> Result<()> {
        self.until(&format!("document.activeElement.matches({})", json!(selector))).await
    }

    /// What went wrong in the page so far; nothing should.
    pub(crate) fn complaints(&self) -> &[String] {
        self.tab.complaints()
    }
}

/// The last visible element that the selector finds and that says this.
fn find(selector: &str, text: &str) -> String {
    format!(
        "[...document.querySelectorAll({})].filter((one) => one.checkVisibility() \
         && (one.innerText + ' ' + (one.ariaLabel ?? '')).includes({})).at(-1)",
        json!(selector),
        json!(text)
    )
}

fn seen(selector: &str, text: &str) -> String {
    format!("Boolean({})", find(selector, text))
}
