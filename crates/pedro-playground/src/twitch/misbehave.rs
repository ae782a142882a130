//! The ways in which Twitch and the network let bots down, as verbs on [`Twitch`].

use std::collections::{HashMap, VecDeque};

use super::Twitch;
use super::people::normal_login;
use super::wire::{SERVER, ServerMessage};

/// What goes wrong at the moment.
#[derive(Debug, Default)]
pub(super) struct Misbehaviour {
    pub(super) refuse_sign_in: bool,
    pub(super) unavailable: bool,
    /// By channel: the reasons for which the next messages are refused.
    rejections: HashMap<String, VecDeque<String>>,
    /// The statuses that the next Helix requests get.
    helix_failures: VecDeque<u16>,
    /// The statuses that the next requests to be told of something get.
    subscription_failures: VecDeque<u16>,
    /// The statuses that the next OAuth requests get.
    oauth_failures: VecDeque<u16>,
}

impl Misbehaviour {
    /// The reason to refuse this message to the channel, if it is to be refused.
    pub(super) fn rejection(&mut self, channel: &str) -> Option<String> {
        self.rejections.get_mut(channel)?.pop_front()
    }

    /// The status this Helix request fails with, if it is to fail.
    pub(super) fn helix_failure(&mut self) -> Option<u16> {
        self.helix_failures.pop_front()
    }

    /// The status this subscription fails with, if it is to fail.
    pub(super) fn subscription_failure(&mut self) -> Option<u16> {
        self.subscription_failures.pop_front()
    }

    /// The status this OAuth request fails with, if it is to fail.
    pub(super) fn oauth_failure(&mut self) -> Option<u16> {
        self.oauth_failures.pop_front()
    }
}

impl Twitch {
    /// Breaks all chat connections off, without a word.
    pub fn drop_connections(&self) {
        self.update(|world| {
            for id in world.connections.ids() {
                world.connections.reset(id);
            }
            world.tell_connections();
        });
    }

    /// Half-open: chat accepts and reads, but answers nothing, not even a `PING`, and delivers nothing. What was to be
    /// delivered meanwhile is lost, and who missed something is cut off when the stall ends.
    pub fn stall(&self, stalled: bool) {
        self.update(|world| {
            world.connections.stall(stalled);
            world.tell_connections();
        });
    }

    /// Refuses every sign-in to chat with `Login authentication failed`. Who is in stays in.
    pub fn refuse_sign_in(&self, refuse: bool) {
        self.update(|world| {
            world.misbehaviour.refuse_sign_in = refuse;
            world.tell_connections();
        });
    }

    /// Asks all clients to connect again (`RECONNECT`), and hangs up.
    pub fn send_reconnect(&self) {
        self.update(|world| {
            let message = ServerMessage::plain(format!(":{SERVER} RECONNECT"));
            for id in world.connections.ids() {
                world.connections.send(id, &message);
                world.connections.close(id);
            }
            world.tell_connections();
        });
    }

    /// Turns new chat connections away: each is reset before a byte is exchanged. (The port stays taken; giving it up
    /// could lose it to somebody else.) Open connections stay; see [`Twitch::drop_connections`].
    pub fn set_unavailable(&self, unavailable: bool) {
        self.update(|world| {
            world.misbehaviour.unavailable = unavailable;
            world.tell_connections();
        });
    }

    /// Refuses the next message a bot sends to the channel, with a `NOTICE` with this `msg-id` (over Helix, a
    /// `drop_reason`) where it would have been said. Several add up.
    pub fn reject_next_send(&self, channel: &str, msg_id: &str) {
        let rejections = (normal_login(channel), msg_id.to_owned());
        self.update(|world| {
            world.misbehaviour.rejections.entry(rejections.0).or_default().push_back(rejections.1);
        });
    }

    /// Lets the next `count` Helix requests fail with this status.
    pub fn helix_fail(&self, count: usize, status: u16) {
        self.update(|world| world.misbehaviour.helix_failures.extend(std::iter::repeat_n(status, count)));
    }

    /// Lets the next `count` `EventSub` subscriptions fail with this status, and no other request.
    pub fn subscriptions_fail(&self, count: usize, status: u16) {
        self.update(|world| world.misbehaviour.subscription_failures.extend(std::iter::repeat_n(status, count)));
    }

    /// Lets the next `count` OAuth requests (`/oauth2/...`) fail with this status.
    pub fn oauth_fail(&self, count: usize, status: u16) {
        self.update(|world| world.misbehaviour.oauth_failures.extend(std::iter::repeat_n(status, count)));
    }

    /// Asks every client for a sign of life, as Twitch does about every five minutes; one that has not answered the last
    /// time is cut off.
    pub fn ping_clients(&self) {
        self.update(|world| {
            for id in world.connections.ids() {
                world.ping(id);
            }
        });
    }
}
