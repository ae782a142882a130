//! Events are switched on and off by moderators.

use super::Pedro;
use crate::places::Place;
use crate::reply;
use crate::store::{StoreError, event_switch};

impl Pedro {
    /// `!pedro-event on|off name`.
    pub(super) async fn switch_event(&self, place: &Place, name: &str, is_on: bool) -> Result<String, StoreError> {
        let known: Vec<String> =
            self.answering.events().of(&place.home.settings.name).into_iter().map(|event| event.name).collect();
        if !known.iter().any(|known| known == name) {
            return Ok(reply::event::unknown(name, &known));
        }
        event_switch::set(&self.pool, place.home.id, name, is_on).await?;
        Ok(reply::event::switched(name, is_on))
    }
}
