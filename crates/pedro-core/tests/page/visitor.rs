//! Somebody who looks at a page: sees, clicks, presses keys, takes pictures.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::devtools::{PATIENCE, Tab};

const GLANCE: Duration = Duration::from_millis(30);

pub(crate) struct Visitor {
    tab: Tab,
}

impl Visitor {
    /// Opens a page in a window of this size. `features`: what the system prefers, as in `@media`.
    pub(crate) async fn at(url: &str, (width, height): (u32, u32), features: &[(&str, &str)]) -> Result<Self> {
        let mut visitor = Self { tab: Tab::open().await? };
        visitor.resize(width, height).await?;
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        visitor.tab.call("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
        visitor.opens(url).await?;
        Ok(visitor)
    }

    pub(crate) async fn opens(&mut self, url: &str) -> Result<()> {
        self.tab.call("Page.navigate", json!({ "url": url })).await?;
        self.until(&format!("location.href === {} && document.readyState === 'complete'", json!(url))).await
    }

    pub(crate) async fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.tab.call("Emulation.setDeviceMetricsOverride", size).await?;
        Ok(())
    }

    /// Something else that the browser can do.
    pub(crate) async fn has(&mut self, method: &str, params: Value) -> Result<Value> {
        self.tab.call(method, params).await
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

    /// Waits until what the selector finds first is visible and says this.
    pub(crate) async fn sees(&mut self, selector: &str, text: &str) -> Result<()> {
        let found = format!("document.querySelector({})", json!(selector));
        self.until(&format!(
            "{found}?.checkVisibility({{ visibilityProperty: true }}) && {found}.innerText.includes({})",
            json!(text)
        ))
        .await
    }

    /// Clicks on what the selector finds first.
    pub(crate) async fn clicks(&mut self, selector: &str) -> Result<()> {
        let place = format!(
            "(() => {{
                const found = document.querySelector({});
                if (!found) return null;
                found.scrollIntoView({{ block: 'nearest' }});
                const box = found.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                return found.contains(document.elementFromPoint(x, y)) ? {{ x, y }} : null;
            }})()",
            json!(selector)
        );
        self.until(&place).await.with_context(|| format!("clicking on {selector}"))?;
        let at = self.value(&place).await?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": at["x"], "y": at["y"], "button": "left", "clickCount": 1 });
            self.tab.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Presses `Enter`, `Tab`, `ArrowLeft` or `ArrowRight`.
    pub(crate) async fn presses(&mut self, key: &str) -> Result<()> {
        let numbers = [("Enter", 13), ("Tab", 9), ("ArrowLeft", 37), ("ArrowRight", 39)];
        let number = numbers.iter().find(|(name, _)| *name == key).context("a key that the tests know")?.1;
        let mut event = json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": number });
        if key == "Enter" {
            event["text"] = json!("\r");
        }
        self.tab.call("Input.dispatchKeyEvent", event.clone()).await?;
        event["type"] = json!("keyUp");
        self.tab.call("Input.dispatchKeyEvent", event).await?;
        Ok(())
    }

    /// Leaves a picture of the page for people to look at.
    pub(crate) async fn takes_a_picture(&mut self, name: &str) -> Result<()> {
        // What was drawn last may not be on the screen yet.
        sleep(Duration::from_millis(400)).await;
        let taken = self.tab.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), decoded(taken["data"].as_str().context("a picture")?))?;
        Ok(())
    }

    /// Everything is as wide as the window at most.
    pub(crate) async fn fits(&mut self) -> Result<()> {
        self.until("document.documentElement.scrollWidth <= innerWidth").await
    }

    /// What went wrong in the page so far; nothing should.
    pub(crate) fn complaints(&self) -> &[String] {
        self.tab.complaints()
    }
}

/// Base64, which is all that pictures come in.
fn decoded(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter_map(|byte| DIGITS.iter().position(|&digit| digit == byte)) {
        bits = (bits << 6 | digit as u32) & 0xfff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
