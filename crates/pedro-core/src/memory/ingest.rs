//! The inbox: what adapters hear, bounded, in order, taken out in batches.

use tokio::sync::mpsc;

use crate::chat::{Heard, Platform};
use crate::service::metrics::catalog::DropReason;
use crate::service::metrics::record;

/// How much may wait while the database is away: several minutes of a very busy chat, some 20 MB.
const INBOX_CAPACITY: usize = 20_000;

/// How many lines are written in one statement.
const BATCH: usize = 256;

/// The inbox is full: the line is lost, and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxFull;

/// The side that adapters put lines into. Cloned freely; when the last one is dropped the reader ends.
#[derive(Debug, Clone)]
pub struct Inbox {
    sender: mpsc::Sender<Heard>,
    platform: Platform,
}

/// The side that Pedro reads.
#[derive(Debug)]
pub struct InboxReader {
    receiver: mpsc::Receiver<Heard>,
    platform: Platform,
}

/// An inbox for the lines of one platform.
pub fn inbox(platform: Platform) -> (Inbox, InboxReader) {
    let (sender, receiver) = mpsc::channel(INBOX_CAPACITY);
    (Inbox { sender, platform }, InboxReader { receiver, platform })
}

impl Inbox {
    /// Puts something in, without waiting: the socket's task must never stand still.
    ///
    /// # Errors
    /// [`InboxFull`]; the loss is counted here.
    pub fn put(&self, heard: Heard) -> Result<(), InboxFull> {
        let platform = self.platform.as_str();
        record::messages_waiting(platform, 1);
        self.sender.try_send(heard).map_err(|_| {
            record::messages_taken(platform, 1);
            record::messages_dropped(platform, DropReason::Overflow, 1);
            InboxFull
        })
    }
}

impl InboxReader {
    /// Whatever waits, up to a batch, in order. `None` once all inboxes are dropped and everything was read.
    pub async fn next_batch(&mut self) -> Option<Vec<Heard>> {
        let mut batch = Vec::with_capacity(BATCH);
        let taken = self.receiver.recv_many(&mut batch, BATCH).await;
        record::messages_taken(self.platform.as_str(), taken);
        (taken > 0).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ChannelKey;

    fn gap(channel: usize) -> Heard {
        Heard::Gap {
            channel: ChannelKey { platform: Platform::Twitch, platform_channel_id: channel.to_string() },
            from: None,
            until: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn what_waits_comes_out_in_order_and_in_batches_and_the_end_is_told() {
        let (inbox, mut reader) = inbox(Platform::Twitch);
        let all: Vec<Heard> = (0..300).map(gap).collect();
        for heard in all.clone() {
            inbox.put(heard).unwrap();
        }
        drop(inbox);
        let (first, second) = (reader.next_batch().await.unwrap(), reader.next_batch().await.unwrap());
        assert_eq!(first.len(), BATCH);
        assert_eq!([first, second].concat(), all);
        assert_eq!(reader.next_batch().await, None);
    }

    #[tokio::test]
    async fn a_full_inbox_refuses_and_does_not_wait() {
        let (inbox, _reader) = inbox(Platform::Twitch);
        for n in 0..INBOX_CAPACITY {
            inbox.put(gap(n)).unwrap();
        }
        assert_eq!(inbox.put(gap(0)), Err(InboxFull));
    }
}
