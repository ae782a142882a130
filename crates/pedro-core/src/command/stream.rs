//! `!title`, `!titles [n]`.

use super::Given;
use crate::reply;
use crate::store::{StoreError, stream_title};

pub(super) async fn title(given: &Given<'_>) -> Result<String, StoreError> {
    let title = stream_title::current(given.pool, given.place.home.id, given.place.id).await?;
    Ok(reply::stream::title(title.as_ref(), given.now))
}

pub(super) async fn titles(count: u8, given: &Given<'_>) -> Result<String, StoreError> {
    let titles = stream_title::latest(given.pool, given.place.home.id, count.into()).await?;
    Ok(reply::stream::titles(&titles, given.place.home.settings.time_zone))
}
