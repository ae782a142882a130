//! What is to be written down, on its way from the gateway to the recorder.

use pedro_core::chat::Heard;
use pedro_core::service::metrics::catalog::DropReason;
use pedro_core::service::metrics::{DISCORD, record};
use tokio::sync::mpsc;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, UserMarker};

/// What may wait while the database is away.
const CAPACITY: usize = 20_000;

/// Something to be written down.
pub(crate) enum Note {
    /// Something was heard in a channel of a guild.
    Heard(Id<ChannelMarker>, Heard),
    /// Something was heard in a direct message with somebody.
    Direct(Id<ChannelMarker>, Id<UserMarker>, Heard),
    /// Something that was heard before was changed or taken back: there is nothing to open.
    Changed(Heard),
    /// A channel is there, or is another than before.
    Channel(Id<ChannelMarker>),
    /// These channels can be read again after a time in which nothing was heard.
    Missed(Vec<Id<ChannelMarker>>),
    /// The same for the direct messages that are known.
    MissedDirectly,
}

/// The side that notes are put into.
#[derive(Clone)]
pub(crate) struct Recorder(mpsc::Sender<Note>);

/// The way to the recorder.
pub(crate) fn notes() -> (Recorder, mpsc::Receiver<Note>) {
    let (sender, notes) = mpsc::channel(CAPACITY);
    (Recorder(sender), notes)
}

impl Recorder {
    /// Puts something in, without waiting: the socket's task must never stand still.
    pub(crate) fn put(&self, note: Note) {
        record::messages_waiting(DISCORD, 1);
        if self.0.try_send(note).is_err() {
            record::messages_taken(DISCORD, 1);
            record::messages_dropped(DISCORD, DropReason::Overflow, 1);
            tracing::warn!("more is heard than can be written down: something is lost");
        }
    }

    /// Puts something in that can wait for a place.
    pub(crate) async fn put_patiently(&self, note: Note) {
        record::messages_waiting(DISCORD, 1);
        // It fails only when everything ends.
        let _ended = self.0.send(note).await;
    }
}
