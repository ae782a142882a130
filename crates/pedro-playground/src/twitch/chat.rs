//! What is said in a channel, and what moderators remove from it.

use std::time::{Duration, Instant};

use chrono::Utc;
use uuid::Uuid;

use super::connection::ConnectionId;
use super::event::Event;
use super::line::{ChatLine, Line, Thread, privmsg};
use super::people::normal_login;
use super::wire::ServerMessage;
use super::world::World;

/// Replies climbed to find the line a thread began with: nobody talks that deep, and a circle must end.
const THREAD_DEPTH: usize = 100;

impl World {
    /// Keeps a line and delivers it to everybody in the channel; `from` is the connection that sent it, if one did.
    pub(super) fn speak(&mut self, said: ChatLine, by_bot: bool, from: Option<ConnectionId>) -> Line {
        let user = self.people.meet(&said.login);
        let name = normal_login(&said.channel);
        let channel = self.channel(&name);
        let first = channel.speakers.insert(user.login.clone()) || said.first_message;
        let mut badges = self.badges(&name, &user.login);
        for badge in said.badges {
            if !badges.contains(&badge) {
                badges.push(badge);
            }
        }
        let mut line = Line {
            seq: self.take_seq(),
            id: said.id.unwrap_or_else(|| Uuid::new_v4().to_string()),
            channel: name,
            user_id: user.id,
            login: user.login,
            display_name: user.display_name,
            colour: user.colour,
            badges,
            text: one_line(&said.text),
            reply_to: said.reply_to,
            sent_at: said.sent_at.unwrap_or_else(|| Utc::now().timestamp_millis()),
            deleted: false,
            by_bot,
            raw: String::new(),
            heard_by: 0,
        };
        self.publish(&mut line, first, from);
        self.keep(line.clone());
        line
    }

    fn publish(&mut self, line: &mut Line, first: bool, from: Option<ConnectionId>) {
        let room = self.streamer(&line.channel);
        let thread = line.reply_to.as_deref().and_then(|parent| self.thread(parent));
        let message = privmsg(line, &room, thread, first);
        line.raw = message.in_full();
        line.heard_by = self.connections.broadcast(&line.channel, &message, from);
        self.tell(Event::Line { channel: line.channel.clone(), line: Box::new(line.clone()) });
    }

    /// The thread that an answer to this line belongs to.
    fn thread(&self, parent: &str) -> Option<Thread<'_>> {
        let parent = self.line(parent)?;
        let mut root = parent;
        for _ in 0..THREAD_DEPTH {
            match root.reply_to.as_deref().and_then(|above| self.line(above)) {
                Some(above) => root = above,
                None => break,
            }
        }
        Some(Thread { parent, root })
    }

    /// Delivers a line a second time, as Twitch sometimes does; false where there is none with this id.
    pub(super) fn redeliver(&mut self, id: &str) -> bool {
        let Some((channel, raw)) = self.line(id).map(|line| (line.channel.clone(), line.raw.clone())) else {
            return false;
        };
        self.connections.broadcast_raw(&channel, &raw);
        true
    }

    /// Removes one line; false where there is none with this id.
    pub(super) fn delete_line(&mut self, id: &str) -> bool {
        let Some(line) = self.lines.iter_mut().rev().find(|line| line.id == id) else { return false };
        line.deleted = true;
        let (channel, login) = (line.channel.clone(), line.login.clone());
        let message = ServerMessage::special(format!("CLEARMSG #{channel} :{}", line.text))
            .tag("login", login)
            .tag("room-id", "")
            .tag("target-msg-id", id)
            .tag("tmi-sent-ts", now_ms());
        self.connections.broadcast(&channel, &message, None);
        self.tell(Event::Deleted { channel, ids: vec![id.to_owned()] });
        true
    }

    /// Removes what somebody said and keeps them from speaking, for so long or (`None`) for good.
    pub(super) fn time_out(&mut self, channel: &str, login: &str, seconds: Option<u32>) {
        let (name, user) = (normal_login(channel), self.people.meet(login));
        let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
        self.channel(&name).silenced.insert(user.login.clone(), until);
        let mut message = self
            .clear_message(&name, &format!("CLEARCHAT #{name} :{}", user.login))
            .tag("target-user-id", user.id.to_string());
        if let Some(seconds) = seconds {
            message = message.tag("ban-duration", seconds.to_string());
        }
        self.remove_lines(&name, &message, |line| line.login == user.login);
    }

    /// Lets somebody speak again.
    pub(super) fn pardon(&mut self, channel: &str, login: &str) {
        self.channel(channel).silenced.remove(&normal_login(login));
    }

    /// Removes everything that was said in the channel.
    pub(super) fn clear_chat(&mut self, channel: &str) {
        let name = normal_login(channel);
        let message = self.clear_message(&name, &format!("CLEARCHAT #{name}"));
        self.remove_lines(&name, &message, |_| true);
    }

    fn clear_message(&mut self, channel: &str, text: &str) -> ServerMessage {
        let room = self.streamer(channel).id.to_string();
        ServerMessage::special(text).tag("room-id", room).tag("tmi-sent-ts", now_ms())
    }

    fn remove_lines(&mut self, channel: &str, message: &ServerMessage, concerned: impl Fn(&Line) -> bool) {
        let lines = self.lines.iter_mut().filter(|line| line.channel == channel && !line.deleted);
        let mut ids = Vec::new();
        for line in lines.filter(|line| concerned(line)) {
            line.deleted = true;
            ids.push(line.id.clone());
        }
        self.connections.broadcast(channel, message, None);
        self.tell(Event::Deleted { channel: channel.to_owned(), ids });
    }
}

/// A message is one line: what would end it in the protocol becomes a space.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}

fn now_ms() -> String {
    Utc::now().timestamp_millis().to_string()
}
