//! What the bot's model is asked.

use anyhow::Result;

use super::Tester;
use super::process::text_of;

impl Tester {
    /// The user messages of all requests so far.
    pub(crate) fn prompts(&self) -> Vec<String> {
        self.messages_of("user")
    }

    /// The system messages of all requests so far.
    pub(crate) fn system_messages(&self) -> Vec<String> {
        self.messages_of("system")
    }

    fn messages_of(&self, role: &str) -> Vec<String> {
        let requests = self.model.requests();
        let messages = requests.iter().flat_map(|request| request["messages"].as_array().into_iter().flatten());
        messages.filter(|message| message["role"] == role).map(|message| text_of(&message["content"])).collect()
    }

    /// Waits until the model works on so many generations.
    pub(crate) async fn until_generating(&mut self, count: usize) -> Result<()> {
        self.until("the model is at work", async |t| Ok((t.model.in_flight() == count).then_some(()))).await
    }
}
